using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using static Strata.Telemetry.Tests.Writes;

namespace Strata.Telemetry.Tests;

/// <summary>Bounds: 50 metrics of a device, 3 streams of a source, 4 intervals of a stream; each store of the kit is opened with these.</summary>
public abstract partial class TelemetryStoreTests
{
    [Fact]
    public async Task A_device_with_too_many_metrics_is_refused_and_others_are_not()
    {
        var many = Of(Enumerable.Range(0, 51).Select(i => Number(i, i, Room, MetricName.Parse($"m{i}"))));
        var report = await Commit(many, Of(Number(1, 0, Hall)));
        Assert.Equal((1, 1), (report.Stored, report.Refused));
        Assert.Equal(MessageOutcome.Refused, many.Readings!.Messages[0].Outcome);
        Assert.Equal([Number(1, 0, Hall)], await Read());
    }

    [Fact]
    public async Task Memory_of_numbers_is_bounded_and_forgets_the_lowest_and_the_least_used()
    {
        await Commit(new TelemetryWrite { Tenant = TenantId.Main, Seen = [.. Enumerable.Range(1, 10).Select(i => Stamp(i * 2))] });
        Assert.Equal([(14, 14), (16, 16), (18, 18), (20, 20)], Assert.Single(await Store.ProgressAsync(TenantId.Main, null, Cancel)).Seen);
        await Commit(new TelemetryWrite { Tenant = TenantId.Main, Seen = [Stamp(1, stream: "b"), Stamp(1, stream: "c"), Stamp(22), Stamp(1, stream: "d")] });
        Assert.Equal(["c", "a", "d"], (await Store.ProgressAsync(TenantId.Main, null, Cancel)).Select(p => p.Stream));
        await ReopenAsync();
        Assert.Equal(1, (await Commit(Of(Stamp(22), Number(1, 0)))).Repeated);
        Assert.Equal(1, (await Commit(Of(Stamp(2), Number(1, 0)))).Stored);
    }

    [Fact]
    public async Task Progress_stays_small_however_many_commits_there_were()
    {
        for (var commit = 0; commit < 60; commit++)
            await Commit(new TelemetryWrite
            {
                Tenant = TenantId.Main,
                Seen = [.. Enumerable.Range(0, 500).Select(i => Stamp(commit + 1, source: $"agent-{i}"))],
            });
        var all = await Store.ProgressAsync(TenantId.Main, null, Cancel);
        Assert.Equal(500, all.Count);
        Assert.All(all, p => Assert.Equal([(1, 60)], p.Seen));
        await ReopenAsync();
        Assert.Equal(500, (await Commit(new TelemetryWrite { Tenant = TenantId.Main, Seen = [.. Enumerable.Range(0, 500).Select(i => Stamp(60, source: $"agent-{i}"))] })).Repeated);
    }

    [Fact]
    public async Task What_a_refused_message_named_is_kept_when_another_message_names_it()
    {
        await Commit(Of(Enumerable.Range(0, 51).Select(i => Number(i, i, Room, MetricName.Parse($"m{i}")))));
        await Commit(Of(Number(1, 0, Room, MetricName.Parse("m0"))));
        await Commit(Of(Number(2, 1, Room, MetricName.Parse("m1"))));
        Assert.Equal([1.0, 2], (await Read()).Select(r => r.Value.Number));
        await ReopenAsync();
        Assert.Equal([1.0, 2], (await Read()).Select(r => r.Value.Number));
        Assert.Equal(1, (await Commit(Of(Number(3, 2, Room, MetricName.Parse("m2"))))).Stored);
        Assert.Equal(3, (await Read()).Count);
    }
}
