using System.Diagnostics;

namespace Strata.Edge.Tests.Updates.Rauc;

/// <summary>
/// A machine with a system in each of two slots, which are files, and a real RAUC: its service on a D-Bus of its own, and as boot loader a script (RAUC's custom backend) that tries what is primary three times, then the other.
/// </summary>
internal sealed class RaucMachine : IAsyncDisposable
{
    /// <summary>What bundles have to be compatible with.</summary>
    public const string Compatible = "strata-test";

    private const int SlotBytes = 256 * 1024;
    private const UnixFileMode Executable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private static readonly string[] Slots = ["A", "B"];
    private readonly string folder = Directory.CreateTempSubdirectory("strata-rauc-").FullName;
    private Process? bus;
    private Process? service;

    private RaucMachine()
    {
    }

    /// <summary>The boot name of the slot that runs.</summary>
    public string Booted { get; private set; } = "A";

    /// <summary>The program <c>rauc</c>, talking to this machine's service.</summary>
    public string Program => PathOf("rauc");

    /// <summary>The machine as it comes from the factory, running from slot A.</summary>
    public static async Task<RaucMachine> StartAsync()
    {
        foreach (var tool in (string[])["rauc", "mksquashfs", "dbus-daemon", "openssl"])
            ForeignTool.Require(tool);
        var machine = new RaucMachine();
        try
        {
            await machine.MakeAsync();
            return machine;
        }
        catch
        {
            await machine.DisposeAsync();
            throw;
        }
    }

    /// <summary>RAUC mounts a bundle to install it. Skips, saying so, where nobody may mount; what needs no mount is tested all the same.</summary>
    public async Task RequireMountsAsync()
    {
        var (content, mounted) = (Directory.CreateDirectory(PathOf("probe")).FullName, Directory.CreateDirectory(PathOf("probed")).FullName);
        await File.WriteAllTextAsync(Path.Combine(content, "file"), "x");
        await RunAsync("mksquashfs", content, PathOf("probe.squashfs"), "-quiet", "-no-progress");
        var (code, said) = await ForeignTool.RunAsync(ForeignTool.Require("mount"), "-t", "squashfs", "-o", "loop,ro", PathOf("probe.squashfs"), mounted);
        Assert.SkipUnless(code == 0, $"This machine does not let the test mount a squashfs image (loop device), as RAUC does to install a bundle: {said.Trim()}");
        await RunAsync("umount", mounted);
    }

    /// <summary>A bundle with a system in it.</summary>
    /// <param name="isOurs">Signed by the key that the machine trusts.</param>
    public async Task<string> BundleAsync(string name, byte[] system, string version, string compatible = Compatible, bool isOurs = true)
    {
        var content = Directory.CreateDirectory(PathOf($"content-{name}")).FullName;
        await File.WriteAllBytesAsync(Path.Combine(content, "rootfs.img"), system);
        await File.WriteAllTextAsync(Path.Combine(content, "manifest.raucm"), $"[update]\ncompatible={compatible}\nversion={version}\n\n[bundle]\nformat=plain\n\n[image.rootfs]\nfilename=rootfs.img\n");
        var (key, bundle) = (isOurs ? "ours" : "other", PathOf($"{name}.raucb"));
        await RunAsync("rauc", "--cert", PathOf($"{key}.cert.pem"), "--key", PathOf($"{key}.key.pem"), "--keyring", PathOf($"{key}.cert.pem"), "bundle", content, bundle);
        return bundle;
    }

    /// <summary>The machine starts again: the boot loader starts what is primary, and when that does not come up, after three tries the other.</summary>
    public async Task RestartAsync(bool comesUp = true)
    {
        await StopServiceAsync();
        var primary = Read("primary");
        var order = new[] { primary, Slots.First(s => s != primary) };
        if (!comesUp)
            await File.WriteAllTextAsync(PathOf(primary), "0");
        Booted = order.First(s => Read(s) != "0");
        await File.WriteAllTextAsync(PathOf(Booted), $"{int.Parse(Read(Booted)) - 1}");
        await StartServiceAsync();
    }

    /// <summary>What is written at the beginning of a slot.</summary>
    public byte[] System(string slot, int length) => File.ReadAllBytes(PathOf($"{slot}.img"))[..length];

    /// <summary>How often the boot loader still tries a slot; 0 when it is marked bad, 3 when it is marked good.</summary>
    public int TriesOf(string slot) => int.Parse(Read(slot));

