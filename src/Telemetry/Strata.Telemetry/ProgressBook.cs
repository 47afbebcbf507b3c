using Strata.Core.Dataflow;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;

namespace Strata.Telemetry;

/// <summary>
/// Which numbers were seen of each source and stream. Bounded: of a source the streams used last are remembered, of a stream the highest intervals. A number that was forgotten
/// and comes again is stored again (at least once), never lost. Not safe for use by two threads at once.
/// </summary>
internal sealed class ProgressBook(int maxStreamsPerSource, int maxIntervalsPerStream)
{
    private readonly Dictionary<(TenantId Tenant, string Source), List<StreamProgress>> sources = [];

    /// <summary>Intervals held.</summary>
    public int Intervals { get; private set; }

    public bool Contains(TenantId tenant, SourceStamp stamp) =>
        Find(tenant, stamp.Source, stamp.Stream) is { } stream && stream.Seen.Contains(stamp.Number);

    public bool Contains(TenantId tenant, string source, string stream, long first, long last) =>
        Find(tenant, source, stream) is { } found && !found.Seen.Missing(first, last).Any();

    public void Add(TenantId tenant, string source, string stream, long first, long last)
    {
        var seen = GetOrAdd(tenant, source, stream).Seen;
        Intervals -= seen.Intervals.Count;
        seen.Add(first, last);
        if (seen.Intervals.Count > maxIntervalsPerStream)
            seen.Remove(seen.Intervals[0].First, seen.Intervals[0].Last);
        Intervals += seen.Intervals.Count;
    }

    /// <summary>Forgets what was seen of a tenant's sources.</summary>
    public void Remove(TenantId tenant)
    {
        foreach (var key in sources.Keys.Where(k => k.Tenant == tenant).ToList())
        {
            Intervals -= sources[key].Sum(s => s.Seen.Intervals.Count);
            sources.Remove(key);
        }
    }

    /// <summary>The streams of a source, the one used last at the end.</summary>
    public IEnumerable<SourceProgress> StreamsOf(TenantId tenant, string source) =>
        sources.GetValueOrDefault((tenant, source), []).Select(stream => new SourceProgress(source, stream.Name, stream.Seen.Intervals));

    public IReadOnlyList<SourceProgress> Copy() =>
    [
        .. from s in sources
           orderby s.Key.Source
           from stream in s.Value
           select new SourceProgress(s.Key.Source, stream.Name, [.. stream.Seen.Intervals]),
    ];

    /// <summary>Everything, streams in the order of their last use: written in this order, they are read in this order.</summary>
    public IEnumerable<(TenantId Tenant, string Source, string Stream, long First, long Last)> All() =>
        from s in sources
        from stream in s.Value
        from interval in stream.Seen.Intervals
        select (s.Key.Tenant, s.Key.Source, stream.Name, interval.First, interval.Last);

    private StreamProgress? Find(TenantId tenant, string source, string stream)
    {
        if (!sources.TryGetValue((tenant, source), out var streams))
            return null;
        foreach (var candidate in streams)
            if (candidate.Name == stream)
                return candidate;
        return null;
    }

    private StreamProgress GetOrAdd(TenantId tenant, string source, string stream)
    {
        if (!sources.TryGetValue((tenant, source), out var streams))
            sources[(tenant, source)] = streams = [];
        var at = streams.FindIndex(s => s.Name == stream);
        if (at >= 0 && at == streams.Count - 1)
            return streams[at];
        var found = at < 0 ? new StreamProgress(stream) : streams[at];
        if (at >= 0)
            streams.RemoveAt(at);
        streams.Add(found);
        if (streams.Count > maxStreamsPerSource)
        {
            Intervals -= streams[0].Seen.Intervals.Count;
            streams.RemoveAt(0);
        }
        return found;
    }

    private sealed record StreamProgress(string Name)
    {
        public IntervalSet Seen { get; } = new();
    }
}
