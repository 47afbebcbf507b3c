using System.Net;
using System.Text.Json;
using Strata.Cli.Processes;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Demo;

/// <summary>
/// The processes of the demo: a cloud node, its gateways behind a plug that can be pulled, and an agent per device. Everything it needs to know it reads from
/// the registry after applying the sample's description.
/// </summary>
internal sealed class DemoFleet : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(8);

    /// <summary>An agent that ends with batches of which nobody knows whether they arrived leaves books that do not balance: on a busy machine it gets its time.</summary>
    private static readonly TimeSpan FlushLimit = TimeSpan.FromSeconds(15);

    private readonly string folder;
    private readonly string executable;
    private readonly DemoNarrator narrator;
    private readonly HttpClient http = new(new TransportErrorHandler(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(2) }));
    private readonly Dictionary<string, StrataProcess> gateways = [];
    private readonly Dictionary<string, StrataProcess> edges = [];
    private StrataProcess? cloud;

    public DemoFleet(string folder, string executable, DemoNarrator narrator) => (this.folder, this.executable, this.narrator) = (folder, executable, narrator);

    public UplinkPlug Plug { get; private set; } = null!;

    public StrataClient Client { get; private set; } = null!;

    public string Dashboard { get; private set; } = "";

    public IReadOnlyCollection<string> Edges => edges.Keys;

    /// <summary>Starts all tiers, top down.</summary>
    public async Task StartAsync(DemoReplay replay, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.Combine(folder, "logs"));
        await StartCloudAsync(cancellationToken);
        var secrets = await ApplyAsync(cancellationToken);
        var devices = (await Client.ListDevicesAsync(limit: 1000, cancellationToken: cancellationToken)).Items;
        var known = (await Client.ListGatewaysAsync(limit: 100, cancellationToken: cancellationToken)).Items;
        await Task.WhenAll(known.Select(g => StartGatewayAsync(g, cancellationToken)));
        narrator.Say($"{known.Count} gateways joined: {string.Join(", ", known.Select(g => g.Id))}");
        foreach (var device in devices)
            await AddEdgeAsync(device, known, secrets, replay, cancellationToken);
        await Task.WhenAll(edges.Values.Select(e => e.StartAsync(StartLimit, cancellationToken)));
        narrator.Say($"{edges.Count} agents replay real recordings at {replay.Speed:N0} times their speed");
    }

    /// <summary>kill -9 of one process of a tier, then its start with the same arguments and folder.</summary>
    public async Task KillAndRestartAsync(string tier, CancellationToken cancellationToken)
    {
        var victim = tier switch
        {
            "cloud" => cloud!,
            "fog" => gateways.Values.First(),
            "edge" => edges.Values.First(),
            _ => throw new CliException(ExitCode.Usage, $"--kill: '{tier}' is not a tier; use cloud, fog or edge."),
        };
        await victim.KillAsync();
        narrator.Say($"{victim.Name}: killed with SIGKILL");
        await victim.StartAsync(StartLimit, cancellationToken);
        narrator.Say($"{victim.Name}: serves again");
    }

    /// <summary>Ends the agents: each flushes and writes its books.</summary>
    public async Task StopEdgesAsync() => await Task.WhenAll(edges.Values.Select(e => e.StopAsync(FlushLimit + StopLimit)));

    /// <summary>The books of the agents, from what each keeps on its disk: the truth also when its last report did not get through.</summary>
    public DemoEdgeBooks ReadEdgeBooks() => edges.Keys.Select(ReadStatus).Aggregate(new DemoEdgeBooks(0, 0, 0, 0), (sum, one) => sum + new DemoEdgeBooks(
        one.GetProperty("readingsIn").GetInt64(), one.GetProperty("suppressed").GetInt64(), one.GetProperty("waiting").GetInt64(), one.GetProperty("lost").GetInt64()));

    /// <summary>Whether every agent has a connection to its gateway, as it last wrote.</summary>
    public bool AgentsAreConnected() => edges.Keys.All(e => ReadStatus(e).GetProperty("gateway").ValueKind == JsonValueKind.String);

    public async ValueTask DisposeAsync()
    {
        await StopEdgesAsync();
        await Task.WhenAll(gateways.Values.Select(g => g.StopAsync(StopLimit)));
        if (cloud is not null)
            await cloud.StopAsync(StopLimit);
        foreach (var process in edges.Values.Concat(gateways.Values))
            await process.DisposeAsync();
        if (cloud is not null)
            await cloud.DisposeAsync();
        if (Plug is not null)
            await Plug.DisposeAsync();
        http.Dispose();
    }

    private JsonElement ReadStatus(string device)
    {
        using var status = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(EdgeFolder(device), "status.json")));
        return status.RootElement.Clone();
    }

    private string EdgeFolder(string device) => Path.Combine(folder, "edge", device);

    private StrataProcess Process(string name, IReadOnlyList<string> arguments) =>
        new(name, executable, arguments, Path.Combine(folder, "logs", $"{name}.log")) { Failed = narrator.Say };

    private async Task StartCloudAsync(CancellationToken cancellationToken)
    {
        var data = Path.Combine(folder, "cloud");
        // The ports are drawn once, so that a restart finds the same ones and the gateways' cable leads there.
        var (httpPort, mqttPort) = (FreePort.Draw(), FreePort.Draw());
        cloud = Process("cloud", ["cloud", "--data", data, "--http", $"127.0.0.1:{httpPort}", "--mqtt", $"127.0.0.1:{mqttPort}", .. Supervised]);
        await cloud.StartAsync(StartLimit, cancellationToken);
        narrator.Say($"cloud node serves http={cloud.Ready["http"]} mqtt={cloud.Ready["mqtt"]}");
        http.BaseAddress = new Uri($"http://{cloud.Ready["http"]}/");
        Client = new StrataClient(http, (await File.ReadAllTextAsync(Path.Combine(data, "admin.token"), cancellationToken)).Trim());
        Dashboard = (await Client.CreateLoginLinkAsync(cancellationToken)).Url;
        Plug = new UplinkPlug(IPEndPoint.Parse(cloud.Ready["http"]));
        Plug.Restore();
    }

    private async Task<IReadOnlyDictionary<string, string>> ApplyAsync(CancellationToken cancellationToken)
    {
        var path = DemoSamples.Find("office/site.yaml");
        // The pages show the building's name, and thereby say what the rooms are.
        var yaml = (await File.ReadAllTextAsync(path, cancellationToken)).Replace("name: Headquarters", "name: Demo office (every room replays one real room, some hours apart)", StringComparison.Ordinal);
        var result = await Client.ApplyAsync(yaml, dryRun: false, prune: false, path, cancellationToken);
        narrator.Say($"applied {Path.GetRelativePath(Environment.CurrentDirectory, path)}: {result.Changes.Count} changes");
        return result.Secrets;
    }

    private async Task StartGatewayAsync(GatewayInfo gateway, CancellationToken cancellationToken)
    {
        var token = await Client.CreateJoinTokenAsync(new CreateJoinToken(gateway.Site, null, null), cancellationToken);
        string[] arguments =
        [
            "fog", "--data", Path.Combine(folder, "fog", gateway.Id), "--cloud", $"http://{Plug.EndPoint}", "--join-token", token.Token, "--site", gateway.Site,
            "--name", gateway.Id, "--http", $"127.0.0.1:{FreePort.Draw()}", "--mqtt", $"127.0.0.1:{FreePort.Draw()}", .. Supervised,
        ];
        var process = Process(gateway.Id, arguments);
        lock (gateways)
            gateways.Add(gateway.Id, process);
        await process.StartAsync(StartLimit, cancellationToken);
    }

    private async Task AddEdgeAsync(
        DeviceInfo device, IReadOnlyList<GatewayInfo> known, IReadOnlyDictionary<string, string> secrets, DemoReplay replay, CancellationToken cancellationToken)
    {
        var home = known.Where(g => device.Site is { } site && (site + "/").StartsWith(g.Site + "/", StringComparison.Ordinal)).MaxBy(g => g.Site.Length);
        if (home is null || replay.ArgumentsFor(device) is not { } source)
            return;
        var data = EdgeFolder(device.Id);
        Directory.CreateDirectory(data, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var secretFile = Path.Combine(data, "device.secret");
        if (secrets.TryGetValue(device.Id, out var secret))
            await PrivateFile.WriteAsync(secretFile, secret, cancellationToken);
        string[] arguments =
        [
            "edge", "--data", data, "--device", device.Id, "--secret-file", secretFile, "--to", $"mqtt://{gateways[home.Id].Ready["mqtt"]}", "--flush-limit",
            $"{FlushLimit.TotalSeconds:0}s", .. source, .. Supervised,
        ];
        edges.Add(device.Id, Process(device.Id, arguments));
    }

    private static readonly string[] Supervised = [ServerOptions.UntilStdinCloses];
}
