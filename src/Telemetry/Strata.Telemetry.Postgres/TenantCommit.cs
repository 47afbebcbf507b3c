using Strata.Core.Dataflow;
using Strata.Core.Telemetry;

namespace Strata.Telemetry.Postgres;

/// <summary>What one commit writes for one tenant. Reused from commit to commit.</summary>
internal sealed class TenantCommit
{
    public List<PendingRow> Rows { get; } = [];

    /// <summary>Made since the last commit that wrote them; a refused message's are kept until there is a commit to go with.</summary>
    public List<SeriesState> NewSeries { get; } = [];

    public List<PendingOrigin> Origins { get; } = [];

    public List<WindowRecord> Windows { get; } = [];

    public List<(long Position, FleetEvent Event)> Events { get; } = [];

    public List<(long Position, GapRecord Gap)> Gaps { get; } = [];

    /// <summary>Sources whose numbers changed.</summary>
    public HashSet<string> Sources { get; } = new(StringComparer.Ordinal);

    /// <summary>Keys of rows that are not later than all before them, with the first such row: each may be a repeat.</summary>
    public Dictionary<(SeriesState Series, long Time), PendingRow> Late { get; } = [];

    public bool IsEmpty => Rows.Count + Windows.Count + Events.Count + Gaps.Count + Sources.Count == 0;

    public void Clear()
    {
        Rows.Clear();
        Origins.Clear();
        Windows.Clear();
        Events.Clear();
        Gaps.Clear();
        Sources.Clear();
        Late.Clear();
    }
}

/// <param name="IsLate">Not later than all rows of its series before it.</param>
/// <param name="Usage">Where the reading is metered.</param>
internal readonly record struct PendingRow(ReadingBatch Batch, int Row, SeriesState Series, bool IsLate, UsageCounter Usage);

internal readonly record struct PendingOrigin(MessageOrigin Origin, int First, int Count);
