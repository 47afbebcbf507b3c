using Strata.Fog.Configuration;
using Strata.Fog.Windows;
using Strata.Node.Ingest;

namespace Strata.Fog.Status;

/// <summary>Totals of the tenant since the data folder was new that no store keeps: this run's counters on top of what earlier runs left.</summary>
internal sealed class FlowTotals(IngestCounters counters, SiteConfiguration site)
{
    private FlowState before;

    public long BytesIn => before.BytesIn + counters.Of(site.View.Tenant).PayloadBytes;

    public long Duplicates => before.Duplicates + counters.Of(site.View.Tenant).Duplicates;

    public void Restore(FlowState state) => before = state;

    public FlowState Save() => new(BytesIn, Duplicates);
}
