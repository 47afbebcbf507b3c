using System.Net.Http.Headers;
using System.Text.Json;
using Strata.Cli.Processes;
using Strata.Cloud.Contracts;
using Strata.Node.Operations;

namespace Strata.EndToEnd.Tests;

/// <summary>A cloud node and gateways as real processes in a temporary folder, on free ports of loopback.</summary>
internal sealed class Installation : IAsyncDisposable
{
    public static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly List<StrataProcess> processes = [];
    private readonly HttpClient http = new(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(2) }) { Timeout = TimeSpan.FromSeconds(30) };
    private readonly string? ownedFolder;

    public Installation(string? folder = null)
    {
        ownedFolder = folder is null ? Directory.CreateTempSubdirectory("strata-e2e-").FullName : null;
        Folder = folder ?? ownedFolder!;
    }

    public static string Root => SourceTree.Root;

    /// <summary>The program under test: the one that <c>./test</c> publishes, or as the build left it.</summary>
    public static string Executable { get; } = Environment.GetEnvironmentVariable("STRATA_PROGRAM") is { Length: > 0 } program ? program : Path.Combine(
        Root, "src/Cli/Strata.Cli/bin", AppContext.BaseDirectory.Contains("/Release/", StringComparison.Ordinal) ? "Release" : "Debug", "net10.0/strata");

    public string Folder { get; }

    public string CloudFolder => Path.Combine(Folder, "cloud");

    public StrataProcess Cloud { get; private set; } = null!;

    public StrataClient Client { get; private set; } = null!;

    /// <summary>The admin token.</summary>
    public string Token { get; private set; } = "";

    public string CloudHttp => $"http://{Cloud.Ready["http"]}";

    public int CloudMqttPort => Port(Cloud);

    public static int Port(StrataProcess node) => int.Parse(node.Ready["mqtt"].Split(':')[^1]);

    /// <summary>As the platform's owner in a tenant.</summary>
    public StrataClient ClientOf(string tenant) => new(http, Token, tenant);

    public async Task StartCloudAsync(params string[] further)
    {
        Cloud = Create("cloud", ["cloud", "--data", CloudFolder, "--http", $"127.0.0.1:{FreePort.Draw()}", "--mqtt", $"127.0.0.1:{FreePort.Draw()}", .. further]);
        await Cloud.StartAsync(StartLimit, TestContext.Current.CancellationToken);
        http.BaseAddress = new Uri(CloudHttp + "/");
        Token = (await File.ReadAllTextAsync(Path.Combine(CloudFolder, "admin.token"))).Trim();
        Client = new StrataClient(http, Token);
    }

    /// <summary>Starts a gateway that joins; its parent is the cloud unless another address is given.</summary>
    public async Task<StrataProcess> StartFogAsync(string name, string site, string? parent = null)
    {
        var token = await Client.CreateJoinTokenAsync(new CreateJoinToken(site, null, null));
        var fog = Create(name,
        [
            "fog", "--data", Path.Combine(Folder, name), "--cloud", parent ?? CloudHttp, "--join-token", token.Token, "--site", site, "--name", name,
            "--http", $"127.0.0.1:{FreePort.Draw()}", "--mqtt", $"127.0.0.1:{FreePort.Draw()}",
        ]);
        await fog.StartAsync(StartLimit, TestContext.Current.CancellationToken);
        return fog;
    }

    /// <summary>An agent that is not started yet; its secret is written to a file.</summary>
    public async Task<StrataProcess> CreateEdgeAsync(string device, string secret, int mqttPort, params string[] further)
    {
        var data = Directory.CreateDirectory(Path.Combine(Folder, device)).FullName;
        var secretFile = Path.Combine(data, "device.secret");
        await File.WriteAllTextAsync(secretFile, secret);
        File.SetUnixFileMode(secretFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return Create(device, ["edge", "--data", data, "--device", device, "--secret-file", secretFile, "--to", $"mqtt://127.0.0.1:{mqttPort}", .. further]);
    }

    public async Task<ApplyResult> ApplyAsync(string yaml) => await Client.ApplyAsync(yaml, dryRun: false, prune: false, "site.yaml");

    /// <summary>A process of this installation, ended with it.</summary>
    public StrataProcess Create(string name, IReadOnlyList<string> arguments)
    {
        var process = new StrataProcess(name, Executable, [.. arguments, "--until-stdin-closes"], Path.Combine(Folder, $"{name}.log"));
        processes.Add(process);
        return process;
    }

    /// <summary>A request with Basic authentication.</summary>
    public static AuthenticationHeaderValue Basic(string user, string secret) =>
        new("Basic", Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"{user}:{secret}")));

    /// <summary>A verb against the cloud node, as its first administrator.</summary>
    public Task<Tool.Outcome> RunAsync(params string[] arguments) => Tool.RunAsync(Executable, [.. arguments, "--data", CloudFolder]);

    /// <summary>What a verb that succeeds writes.</summary>
    public async Task<string> OkAsync(params string[] arguments)
    {
        var run = await RunAsync(arguments);
        Assert.True(run.ExitCode == 0, $"strata {string.Join(' ', arguments)}: {run.Output}{run.Error}");
        return run.Output;
    }

    public async Task<JsonDocument> JsonAsync(params string[] arguments) => JsonDocument.Parse(await OkAsync([.. arguments, "-o", "json"]));

    public async Task RefusedAsync(string says, params string[] arguments)
    {
        var run = await RunAsync(arguments);
        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains(says, run.Error, StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in Enumerable.Reverse(processes))
            await process.DisposeAsync();
        http.Dispose();
        if (ownedFolder is not null && TestContext.Current.TestState?.Result != TestResult.Failed)
            Directory.Delete(ownedFolder, recursive: true);
    }
}
