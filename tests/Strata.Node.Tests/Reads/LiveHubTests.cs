using Microsoft.Extensions.Options;
using Strata.Core.Architecture;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Node.Auth;
using Strata.Node.Devices;
using Strata.Node.Reads.Live;
using Strata.Node.Tests.Support;
using Strata.Telemetry;

namespace Strata.Node.Tests.Reads;

public sealed class LiveHubTests : IDisposable
{
    private static readonly CommitReport Report = new(1, 1, 0, DateTimeOffset.UnixEpoch);

    private readonly DeviceDirectory directory = new();
    private readonly FakeTokens tokens = new();
    private readonly TenantDirectory tenants = new();
    private readonly LiveHub hub;

    public LiveHubTests()
    {
        foreach (var (id, site) in new[] { ("t-1", "hq/floor-1/east"), ("t-2", "hq/floor-2") })
            directory.Set(new DeviceEntry(TenantId.Main, DeviceId.Parse(id), default, SiteId.Parse(site), TimeSpan.FromMinutes(5), true));
        hub = new LiveHub(directory, new ShareDirectory(TimeProvider.System), tokens, tenants, Options.Create(new LiveOptions { MaxClients = 2, MaxWaiting = 16 }));
    }

    [Fact]
    public void A_client_sees_the_readings_of_its_device_only()
    {
        using var client = hub.Subscribe(new LiveFilter(Owner(TenantId.Main), DeviceId.Parse("t-1"), null))!;
        hub.OnCommitted([Readings("t-1", "t-2", "t-1")], Report);
        Assert.Equal(["t-1", "t-1"], Taken(client));
    }

    [Fact]
    public void A_client_of_a_place_sees_all_below_it()
    {
        using var client = hub.Subscribe(new LiveFilter(Owner(TenantId.Main), null, SiteId.Parse("hq/floor-1")))!;
        hub.OnCommitted([Readings("t-1", "t-2", "unknown")], Report);
        Assert.Equal(["t-1"], Taken(client));
    }

    [Fact]
    public void Another_tenant_sees_nothing()
    {
        using var client = hub.Subscribe(new LiveFilter(Owner(TenantId.Parse("other")), null, null))!;
        hub.OnCommitted([Readings("t-1")], Report);
        Assert.Empty(Taken(client));
    }

    [Fact]
    public void A_client_with_a_scope_sees_what_lies_within()
    {
        var manager = tokens.Add("t", new Grant(Role.Viewer, AccessScope.Of([SiteId.Parse("hq/floor-1")])));
        using var client = hub.Subscribe(new LiveFilter(AccessOf(manager, TenantId.Main), null, null))!;
        hub.OnCommitted([Readings("t-1", "t-2", "unknown")], Report);
        var events = new[] { "t-1", "t-2", null }.Select(d => new FleetEvent(0, FleetEventKinds.DeviceSilent, d is null ? null : DeviceId.Parse(d), null, d ?? "all"));
        hub.OnCommitted([new TelemetryWrite { Tenant = TenantId.Main, Events = [.. events.Select(e => new Stamped<FleetEvent>(e, null))] }], Report);
        var windows = new[] { "hq/floor-1/east", "hq/floor-2", "hq" }.Select(s => new WindowRecord($"g-{s.Length}", SiteId.Parse(s), GatewayId.Parse("gw"), 0, 1, 0, 0, 0, []));
        hub.OnCommitted([new TelemetryWrite { Tenant = TenantId.Main, Windows = [.. windows.Select(w => new Stamped<WindowRecord>(w, null))] }], Report);
        var seen = new List<string?>();
        while (client.Items.TryRead(out var item))
            seen.Add(item.Reading?.Device ?? item.Event?.Device ?? item.Window?.Site);
        Assert.Equal(["t-1", "t-1", "hq/floor-1/east"], seen);
    }

    [Fact]
    public void A_clients_stream_ends_with_its_token_and_with_its_tenant()
    {
        var (first, second) = (tokens.Add("a"), tokens.Add("b"));
        using var one = hub.Subscribe(new LiveFilter(AccessOf(first, TenantId.Main), null, null))!;
        using var two = hub.Subscribe(new LiveFilter(AccessOf(second, TenantId.Main), null, null))!;
        tokens.End("a");
        Assert.True(one.Items.Completion.IsCompleted);
        Assert.False(two.Items.Completion.IsCompleted);
        tenants.Set(TenantId.Main, active: false);
        Assert.True(two.Items.Completion.IsCompleted);
    }

    [Fact]
    public void A_token_that_ended_before_its_stream_began_gets_none()
    {
        var gone = tokens.Add("a");
        tokens.End("a");
        using var client = hub.Subscribe(new LiveFilter(AccessOf(gone, TenantId.Main), null, null))!;
        Assert.True(client.Items.Completion.IsCompleted);
    }

    [Fact]
    public void What_was_seen_before_is_not_shown_again()
    {
        using var client = hub.Subscribe(new LiveFilter(Owner(TenantId.Main), null, null))!;
        var write = Readings("t-1");
        write.Readings!.SetOutcome(0, MessageOutcome.Repeated);
        var fleetEvent = new FleetEvent(0, FleetEventKinds.DeviceSilent, null, null, "silent");
        hub.OnCommitted(
            [write, new TelemetryWrite { Tenant = TenantId.Main, Events = [new Stamped<FleetEvent>(fleetEvent, null)] }],
            Report with { RepeatedRecords = new HashSet<object> { fleetEvent } });
        Assert.False(client.Items.TryRead(out _));
    }

    [Fact]
    public void A_client_that_does_not_read_loses_the_oldest_and_is_told_how_many()
    {
        using var client = hub.Subscribe(new LiveFilter(Owner(TenantId.Main), null, null))!;
        hub.OnCommitted([Readings([.. Enumerable.Repeat("t-1", 20), .. Enumerable.Repeat("t-2", 10)])], Report);
        Assert.Equal(14, client.TakeDropped());
        Assert.Equal(0, client.TakeDropped());
        Assert.Equal([.. Enumerable.Repeat("t-1", 6), .. Enumerable.Repeat("t-2", 10)], Taken(client));
    }

    [Fact]
    public void There_is_room_for_so_many_clients_and_again_when_one_leaves()
    {
        var all = new LiveFilter(Owner(TenantId.Main), null, null);
        var first = hub.Subscribe(all)!;
        using var second = hub.Subscribe(all);
        Assert.Null(hub.Subscribe(all));
        first.Dispose();
        Assert.Equal(1, hub.Clients);
        using var third = hub.Subscribe(all);
        Assert.NotNull(third);
    }

    private static string[] Taken(LiveSubscription client)
    {
        client.Complete();
        var devices = new List<string>();
        while (client.Items.TryRead(out var item))
            devices.Add(item.Reading!.Device);
        return [.. devices];
    }

    private static TelemetryWrite Readings(params string[] devices)
    {
        var batch = new ReadingBatch();
        batch.BeginMessage();
        foreach (var device in devices)
            batch.Add(DeviceId.Parse(device), MetricName.Parse("temperature"), 1_700_000_000_000_000, 20);
        batch.EndMessage();
        return new TelemetryWrite { Tenant = TenantId.Main, Readings = batch };
    }

    public void Dispose() => hub.Dispose();

    private Access Owner(TenantId tenant) => AccessOf(Principal.Owner(tenant, "admin"), tenant);

    private Access AccessOf(Principal principal, TenantId tenant) => new(principal, tenant, directory, new GatewayDirectory(), (_, _) => null);
}
