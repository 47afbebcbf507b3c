using System.Text.Json;
using System.Text.Json.Serialization;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Demo;

/// <summary>What a demo run ends with. Scripts rely on its shape.</summary>
internal sealed record DemoReport(
    DemoTiers Tiers, long Suppressed, long Aggregated, long Stored, long Waiting, long Duplicates, long Gaps, long Lost, long Unexplained, double? Reduction,
    double? EdgeReduction, double? FogReduction, double? BytesReduction, DemoLatency LatencyMs, bool Balanced, IReadOnlyList<DemoTenant> Tenants, int Leaks)
{
    /// <summary>What the run rolled out; empty when nothing.</summary>
    public IReadOnlyList<DemoRollout> Updates { get; init; } = [];

    /// <param name="leaks">Questions for a neighbour's things that were answered.</param>
    public static DemoReport From(IReadOnlyList<DemoBooks> books, int leaks) => From(DemoBooks.Together(books), books, leaks);

    private static DemoReport From(StatisticsInfo s, IReadOnlyList<DemoBooks> books, int leaks) => new(
        new DemoTiers(DemoTier.From(s.Edge), DemoTier.From(s.Fog), DemoTier.From(s.Cloud)), s.Suppressed, s.Aggregated, s.Stored, s.Waiting, s.Duplicates,
        s.Gaps, s.Lost, s.Unexplained, s.Reduction, s.EdgeReduction, s.FogReduction, s.BytesReduction, DemoLatency.From(s.Immediate), books.All(b => b.Balance), [.. books.Select(DemoTenant.From)], leaks);

    /// <summary>The same for people.</summary>
    public string ToText() =>
        $"""
        {Tiers.Edge.ReadingsIn:N0} readings at the sources
          {Suppressed,12:N0} suppressed by dead bands
          {Aggregated,12:N0} in windows at the cloud
          {Stored,12:N0} stored raw at the cloud
          {Waiting,12:N0} waiting (buffers, open windows)
          {Lost,12:N0} lost ({Gaps:N0} gaps)
        {(Balanced ? "the books balance" : $"THE BOOKS ARE OFF by {Unexplained:N0}")}; {Duplicates:N0} repeats were recognised
        {string.Join('\n', Tenants.Select(t => t.ToText()))}
        reduction in messages: edge {EdgeReduction:P1}, fog {FogReduction:P1}, together {Reduction:P1}; in bytes {BytesReduction:P1}
        each of {Tenants.Count} tenants asked for what its neighbours have: {(Leaks == 0 ? "nothing was found" : $"{Leaks:N0} LEAKS")}
        immediate readings of the slowest tenant, sampled to committed at the cloud, ms: p50 {LatencyMs.P50:0.#}, p95 {LatencyMs.P95:0.#}, p99 {LatencyMs.P99:0.#}{string.Concat(Updates.Select(u => '\n' + u.ToText()))}
        """;
}

/// <summary>A rollout of the run, and how it ended.</summary>
internal sealed record DemoRollout(string Version, string State, int Updated, int Failed, string? Why)
{
    public static DemoRollout From(RolloutInfo rollout) => new(rollout.Version, rollout.State, rollout.Rings.Sum(r => r.Updated), rollout.Rings.Sum(r => r.Failed), rollout.Why);

    public string ToText() => $"agents to {Version}: {State}, {Updated} updated, {Failed} went back or failed{(Why is null ? "" : $"; {Why}")}";
}

/// <summary>One tenant's part of it.</summary>
internal sealed record DemoTenant(
    string Tenant, long ReadingsIn, long Suppressed, long Aggregated, long Stored, long Waiting, long Lost, long Unexplained, double? Reduction, bool Balanced)
{
    public static DemoTenant From(DemoBooks books)
    {
        var s = books.Statistics;
        return new DemoTenant(
            books.Tenant, s.Edge.ReadingsIn, s.Suppressed, s.Aggregated, s.Stored, s.Waiting, s.Lost, s.Unexplained, s.Reduction, books.Balance);
    }

    public string ToText() => $"  {Tenant,-12} {ReadingsIn,10:N0} readings, {Reduction:P1} less at the cloud, {(Balanced ? "balanced" : $"off by {Unexplained:N0}")}";
}

internal sealed record DemoTiers(DemoTier Edge, DemoTier Fog, DemoTier Cloud);

internal sealed record DemoTier(long ReadingsIn, long ReadingsOut, long BytesIn, long BytesOut, long RecordsIn, long RecordsOut)
{
    public static DemoTier From(FlowInfo f) => new(f.ReadingsIn, f.ReadingsOut, f.BytesIn, f.BytesOut, f.RecordsIn, f.RecordsOut);
}

internal sealed record DemoLatency(double? P50, double? P95, double? P99)
{
    public static DemoLatency From(LatencyInfo l) => new(l.P50, l.P95, l.P99);
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(DemoReport))]
internal sealed partial class DemoJson : JsonSerializerContext;
