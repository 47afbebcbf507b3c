using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Strata.Core.Tenancy;
using Strata.Mqtt;
using Strata.Node.Devices;
using Strata.Node.Metering;
using Strata.Node.Tests.Support;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;

namespace Strata.Node.Tests.Operations;

/// <summary>What was metered and whose commit nobody knows the outcome of.</summary>
public sealed class MeterWriterTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <param name="stored">What the store did before it said that it knows no outcome.</param>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task After_a_commit_of_unknown_outcome_it_is_written_as_it_was_and_counts_once(bool stored)
    {
        var folder = Directory.CreateTempSubdirectory("strata-meter-").FullName;
        await using (var node = await TestNode.StartAsync(database: folder))
        await using (var store = new UnsureStore(node.Get<ITelemetryStore>()))
        await using (var writer = new IngestWriter(
            store, new IngestOptions { ProbeDelay = TimeSpan.FromMilliseconds(10) }, [], node.Get<IngestMetrics>(), TimeProvider.System, NullLogger<IngestWriter>.Instance))
        {
            await writer.StartAsync(Cancel);
            var meter = new Meter();
            using var counting = WriterOf(node, meter, store, writer);
            var acme = TenantId.Parse("acme");
            var other = meter.Of(acme);
            Call(3);
            store.Unsure = stored ? Unsure.Stored : Unsure.NotStored;
            await Assert.ThrowsAsync<TelemetryStoreException>(() => counting.WriteAsync(Cancel));
            store.Unsure = Unsure.No;
            Call(2); // Not part of what is sent again.
            await RecoveredAsync(writer).WaitAsync(TestNode.Patience, Cancel);
            await counting.WriteAsync(Cancel);
            Assert.Equal(3, await CallsAsync());
            await counting.WriteAsync(Cancel);
            Assert.Equal(5, await CallsAsync());
            await counting.WriteAsync(Cancel);
            Assert.Equal(5, await CallsAsync());

            void Call(int times)
            {
                for (var i = 0; i < times; i++)
                    other.Called();
            }

            async Task<long> CallsAsync()
            {
                var now = TimeProvider.System.GetUtcNow();
                return (await store.UsageAsync(acme, now.AddHours(-2), now.AddHours(1), Cancel)).Sum(h => h.ApiCalls);
            }
        }
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Tenants_that_were_used_in_the_same_second_share_a_commit()
    {
        await using var node = await TestNode.StartAsync();
        var store = node.Store;
        var commits = new Commits();
        await using var writer = new IngestWriter(store, new IngestOptions(), [commits], node.Get<IngestMetrics>(), TimeProvider.System, NullLogger<IngestWriter>.Instance);
        await writer.StartAsync(Cancel);
        var meter = new Meter();
        using var counting = WriterOf(node, meter, store, writer);
        for (var i = 0; i < 40; i++)
            meter.Of(TenantId.Parse($"acme-{i}")).Called();
        store.Hold();
        var written = counting.WriteAsync(Cancel);
        await store.Entered;
        store.Release();
        await written.WaitAsync(TestNode.Patience, Cancel);
        Assert.Equal(40, commits.Writes.Sum());
        // What came while the first was held came together.
        Assert.InRange(commits.Writes.Count, 1, 2);
    }

    private static MeterWriter WriterOf(TestNode node, Meter meter, ITelemetryStore store, IngestWriter writer) => new(
        meter, node.Get<MqttBroker>(), node.Get<DeviceDirectory>(), store, writer, new QuotaWatch(node.Get<IFleetEvents>(), new Lazy<MqttBroker>(node.Get<MqttBroker>), TimeProvider.System), Options.Create(new MeterOptions()),
        TimeProvider.System, NullLogger<MeterWriter>.Instance);

    private static async Task RecoveredAsync(IngestWriter writer)
    {
        while (!writer.CanCommit)
            await Task.Yield();
    }

    /// <summary>How many writes each commit had.</summary>
    private sealed class Commits : ICommitObserver
    {
        public List<int> Writes { get; } = [];

        public void OnCommitted(IReadOnlyList<TelemetryWrite> writes, CommitReport report) => Writes.Add(writes.Count);
    }
}
