using System.Net;
using Strata.Cli.Processes;
using Strata.Cloud.Contracts;
using Strata.Node.Operations;

namespace Strata.Cli.Demo;

/// <summary>
/// The processes of the demo: a cloud node, and for each of three organisations a gateway behind a plug that can be pulled and an agent per device. Everything
/// it needs to know it reads from the registry after applying the samples' descriptions.
/// </summary>
internal sealed class DemoFleet : IAsyncDisposable
{
    private static readonly string[] Tenants = ["harbour", "mill", "works"];

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(8);

    /// <summary>An agent that ends with batches of which nobody knows whether they arrived leaves books that do not balance: on a busy machine it gets its time.</summary>
    private static readonly TimeSpan FlushLimit = TimeSpan.FromSeconds(15);

    private readonly string folder;
    private readonly string executable;
    private readonly DemoNarrator narrator;
    private readonly HttpClient http = new(new TransportErrorHandler(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(2) }));
    private StrataProcess? cloud;

    public DemoFleet(string folder, string executable, DemoNarrator narrator) => (this.folder, this.executable, this.narrator) = (folder, executable, narrator);

    public UplinkPlug Plug { get; private set; } = null!;

    /// <summary>Opens the dashboard once, as the platform's owner.</summary>
    public string Dashboard { get; private set; } = "";

    public List<DemoOffice> Offices { get; } = [];

    private IEnumerable<StrataProcess> Gateways => Offices.SelectMany(o => o.Gateways.Values);

    private IEnumerable<DemoAgent> Agents => Offices.SelectMany(o => o.Agents.Values);

    /// <summary>Starts all tiers, top down.</summary>
    public async Task StartAsync(DemoReplay replay, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.Combine(folder, "logs"));
        var owner = await StartCloudAsync(cancellationToken);
        foreach (var tenant in Tenants)
            Offices.Add(await MakeOfficeAsync(owner, tenant, cancellationToken));
        await Task.WhenAll(Offices.Select(o => StartGatewaysAsync(o, cancellationToken)));
        foreach (var office in Offices)
            await AddAgentsAsync(office, replay, cancellationToken);
        narrator.Say($"{Offices.Count} tenants, each with its gateway: {string.Join(", ", Offices.Select(o => o.Tenant))}");
        await Task.WhenAll(Agents.Select(a => a.Process.StartAsync(StartLimit, cancellationToken)));
        narrator.Say($"{Agents.Count()} agents replay real recordings at {replay.Speed:N0} times their speed");
    }

    /// <summary>kill -9 of one process of a tier, then its start with the same arguments and folder.</summary>
    public async Task KillAndRestartAsync(string tier, CancellationToken cancellationToken)
    {
        var victim = tier switch
        {
            "cloud" => cloud!,
            "fog" => Gateways.First(),
            "edge" => Agents.First().Process,
            _ => throw new CliException(ExitCode.Usage, $"--kill: '{tier}' is not a tier; use cloud, fog or edge."),
        };
        await victim.KillAsync();
        narrator.Say($"{victim.Name}: killed with SIGKILL");
        await victim.StartAsync(StartLimit, cancellationToken);
        narrator.Say($"{victim.Name}: serves again");
    }

    /// <summary>Ends the agents: each flushes and writes its books.</summary>
    public async Task StopEdgesAsync() => await Task.WhenAll(Agents.Select(a => a.Process.StopAsync(FlushLimit + StopLimit)));

    /// <summary>Whether every agent has a connection to its gateway, as it last wrote.</summary>
    public bool AgentsAreConnected() => Agents.All(a => a.IsConnected());

    /// <summary>Each tenant's books as the cloud has them now.</summary>
    public async Task<IReadOnlyList<DemoBooks>> ReadBooksAsync(CancellationToken cancellationToken) =>
        await Task.WhenAll(Offices.Select(o => o.ReadBooksAsync(sources: null, cancellationToken)));

    /// <summary>The same after the agents have stopped, with the books on their disks in place of their last reports.</summary>
    public async Task<IReadOnlyList<DemoBooks>> ReadClosedBooksAsync(CancellationToken cancellationToken) =>
        await Task.WhenAll(Offices.Select(o => o.ReadBooksAsync(o.ReadEdgeBooks(), cancellationToken)));

    /// <summary>Each tenant asks for what its neighbours have.</summary>
    public Task<(int Asked, int Leaked)> AskAsNeighboursAsync(CancellationToken cancellationToken) => NeighbourCheck.RunAsync(http, Offices, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await StopEdgesAsync();
        await Task.WhenAll(Gateways.Select(g => g.StopAsync(StopLimit)));
        if (cloud is not null)
            await cloud.StopAsync(StopLimit);
        foreach (var process in Agents.Select(a => a.Process).Concat(Gateways))
            await process.DisposeAsync();
        if (cloud is not null)
            await cloud.DisposeAsync();
        if (Plug is not null)
            await Plug.DisposeAsync();
        http.Dispose();
    }

    private StrataProcess Process(string name, IReadOnlyList<string> arguments) =>
        new(name, executable, arguments, Path.Combine(folder, "logs", $"{name}.log")) { Failed = narrator.Say };

    /// <returns>The platform owner's token.</returns>
    private async Task<string> StartCloudAsync(CancellationToken cancellationToken)
    {
        var data = Path.Combine(folder, "cloud");
        // The ports are drawn once, so that a restart finds the same ones and the gateways' cable leads there.
        var (httpPort, mqttPort) = (FreePort.Draw(), FreePort.Draw());
        cloud = Process("cloud", ["cloud", "--data", data, "--http", $"127.0.0.1:{httpPort}", "--mqtt", $"127.0.0.1:{mqttPort}", "--set", "updates.lookInterval=1s", .. Supervised]);
        await cloud.StartAsync(StartLimit, cancellationToken);
        narrator.Say($"cloud node serves http={cloud.Ready["http"]} mqtt={cloud.Ready["mqtt"]}");
        http.BaseAddress = new Uri($"http://{cloud.Ready["http"]}/");
        var token = (await File.ReadAllTextAsync(Path.Combine(data, "admin.token"), cancellationToken)).Trim();
        Dashboard = (await new StrataClient(http, token).CreateLoginLinkAsync(cancellationToken)).Url;
        Plug = new UplinkPlug(IPEndPoint.Parse(cloud.Ready["http"]));
        Plug.Restore();
        return token;
    }

    /// <summary>The tenant, with what its file describes.</summary>
    private async Task<DemoOffice> MakeOfficeAsync(string owner, string tenant, CancellationToken cancellationToken)
    {
        if (!await IsThereAsync(owner, tenant, cancellationToken))
            await new StrataClient(http, owner).CreateTenantAsync(new CreateTenant(tenant), cancellationToken);
        var client = new StrataClient(http, owner, tenant);
        var path = DemoSamples.Find($"offices/{tenant}.yaml");
        var applied = await client.ApplyAsync(await File.ReadAllTextAsync(path, cancellationToken), dryRun: false, prune: false, path, cancellationToken);
        narrator.Say($"{tenant}: applied {Path.GetRelativePath(Environment.CurrentDirectory, path)}: {applied.Changes.Count} changes");
        var link = await client.CreateLoginLinkAsync(cancellationToken);
        var gateways = await client.ListGatewaysAsync(limit: 100, cancellationToken: cancellationToken);
        return new DemoOffice(tenant, client, link.Url, gateways.Items, applied.Secrets);
    }

    /// <summary>A kept folder has it already.</summary>
    private async Task<bool> IsThereAsync(string owner, string tenant, CancellationToken cancellationToken) =>
        (await new StrataClient(http, owner).ListTenantsAsync(limit: 100, cancellationToken: cancellationToken)).Items.Any(t => t.Id == tenant);

    private Task StartGatewaysAsync(DemoOffice office, CancellationToken cancellationToken) =>
        Task.WhenAll(office.Known.Select(g => StartGatewayAsync(office, g, cancellationToken)));

    private async Task StartGatewayAsync(DemoOffice office, GatewayInfo gateway, CancellationToken cancellationToken)
    {
        var token = await office.Client.CreateJoinTokenAsync(new CreateJoinToken(gateway.Site, null, null), cancellationToken);
        string[] arguments =
        [
            "fog", "--data", Path.Combine(folder, "fog", office.Tenant, gateway.Id), "--cloud", $"http://{Plug.EndPoint}", "--join-token", token.Token,
            "--site", gateway.Site, "--name", gateway.Id, "--http", $"127.0.0.1:{FreePort.Draw()}", "--mqtt", $"127.0.0.1:{FreePort.Draw()}", .. Supervised,
        ];
        var process = Process($"{office.Tenant}-{gateway.Id}", arguments);
        lock (office.Gateways)
            office.Gateways.Add(gateway.Id, process);
        await process.StartAsync(StartLimit, cancellationToken);
    }

    private async Task AddAgentsAsync(DemoOffice office, DemoReplay replay, CancellationToken cancellationToken)
    {
        foreach (var device in (await office.Client.ListDevicesAsync(limit: 1000, cancellationToken: cancellationToken)).Items)
        {
            if (office.HomeOf(device) is { } home && replay.ArgumentsFor(device) is { } source)
                office.Agents.Add(device.Id, await MakeAgentAsync(office, device, home, source, cancellationToken));
        }
    }

    private async Task<DemoAgent> MakeAgentAsync(
        DemoOffice office, DeviceInfo device, StrataProcess home, IReadOnlyList<string> source, CancellationToken cancellationToken)
    {
        var data = Path.Combine(folder, "edge", office.Tenant, device.Id);
        Directory.CreateDirectory(data, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var secretFile = Path.Combine(data, "device.secret");
        if (office.Secrets.TryGetValue(device.Id, out var secret))
            await PrivateFile.WriteAsync(secretFile, secret, cancellationToken);
        string[] arguments =
        [
            "--data", data, "--device", device.Id, "--secret-file", secretFile, "--to", $"mqtt://{home.Ready["mqtt"]}", "--flush-limit", $"{FlushLimit.TotalSeconds:0}s", .. source,
        ];
        return new DemoAgent(Process($"{office.Tenant}-{device.Id}", ["edge", .. arguments, .. Supervised]), data, device.Model ?? "", home, arguments);
    }

    /// <summary>A version of the agent: a script that starts this program's.</summary>
    public string AgentScript(string version) => $"#!/bin/sh\n# {version}\nexec \"{executable}\" edge \"$@\"\n";

    /// <summary>Ends the agents of an office and starts them again by a supervisor with two slots, where they update themselves through their gateway.</summary>
    /// <param name="ring">The keys that they believe.</param>
    public async Task SuperviseAsync(DemoOffice office, string version, byte[] ring, CancellationToken cancellationToken)
    {
        var first = Path.Combine(folder, $"agent-{version}.sh");
        await File.WriteAllTextAsync(first, AgentScript(version), cancellationToken);
        await Task.WhenAll(office.Agents.Keys.ToList().Select(id => SuperviseAsync(office, id, first, version, ring, cancellationToken)));
    }

    private async Task SuperviseAsync(DemoOffice office, string id, string first, string version, byte[] ring, CancellationToken cancellationToken)
    {
        DemoAgent agent;
        lock (office.Agents)
            agent = office.Agents[id];
        var updates = Path.Combine(folder, "updates", office.Tenant, id);
        Directory.CreateDirectory(updates, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await File.WriteAllBytesAsync(Path.Combine(updates, "keys.json"), ring, cancellationToken);
        await agent.Process.StopAsync(FlushLimit + StopLimit);
        await agent.Process.DisposeAsync();
        var supervised = agent with
        {
            Process = Process($"{office.Tenant}-{id}", [
                "edge", "supervise", "--updates", updates, "--install", first, "--install-version", version, .. Supervised, "--", .. agent.Arguments, "--updates-from", $"http://{agent.Home.Ready["http"]}", "--model", agent.Model,
                "--ask-every", "10s"]),
        };
        lock (office.Agents)
            office.Agents[id] = supervised;
        await supervised.Process.StartAsync(StartLimit, cancellationToken);
    }

    private static readonly string[] Supervised = [ServerOptions.UntilStdinCloses];
}
