using Strata.Core.Architecture;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Telemetry;

namespace Strata.Node.Uplink;

/// <summary>
/// What this node knows of one stream of one gateway: the numbers seen (also as gaps), and the places of its groups. Requests of a stream are
/// parsed side by side and committed one after the other, under <see cref="Turn"/>, which also guards the members.
/// </summary>
internal sealed class UplinkStream
{
    /// <summary>Held from the look at <see cref="Seen"/> until the commit is known: a hole becomes a gap once.</summary>
    public SemaphoreSlim Turn { get; } = new(1, 1);

    /// <summary>Null until loaded from the store.</summary>
    public IntervalSet? Seen { get; private set; }

    public Dictionary<string, SiteId> Sites { get; } = [];

    /// <summary>Loads what the store knows. Within the turn.</summary>
    public async ValueTask<IntervalSet> LoadAsync(ITelemetryStore store, TenantId tenant, GatewayId gateway, string stream, CancellationToken cancellationToken)
    {
        if (Seen is not null)
            return Seen;
        var seen = new IntervalSet();
        foreach (var progress in await store.ProgressAsync(tenant, gateway.Value, cancellationToken))
        {
            if (progress.Stream != stream)
                continue;
            foreach (var (first, last) in progress.Seen)
                seen.Add(first, last);
        }
        const int page = 1000;
        long? before = null;
        while (true)
        {
            var gaps = await store.GapsAsync(tenant, gateway.Value, before, page, cancellationToken);
            foreach (var gap in gaps)
            {
                if (gap.Gap.Stream == stream)
                    seen.Add(gap.Gap.First, gap.Gap.Last);
            }
            if (gaps.Count < page)
                return Seen = seen;
            before = gaps[^1].Position;
        }
    }
}

/// <summary>The streams heard lately. Bounded: of a gateway the newest four, of all gateways those of the directory.</summary>
internal sealed class UplinkStreams
{
    private const int StreamsPerGateway = 4;

    private readonly Lock gate = new();
    private readonly Dictionary<(TenantId, GatewayId), List<(string Name, UplinkStream Stream)>> streams = [];

    public UplinkStream Get(TenantId tenant, GatewayId gateway, string name)
    {
        lock (gate)
        {
            if (!streams.TryGetValue((tenant, gateway), out var list))
                streams[(tenant, gateway)] = list = [];
            var at = list.FindIndex(s => s.Name == name);
            var found = at >= 0 ? list[at] : (Name: name, Stream: new UplinkStream());
            if (at >= 0)
                list.RemoveAt(at);
            else if (list.Count == StreamsPerGateway)
                list.RemoveAt(0);
            list.Add(found);
            return found.Stream;
        }
    }

    public void Remove(TenantId tenant, GatewayId gateway)
    {
        lock (gate)
            streams.Remove((tenant, gateway));
    }
}
