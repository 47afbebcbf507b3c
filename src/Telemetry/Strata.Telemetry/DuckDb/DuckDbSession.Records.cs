using Strata.Core.Dataflow;

namespace Strata.Telemetry.DuckDb;

/// <summary>The rows of a commit beside the readings.</summary>
internal sealed partial class DuckDbSession
{
    private void Append(TenantEntry tenant, WindowRecord window, long commit)
    {
        var table = Appender("windows", Schema.Windows);
        table.Set(0, tenant.Number);
        table.SetText(1, window.Group);
        table.SetText(2, window.Site.Value);
        table.SetText(3, window.Gateway.Value);
        table.Set(4, window.Start);
        table.Set(5, window.Length);
        table.Set(6, window.Revision);
        table.Set(7, window.Heard);
        table.Set(8, window.Members);
        table.Set(9, window.Metrics.Sum(m => m.Count));
        table.SetText(10, WindowText.Write(window.Metrics));
        table.Set(11, commit);
        table.EndRow();
    }

    private void Append(TenantEntry tenant, FleetEvent fleetEvent, long commit)
    {
        var table = Appender("events", Schema.Events);
        table.Set(0, tenant.Number);
        table.Set(1, ++eventPosition);
        table.Set(2, fleetEvent.Time);
        table.SetText(3, fleetEvent.Kind);
        table.SetText(4, fleetEvent.Device?.Value);
        table.SetText(5, fleetEvent.Gateway?.Value);
        table.SetText(6, fleetEvent.Detail);
        table.Set(7, commit);
        table.EndRow();
    }

    private void Append(TenantEntry tenant, GapRecord gap, long commit, long now)
    {
        Take(tenant, gap.Source, gap.Stream, gap.First, gap.Last);
        var table = Appender("gaps", Schema.Gaps);
        table.Set(0, tenant.Number);
        table.Set(1, ++gapPosition);
        table.Set(2, now);
        table.SetText(3, gap.Source);
        table.SetText(4, gap.Stream);
        table.Set(5, gap.First);
        table.Set(6, gap.Last);
        table.Set(7, gap.Readings);
        table.SetOrNull(8, gap.From);
        table.SetOrNull(9, gap.To);
        table.SetText(10, gap.Reason);
        table.Set(11, commit);
        table.EndRow();
    }

    private void Append(PendingOrigin origin, long commit)
    {
        var table = Appender("origins", Schema.Origins);
        table.Set(0, origin.Tenant.Number);
        table.Set(1, commit);
        table.Set(2, origin.First);
        table.Set(3, origin.Count);
        table.Set(4, origin.Origin.Immediate);
        table.Set(5, origin.Origin.Sampled);
        table.SetText(6, origin.Origin.Gateway?.Value);
        table.EndRow();
    }

    private void AppendNames()
    {
        foreach (var tenant in Catalog.NewTenants)
        {
            var table = Appender("tenants", Schema.Tenants);
            table.Set(0, tenant.Number);
            table.SetText(1, tenant.Id.Value);
            table.EndRow();
        }
        foreach (var series in Catalog.NewSeries)
        {
            var table = Appender("series", Schema.Series);
            table.Set(0, series.Device.Tenant.Number);
            table.Set(1, series.Number);
            table.SetText(2, series.Device.Id.Value);
            table.SetText(3, series.Metric.Value);
            table.EndRow();
        }
        Catalog.NewTenants.Clear();
        Catalog.NewSeries.Clear();
    }

    private void AppendProgress(TenantEntry tenant, string source, string stream, long first, long last, long commit)
    {
        var table = Appender("progress", Schema.Progress);
        table.Set(0, tenant.Number);
        table.SetText(1, source);
        table.SetText(2, stream);
        table.Set(3, first);
        table.Set(4, last);
        table.Set(5, commit);
        table.EndRow();
        progressRows++;
    }
}
