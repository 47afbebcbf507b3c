namespace Strata.EndToEnd.Tests;

/// <summary>A token in software (SoftHSM) with one P-256 key, in a folder of its own.</summary>
public sealed class SoftToken : IAsyncLifetime
{
    private const string Right = "271828";
    private static readonly string[] Modules = ["/usr/lib/softhsm/libsofthsm2.so", .. Beside("softhsm/libsofthsm2.so")];
    private readonly string folder = Directory.CreateTempSubdirectory("strata-token-").FullName;

    private static string? Module => Modules.FirstOrDefault(File.Exists);

    /// <summary>By which programs find it.</summary>
    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>
    {
        ["SOFTHSM2_CONF"] = Path.Combine(folder, "softhsm2.conf"), ["PKCS11_MODULE_PATH"] = Module!, ["PKCS11_PROVIDER_MODULE"] = Module!,
    };

    /// <summary>A file with the PIN.</summary>
    public string PinFile => WritePin("right.pin", Right);

    public static void Require()
    {
        Tool.Require("softhsm2-util");
        Tool.Require("pkcs11-tool");
        if (Module is null || Beside("engines-3/pkcs11.so").Concat(Beside("ossl-modules/pkcs11.so")).FirstOrDefault() is null)
            ForeignTool.Missing("softhsm2, and libengine-pkcs11-openssl or pkcs11-provider, are not installed; ./test installs them.");
    }

    /// <summary>Names the key, or another one of the token.</summary>
    public static string Uri(string pinFile, string key = "agent") => $"pkcs11:token=strata-test;object={key};type=private?pin-source=file:{pinFile}";

    /// <summary>Another PIN's file.</summary>
    public string WritePin(string name, string pin, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite)
    {
        var file = Path.Combine(folder, name);
        File.WriteAllText(file, pin);
        File.SetUnixFileMode(file, mode);
        return file;
    }

    public async ValueTask InitializeAsync()
    {
        if (Module is not { } module || !File.Exists("/usr/bin/softhsm2-util") || !File.Exists("/usr/bin/pkcs11-tool"))
            return;
        var tokens = Directory.CreateDirectory(Path.Combine(folder, "tokens")).FullName;
        await File.WriteAllTextAsync(Environment["SOFTHSM2_CONF"], $"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n");
        await RunAsync("softhsm2-util", "--init-token", "--free", "--label", "strata-test", "--so-pin", "31415926", "--pin", Right);
        await RunAsync("pkcs11-tool", "--module", module, "--token-label", "strata-test", "--login", "--pin", Right, "--keypairgen", "--key-type", "EC:prime256v1", "--label", "agent", "--id", "01");
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(folder, recursive: true);
        return default;
    }

    private async Task RunAsync(string program, params string[] arguments)
    {
        var run = await Tool.RunAsync(program, arguments, environment: Environment);
        Assert.True(run.ExitCode == 0, run.Output + run.Error);
    }

    private static IEnumerable<string> Beside(string file) => Directory.GetDirectories("/usr/lib", "*-linux-gnu").Select(d => Path.Combine(d, file)).Where(File.Exists);
}