    public string Primary => Read("primary");

    public async Task StopServiceAsync()
    {
        if (service is null)
            return;
        service.Kill();
        await Deadline.For(service.WaitForExitAsync(), "RAUC's service ends");
        service.Dispose();
        service = null;
    }

    public async Task StartServiceAsync()
    {
        service = Start("rauc", $"--conf={PathOf("system.conf")}", $"--override-boot-slot={Booted}", "service");
        var watch = Stopwatch.StartNew();
        while ((await ForeignTool.RunAsync(Program, "status")).ExitCode != 0)
            Assert.True(watch.Elapsed < Deadline.Default && !service.HasExited, "RAUC's service answers");
    }

    public async ValueTask DisposeAsync()
    {
        await StopServiceAsync();
        if (bus is not null)
        {
            bus.Kill();
            await Deadline.For(bus.WaitForExitAsync(), "the D-Bus ends");
            bus.Dispose();
        }
        Directory.Delete(folder, recursive: true);
    }

    private string PathOf(string name) => Path.Combine(folder, name);

    private string Read(string name) => File.ReadAllText(PathOf(name)).Trim();

    private async Task MakeAsync()
    {
        foreach (var slot in Slots)
        {
            await File.WriteAllBytesAsync(PathOf($"{slot}.img"), new byte[SlotBytes]);
            await File.WriteAllTextAsync(PathOf(slot), "3");
        }
        await File.WriteAllTextAsync(PathOf("primary"), "A");
        foreach (var key in (string[])["ours", "other"])
            await RunAsync("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "90", "-subj", $"/CN={key}", "-keyout", PathOf($"{key}.key.pem"), "-out", PathOf($"{key}.cert.pem"));
        Write("boot-loader", $$"""
            #!/bin/sh
            cd "{{folder}}" || exit 1
            case "$1" in
                get-primary) cat primary ;;
                set-primary) echo "$2" >primary; echo 3 >"$2" ;;
                get-state) if [ "$(cat "$2")" = 0 ]; then echo bad; else echo good; fi ;;
                set-state) if [ "$3" = good ]; then echo 3 >"$2"; else echo 0 >"$2"; fi ;;
                *) exit 1 ;;
            esac
            """);
        Write("rauc", $"#!/bin/sh\nDBUS_SYSTEM_BUS_ADDRESS=unix:path={PathOf("bus")} exec {ForeignTool.Require("rauc")} \"$@\"\n");
        await File.WriteAllTextAsync(PathOf("system.conf"), $"""
            [system]
            compatible={Compatible}
            bootloader=custom
            statusfile={PathOf("rauc.status")}
            mountprefix={Directory.CreateDirectory(PathOf("mnt")).FullName}
            [handlers]
            bootloader-custom-backend={PathOf("boot-loader")}
            [keyring]
            path={PathOf("ours.cert.pem")}
            [slot.rootfs.0]
            device={PathOf("A.img")}
            type=raw
            bootname=A
            [slot.rootfs.1]
            device={PathOf("B.img")}
            type=raw
            bootname=B

            """);
        await File.WriteAllTextAsync(PathOf("bus.conf"), $"""
            <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
            <busconfig>
              <type>system</type>
              <listen>unix:path={PathOf("bus")}</listen>
              <auth>EXTERNAL</auth>
              <policy context="default"><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/><allow send_type="method_call"/></policy>
            </busconfig>
            """);
        bus = Start("dbus-daemon", $"--config-file={PathOf("bus.conf")}", "--nofork", "--nopidfile", "--print-address");
        Assert.NotNull(await Deadline.For(bus.StandardOutput.ReadLineAsync(), "the D-Bus listens"));
        await StartServiceAsync();
    }

    private void Write(string name, string script)
    {
        File.WriteAllText(PathOf(name), script);
        File.SetUnixFileMode(PathOf(name), Executable);
    }

    private Process Start(string tool, params string[] arguments)
    {
        var start = new ProcessStartInfo(ForeignTool.Require(tool), arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DBUS_SYSTEM_BUS_ADDRESS"] = $"unix:path={PathOf("bus")}";
        var process = Process.Start(start)!;
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginErrorReadLine();
        return process;
    }

    private static async Task RunAsync(string tool, params string[] arguments)
    {
        var (code, said) = await ForeignTool.RunAsync(ForeignTool.Require(tool), arguments);
        Assert.True(code == 0, $"{tool}: {said}");
    }
}
