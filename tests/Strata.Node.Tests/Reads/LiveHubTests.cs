using Microsoft.Extensions.Options;
using Strata.Core.Architecture;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Node.Devices;
using Strata.Node.Reads.Live;
using Strata.Telemetry;

namespace Strata.Node.Tests.Reads;

public sealed class LiveHubTests
{
    private static readonly CommitReport Report = new(1, 1, 0, DateTimeOffset.UnixEpoch);

    private readonly DeviceDirectory directory = new();
    private readonly LiveHub hub;

    public LiveHubTests()
    {
        foreach (var (id, site) in new[] { ("t-1", "hq/floor-1/east"), ("t-2", "hq/floor-2") })
            directory.Set(new DeviceEntry(TenantId.Main, DeviceId.Parse(id), default, SiteId.Parse(site), TimeSpan.FromMinutes(5), true));
        hub = new LiveHub(directory, Options.Create(new LiveOptions { MaxClients = 2, MaxWaiting = 16 }));
    }

    [Fact]
    public void A_client_sees_the_readings_of_its_device_only()
    {
        using var client = hub.Subscribe(new LiveFilter(TenantId.Main, DeviceId.Parse("t-1"), null))!;
        hub.OnCommitted([Readings("t-1", "t-2", "t-1")], Report);
        Assert.Equal(["t-1", "t-1"], Taken(client));
    }

    [Fact]
    public void A_client_of_a_place_sees_all_below_it()
    {
        using var client = hub.Subscribe(new LiveFilter(TenantId.Main, null, SiteId.Parse("hq/floor-1")))!;
        hub.OnCommitted([Readings("t-1", "t-2", "unknown")], Report);
        Assert.Equal(["t-1"], Taken(client));
    }

    [Fact]
    public void Another_tenant_sees_nothing()
    {
        using var client = hub.Subscribe(new LiveFilter(TenantId.Parse("other"), null, null))!;
        hub.OnCommitted([Readings("t-1")], Report);
        Assert.Empty(Taken(client));
    }

    [Fact]
    public void What_was_seen_before_is_not_shown_again()
    {
        using var client = hub.Subscribe(new LiveFilter(TenantId.Main, null, null))!;
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
        using var client = hub.Subscribe(new LiveFilter(TenantId.Main, null, null))!;
        hub.OnCommitted([Readings([.. Enumerable.Repeat("t-1", 20), .. Enumerable.Repeat("t-2", 10)])], Report);
        Assert.Equal(14, client.TakeDropped());
        Assert.Equal(0, client.TakeDropped());
        Assert.Equal([.. Enumerable.Repeat("t-1", 6), .. Enumerable.Repeat("t-2", 10)], Taken(client));
    }

    [Fact]
    public void There_is_room_for_so_many_clients_and_again_when_one_leaves()
    {
        var all = new LiveFilter(TenantId.Main, null, null);
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
}
