namespace Strata.Edge.Tests.Updates.Rauc;

/// <summary>A script in the place of RAUC, for what a real one does not do when it is asked to: to hang, to talk nonsense, to be there no more.</summary>
internal sealed class FakeRauc
{
    private const string Script = """
        #!/bin/sh
        cd "$(dirname "$0")" || exit 1
        state() { if [ "$(cat booted)" = "$1" ]; then echo booted; else echo inactive; fi; }
        name() { if [ "$1" = a ]; then echo rootfs.0; else echo rootfs.1; fi; }
        slot() { printf '{"%s":{"class":"rootfs","bootname":"%s","state":"%s","slot_status":{"bundle":{"compatible":null}}}}' "$(name $1)" "$1" "$(state $1)"; }
        [ "$3" = rootfs.0 ] && marked=a || marked=b
        case "$1 $2" in
            "install "*) . ./on-install ;;
            "status --detailed") . ./on-status ;;
            "status mark-good") echo 3 >$marked ;;
            "status mark-bad") echo 0 >$marked ;;
            "status mark-active") echo $marked >primary ;;
            *) exit 1 ;;
        esac
        """;

    private readonly string folder;

    /// <param name="install">What it does then, in the language of the shell.</param>
    /// <param name="status">What it does when it is asked how the slots are.</param>
    public FakeRauc(string folder, string install = "echo 3 >b; cp \"$2\" b.img; echo b >primary", string status = """printf '{"boot_primary":"%s","slots":[%s,%s]}' "$(name "$(cat primary)")" "$(slot b)" "$(slot a)" """)
    {
        this.folder = folder;
        Set("a", "3");
        Set("b", "3");
        Set("primary", "a");
        Set("booted", "a");
        Set("on-install", install);
        Set("on-status", status);
        Set("rauc", Script);
        File.SetUnixFileMode(Program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    public string Program => Path.Combine(folder, "rauc");

    public string Get(string name) => File.ReadAllText(Path.Combine(folder, name)).Trim();

    public void Set(string name, string value) => File.WriteAllText(Path.Combine(folder, name), value);

    /// <summary>As a boot loader does: what is primary while it has tries, then the other.</summary>
    public string Boot()
    {
        var primary = Get("primary");
        var slot = Get(primary) != "0" ? primary : primary == "a" ? "b" : "a";
        Set(slot, $"{Math.Max(0, int.Parse(Get(slot)) - 1)}");
        Set("booted", slot);
        return slot;
    }
}
