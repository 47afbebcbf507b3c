using Strata.Core.Dataflow;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;

namespace Strata.Telemetry.Transfer;

/// <summary>Rows of one or several whole commits of a tenant that arrived at about the same time: what goes from store to store as one commit.</summary>
/// <param name="UpTo">The last commit of the store that it was read from.</param>
/// <param name="Arrived">Microseconds.</param>
/// <param name="Origins">By index in <paramref name="Readings"/>, see <see cref="CommittedRows.Origins"/>.</param>
public sealed record TelemetrySlice(
    long UpTo, long Arrived, IReadOnlyList<Reading> Readings, IReadOnlyDictionary<int, MessageOrigin> Origins, IReadOnlyList<WindowRecord> Windows, IReadOnlyList<FleetEvent> Events,
    IReadOnlyList<GapRecord> Gaps)
{
    private const long Hour = 3_600_000_000;

    public int Rows => Readings.Count + Windows.Count + Events.Count + Gaps.Count;

    /// <summary>As what a store commits.</summary>
    /// <param name="stamp">By which it is taken once; null where it cannot come twice.</param>
    public TelemetryWrite ToWrite(TenantId tenant, SourceStamp? stamp)
    {
        var batch = new ReadingBatch();
        for (var row = 0; row < Readings.Count;)
        {
            var origin = Origins.GetValueOrDefault(row);
            batch.BeginMessage();
            do
                batch.Add(Readings[row++]);
            while (row < Readings.Count && Origins.GetValueOrDefault(row) == origin);
            batch.EndMessage(origin: origin);
        }
        return new TelemetryWrite
        {
            Tenant = tenant, Readings = batch, Windows = [.. Windows.Select(w => new Stamped<WindowRecord>(w, null))], Events = [.. Events.Select(e => new Stamped<FleetEvent>(e, null))],
            Gaps = [.. Gaps.Select(g => new Stamped<GapRecord>(g, null))], Seen = stamp is { } number ? [number] : [], Arrived = Arrived,
        };
    }

    /// <summary>Cuts a page of the feed where an hour ends; what is after a commit is left out.</summary>
    internal static IEnumerable<TelemetrySlice> Cut(CommittedRows page, IReadOnlyList<CommitTime> times, long last)
    {
        var commits = page.Readings.Select(r => r.Commit).Concat(page.Windows.Select(w => w.Commit)).Concat(page.Events.Select(e => e.Commit)).Concat(page.Gaps.Select(g => g.Commit)).Where(c => c <= last).Distinct().Order().ToList();
        int reading = 0, window = 0, happened = 0, gap = 0, at = 0;
        for (var i = 0; i < commits.Count;)
        {
            var arrived = Arrival(commits[i]);
            while (i + 1 < commits.Count && Arrival(commits[i + 1]) / Hour == arrived / Hour)
                arrived = Arrival(commits[++i]);
            var (upTo, first) = (commits[i++], reading);
            var readings = Take(page.Readings, ref reading, upTo);
            var origins = new Dictionary<int, MessageOrigin>();
            for (var row = first; row < reading; row++)
                if (page.Origins.TryGetValue(row, out var origin))
                    origins[row - first] = origin;
            yield return new TelemetrySlice(upTo, arrived, readings, origins, Take(page.Windows, ref window, upTo), Take(page.Events, ref happened, upTo), Take(page.Gaps, ref gap, upTo));
        }

        long Arrival(long commit)
        {
            while (at > 0 && times[at].Commit > commit)
                at--;
            while (at + 1 < times.Count && times[at + 1].Commit <= commit)
                at++;
            return times[at].Time;
        }
    }

    private static List<T> Take<T>(IReadOnlyList<(long Commit, T Row)> rows, ref int next, long upTo)
    {
        var taken = new List<T>();
        while (next < rows.Count && rows[next].Commit <= upTo)
            taken.Add(rows[next++].Row);
        return taken;
    }
}
