using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Strata.Core.Dataflow;
using Strata.Core.Tenancy;
using Strata.Node.Devices;
using Strata.Node.Tests.Support;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;

namespace Strata.Node.Tests.Devices;

/// <summary>Events of the fleet are written in order, and of too many the oldest are dropped and counted.</summary>
public sealed class FleetEventWriterTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_raised_is_written_at_once_when_it_is_asked_for_and_of_too_many_the_newest_stay()
    {
        var folder = Directory.CreateTempSubdirectory("strata-events-").FullName;
        await using (var node = await TestNode.StartAsync(database: folder))
            await KeepAsync(node);
        Directory.Delete(folder, recursive: true);
    }

    private static async Task KeepAsync(TestNode node)
    {
        using var events = new FleetEventWriter(
            node.Get<IngestWriter>(), Options.Create(new FleetEventOptions { MaxWaiting = 5_000 }), TimeProvider.System, NullLogger<FleetEventWriter>.Instance);
        for (var i = 0; i < 7_000; i++)
            events.Raise(TenantId.Main, new FleetEvent(1_000_000L + i, "test", null, null, $"{i}"));
        Assert.Equal(2_000, events.Dropped);
        await events.WriteUnwrittenAsync(Cancel);
        var kept = await node.Get<ITelemetryStore>().EventsAsync(TenantId.Main, new EventRange(null, null, null, 10_000), Cancel);
        Assert.Equal(Enumerable.Range(2_000, 5_000).Select(i => $"{i}").Order(), kept.Where(e => e.Event.Kind == "test").Select(e => e.Event.Detail).Order());
        await events.WriteUnwrittenAsync(Cancel); // Nothing waits any more.
        Assert.Equal(2_000, events.Dropped);
    }
}
