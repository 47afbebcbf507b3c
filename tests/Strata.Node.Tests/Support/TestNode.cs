using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Contracts;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Mqtt;
using Strata.Node.Auth;
using Strata.Node.Devices;
using Strata.Node.Ingest;
using Strata.Node.Link;
using Strata.Node.Uplink;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;

namespace Strata.Node.Tests.Support;

/// <summary>A whole node on free loopback ports with a store in memory: real sockets, real engine, real HTTP.</summary>
internal sealed class TestNode : IAsyncDisposable
{
    /// <summary>How long a test waits for what must happen.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly WebApplication app;
    private readonly string folder;
    private readonly SocketsHttpHandler handler = new();

    private TestNode(WebApplication app, string folder, MemoryStore store, AdminToken admin)
    {
        (this.app, this.folder, Store, Admin) = (app, folder, store, admin);
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Select(a => new Uri(a)).ToArray();
        (Http, MqttPort) = (addresses[0], addresses[1].Port);
    }

    public MemoryStore Store { get; }

    public AdminToken Admin { get; }

    public Uri Http { get; }

    public int MqttPort { get; }

    public DeviceDirectory Devices => Get<DeviceDirectory>();

    public GatewayDirectory Gateways => Get<GatewayDirectory>();

    public FakeTokens Tokens => Get<FakeTokens>();

    public TenantDirectory Tenants => Get<TenantDirectory>();

    public RejectionLog Rejections => Get<RejectionLog>();

    public RecordedActivity Activity => Get<RecordedActivity>();

    public FakeConfigurations Configurations => Get<FakeConfigurations>();

    public RecordedLinks Links => Get<RecordedLinks>();

    public GatewayLinkHub Hub => Get<GatewayLinkHub>();

    /// <param name="database">A folder for the real store; null for the one in memory.</param>
    public static async Task<TestNode> StartAsync(Action<UplinkOptions>? uplink = null, Action<GatewayLinkOptions>? link = null, string? database = null)
    {
        var folder = Directory.CreateTempSubdirectory("strata-node-").FullName;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var store = new MemoryStore(TimeProvider.System);
        var admin = AdminToken.LoadOrCreate(folder);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseMqtt());
        });
        builder.Services.AddSingleton(new FakeTokens(admin)).AddSingleton<ITokenStore>(s => s.GetRequiredService<FakeTokens>()).AddSingleton(TimeProvider.System);
        if (database is not null)
            builder.Services.AddTelemetryStore(options => options.Folder = database);
        else
            AddMemoryStore(builder.Services, store);
        builder.Services.AddSingleton<RecordedActivity>().AddSingleton<IDeviceActivity>(s => s.GetRequiredService<RecordedActivity>());
        builder.Services.AddSingleton<FakeConfigurations>().AddSingleton<IGatewayConfigurationSource>(s => s.GetRequiredService<FakeConfigurations>());
        builder.Services.AddSingleton<RecordedLinks>().AddSingleton<ILinkEvents>(s => s.GetRequiredService<RecordedLinks>());
        builder.Services.AddSingleton(s => new EchoTopics(new Lazy<TelemetryMqttHost>(() => s.GetRequiredService<TelemetryMqttHost>()))).AddSingleton<IDeviceTopics>(s => s.GetRequiredService<EchoTopics>());
        builder.Services.AddNode();
        builder.Services.AddStrataAuthentication(folder);
        builder.Services.Configure(uplink ?? (_ => { }));
        builder.Services.Configure(link ?? (_ => { }));
        var app = builder.Build();
        app.UseAuthentication();
        app.UseCallerAccess();
        app.UseAuthorization();
        app.MapNode();
        app.MapLogin();
        app.MapGet("/api/v1/whoami", (Microsoft.AspNetCore.Http.HttpContext context) => context.User.Name()).Requires(Permission.ReadingsRead);
        app.MapGet("/", () => "home").Requires(Permission.TenantManage);
        await app.StartAsync();
        return new TestNode(app, folder, store, admin);
    }

    private static void AddMemoryStore(IServiceCollection services, MemoryStore store)
    {
        services.AddSingleton<ITelemetryStore>(store);
        services.AddSingleton(new IngestOptions { ProbeDelay = TimeSpan.FromMilliseconds(10), ProbeMaxDelay = TimeSpan.FromMilliseconds(10) });
        services.AddSingleton<IngestMetrics>().AddSingleton<IngestWriter>();
        services.AddHostedService(s => s.GetRequiredService<IngestWriter>());
    }

    public T Get<T>()
        where T : notnull => app.Services.GetRequiredService<T>();

    /// <summary>Makes a device known; returns its secret.</summary>
    public string AddDevice(string id, bool enabled = true, string site = "hq", string tenant = "main")
    {
        var secret = DeviceSecrets.Create();
        Devices.Set(new DeviceEntry(TenantId.Parse(tenant), DeviceId.Parse(id), DeviceSecrets.Hash(secret), SiteId.Parse(site), TimeSpan.FromMinutes(5), enabled));
        return secret;
    }

    /// <summary>Makes a gateway known; returns its secret.</summary>
    public string AddGateway(string id, string? parent = null)
    {
        var secret = DeviceSecrets.Create();
        GatewayId? above = parent is null ? null : GatewayId.Parse(parent);
        Gateways.Set(new GatewayEntry(TenantId.Main, GatewayId.Parse(id), DeviceSecrets.Hash(secret), SiteId.Parse("hq"), above, true));
        return secret;
    }

    /// <summary>A client of the node's HTTP API; disposed with its handler by the test's end.</summary>
    public HttpClient Client(string? user = null, string? secret = null, string? token = null)
    {
        var client = new HttpClient(handler, disposeHandler: false) { BaseAddress = Http, Timeout = Patience };
        if (user is not null)
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{secret}")));
        else if (token is not null)
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    public IReadOnlyList<RejectionEntry> Rejected() => Rejections.Newest(TenantId.Main);

    public async ValueTask DisposeAsync()
    {
        Store.Release();
        using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        await app.StopAsync(soon.Token);
        await app.DisposeAsync();
        handler.Dispose();
        Directory.Delete(folder, recursive: true);
    }
}

