using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Strata.Cloud.Commands;
using Strata.Cloud.Commands.Bulk;
using Strata.Cloud.Commands.Running;
using Strata.Cloud.Commands.Schemas;
using Strata.Cloud.Commands.Sending;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Core;
using Strata.Core.Commands;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Tests.Commands;

/// <summary>The parts that give and say commands, over the tables of a node and apart from its own: with a clock of the test, and a way to devices that it makes.</summary>
internal sealed class LoneCommands : IAsyncDisposable
{
    private readonly List<IHostedService> running = [];
    private readonly CommandNews news;
    private readonly RunningCloud cloud;

    public LoneCommands(RunningCloud cloud, CommandsOptions? options = null)
    {
        (this.cloud, Options, Store) = (cloud, options ?? new CommandsOptions(), cloud.Node.Services.GetRequiredService<CommandStore>());
        news = new CommandNews(cloud.Node.Services.GetRequiredService<TenantNews>(), Options, NullLogger<CommandNews>.Instance);
        Writer = new CommandWriter(Store, Book, news, Time, NullLogger<CommandWriter>.Instance);
        Mouth = new CommandMouth(Writer, Book, Way, NullLogger<CommandMouth>.Instance);
        Desk = new CommandDesk(Writer, Store, news, cloud.Node.Services.GetRequiredService<SchemaBook>(), Mouth, Way, Options, Time);
        Runs = new RunDesk(Writer, Store, Book, cloud.Node.Services.GetRequiredService<IFleetSearch>(), Way, Options, Time);
    }

    public static Caller Me { get; } = new(TenantId.Main, "test");

    public CommandsOptions Options { get; }

    public CommandStore Store { get; }

    public FakeTimeProvider Time { get; } = new(TimeProvider.System.GetUtcNow());

    public CommandBook Book { get; } = new();

    public TestWay Way { get; } = new();

    public CommandWriter Writer { get; }

    public CommandMouth Mouth { get; }

    public CommandDesk Desk { get; }

    public RunDesk Runs { get; }

    public IFleet Fleet => cloud.Node.Services.GetRequiredService<IFleet>();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Starts the writer, and what says commands that wait.</summary>
    public async Task StartAsync(bool says)
    {
        await StartAsync(Writer);
        if (says)
            await StartAsync(new CommandRunner(Store, Writer, Book, Mouth, Fleet, Way, Options, Time, NullLogger<CommandRunner>.Instance));
    }

    public async Task StartAsync(IHostedService part)
    {
        await part.StartAsync(Cancel);
        running.Insert(0, part);
    }

    /// <summary>Gives a device a command.</summary>
    public async Task SendAsync(string device, string request, SendCommand command)
    {
        var sent = await Desk.SendAsync(Me, Fleet.Find(TenantId.Main, DeviceId.Parse(device))!, NewCommand.Of(command with { Request = request }, null, Options).Value!, Cancel);
        Assert.True(sent.IsOk, sent.Problem?.Detail);
    }

    /// <summary>Lets the time go on, a look at a time, until it is so.</summary>
    public async Task UntilAsync(Func<bool> holds, string awaited)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        while (!holds())
        {
            Assert.False(limit.IsCancellationRequested, $"Awaited in vain: {awaited}.");
            Time.Advance(Options.LookInterval);
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, Cancel);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var part in running)
            await part.StopAsync(CancellationToken.None);
        Writer.Dispose();
        news.Dispose();
    }
}

/// <summary>A way to devices that the test makes.</summary>
internal sealed class TestWay : IDeviceWay
{
    private readonly Lock gate = new();
    private readonly List<(string Topic, DateTimeOffset Expires, GatewayId? Gateway)> said = [];

    public event Action<TenantId, GatewayWord>? Heard
    {
        add { }
        remove { }
    }

    /// <summary>The gateway through which all devices are heard; null: they are away.</summary>
    public GatewayId? Gateway { get; set; }

    /// <summary>So many messages are not taken from now on, by an exception.</summary>
    public int Faults { get; set; }

    /// <summary>What it was asked to say, in order.</summary>
    public IReadOnlyList<(string Topic, DateTimeOffset Expires, GatewayId? Gateway)> Said
    {
        get
        {
            lock (gate)
                return [.. said];
        }
    }

    public Task<Problem?> SendAsync(TenantId tenant, string id, DeviceId device, string topic, byte[] payload, DateTimeOffset expires, CancellationToken cancellationToken) =>
        SendAsync(tenant, id, device, topic, payload, expires, null, cancellationToken);

    public Task<Problem?> SendAsync(TenantId tenant, string id, DeviceId device, string topic, byte[] payload, DateTimeOffset expires, Action? delivered, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            said.Add((topic, expires, Gateway));
            return Faults-- > 0 ? Task.FromException<Problem?>(new IOException("The database is away.")) : Task.FromResult<Problem?>(null);
        }
    }

    public DeviceRoute RouteOf(TenantId tenant, DeviceId device, string topic) => Gateway is { } gateway ? new(DeviceReach.ThroughGateway, gateway, null) : default;

    public Task<IReadOnlyList<GatewayWord>> HeardBeforeAsync(TenantId tenant, DeviceId? device, CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<GatewayWord>>([]);

    public int WaitingFor(TenantId tenant, DeviceId device) => 0;

    public Task RemoveAsync(TenantId tenant, string id, CancellationToken cancellationToken) => Task.CompletedTask;

    public bool IsConnectedHere(TenantId tenant, DeviceId device) => false;

    public GatewayId? GatewayOf(TenantId tenant, DeviceId device) => Gateway;
}