/// <summary>Remembers what it was told of devices.</summary>
internal sealed class RecordedActivity : IDeviceActivity
{
    private readonly System.Threading.Channels.Channel<string> told = System.Threading.Channels.Channel.CreateUnbounded<string>();

    public ConcurrentQueue<(string Device, string? Gateway, bool Live)> HeardFrom { get; } = new();

    public void Connected(DeviceEntry device, DateTimeOffset at) => told.Writer.TryWrite($"{device.Device} connected");

    public void Disconnected(DeviceEntry device, DateTimeOffset at, string reason) => told.Writer.TryWrite($"{device.Device} disconnected: {reason}");

    public void Heard(DeviceEntry device, GatewayId? gateway, DateTimeOffset at, bool live) => HeardFrom.Enqueue((device.Device.Value, gateway?.Value, live));

    /// <summary>The next connect or disconnect.</summary>
    public async Task<string> NextAsync() => await told.Reader.ReadAsync().AsTask().WaitAsync(TestNode.Patience);
}

/// <summary>Remembers links that came and went.</summary>
internal sealed class RecordedLinks : ILinkEvents
{
    private readonly System.Threading.Channels.Channel<string> told = System.Threading.Channels.Channel.CreateUnbounded<string>();

    public void LinkUp(GatewayEntry gateway, DateTimeOffset at) => told.Writer.TryWrite($"{gateway.Gateway} up");

    public void LinkDown(GatewayEntry gateway, DateTimeOffset at, string reason) => told.Writer.TryWrite($"{gateway.Gateway} down: {reason}");

    public async Task<string> NextAsync() => await told.Reader.ReadAsync().AsTask().WaitAsync(TestNode.Patience);

    public bool Nothing => !told.Reader.TryPeek(out _);
}

/// <summary>Configurations that a test sets.</summary>
internal sealed class FakeConfigurations : IGatewayConfigurationSource
{
    private readonly ConcurrentDictionary<string, GatewayConfiguration> current = new();
    private readonly ConcurrentDictionary<string, GatewayChange> changes = new();

    public event Action<TenantId, GatewayId>? Changed;

    public void Set(GatewayConfiguration configuration, GatewayChange? change = null)
    {
        current[configuration.Gateway] = configuration;
        if (change is null)
            changes.TryRemove(configuration.Gateway, out _);
        else
            changes[configuration.Gateway] = change;
        Changed?.Invoke(TenantId.Main, GatewayId.Parse(configuration.Gateway));
    }

    public void Forget(string gateway) => current.TryRemove(gateway, out _);

    public ValueTask<GatewayConfiguration?> CurrentAsync(GatewayEntry gateway, CancellationToken cancellationToken) =>
        ValueTask.FromResult(current.GetValueOrDefault(gateway.Gateway.Value));

    public ValueTask<GatewayChange?> ChangeSinceAsync(GatewayEntry gateway, long version, CancellationToken cancellationToken) =>
        ValueTask.FromResult(changes.GetValueOrDefault(gateway.Gateway.Value) is { } change && change.From == version ? change : null);
}

/// <summary>A part of the node that answers on <c>echo/</c> and keeps what it hears.</summary>
internal sealed class EchoTopics(Lazy<TelemetryMqttHost> host) : IDeviceTopics
{
    public string Root => "echo/";

    public Task Kept { get; set; } = Task.CompletedTask;

    public Task? OnPublish(DeviceMessage message)
    {
        if (message.Rest != "echo/say")
            return null;
        host.Value.Say(message.Tenant, message.Device, "echo/answer", message.Payload);
        return Kept;
    }

    public void OnSubscribed(TenantId tenant, DeviceId device, string filterRest, long connection)
    {
        if (filterRest.StartsWith(Root, StringComparison.Ordinal))
            host.Value.Say(tenant, device, "echo/welcome", Encoding.UTF8.GetBytes(filterRest));
    }
}
