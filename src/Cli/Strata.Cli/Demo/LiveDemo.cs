using Spectre.Console;
using Spectre.Console.Rendering;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Demo;

/// <summary>The demo with keys and a live table.</summary>
internal sealed class LiveDemo(DemoFleet fleet, DemoUpdate update, IAnsiConsole console, TimeProvider time)
{
    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(500);

    private string message = "";
    private Task updating = Task.CompletedTask;
    private TraceInfo? trace;

    /// <summary>Shows the table until <c>q</c> or Ctrl-C.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var quit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            await console.Live(new Text("starting ...")).AutoClear(false).StartAsync(async live =>
            {
                while (!quit.IsCancellationRequested)
                {
                    await ActOnKeysAsync(quit);
                    live.UpdateTarget(await DrawAsync(quit.Token));
                    await Task.Delay(Refresh, time, quit.Token);
                }
            });
        }
        catch (OperationCanceledException)
        {
            // q or Ctrl-C.
        }
        await quit.CancelAsync();
        await updating.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task ActOnKeysAsync(CancellationTokenSource quit)
    {
        while (Console.KeyAvailable)
        {
            switch (Console.ReadKey(intercept: true).KeyChar)
            {
                case 'o':
                    ToggleUplink();
                    break;
                case 'k':
                    message = "cloud node killed with SIGKILL; starting it again ...";
                    await fleet.KillAndRestartAsync("cloud", quit.Token);
                    message = "cloud node killed with SIGKILL and started again; nothing acknowledged was lost";
                    break;
                case 't':
                    await TraceAsync(quit.Token);
                    break;
                case 'u':
                    message = BeginUpdate(quit.Token);
                    break;
                case 'q':
                    await quit.CancelAsync();
                    return;
            }
        }
    }

    private string BeginUpdate(CancellationToken cancellationToken)
    {
        if (!updating.IsCompleted)
            return "an update is under way";
        updating = UpdateAsync(cancellationToken);
        return $"{fleet.Offices[0].Tenant}'s agents get a new version of themselves, one of them first; then one that is bad on purpose";
    }

    private async Task UpdateAsync(CancellationToken cancellationToken)
    {
        try
        {
            await update.RunAsync(cancellationToken);
            message = "the bad version went no further than the first agent, which is back on the good one by itself";
        }
        catch (Exception e) when (e is HttpRequestException or StrataApiException or CliException)
        {
            message = $"the update: {e.Message}";
        }
    }

    private void ToggleUplink()
    {
        if (fleet.Plug.IsCut)
            fleet.Plug.Restore();
        else
            fleet.Plug.Cut();
        message = fleet.Plug.IsCut
            ? "uplink cut: the gateways go on serving and keep everything; press o again"
            : "uplink restored: the backlog drains in order while live readings pass it";
    }

    private async Task TraceAsync(CancellationToken cancellationToken)
    {
        try
        {
            var office = fleet.Offices[0];
            var device = office.Agents.Keys.First();
            var latest = await office.Client.ListLatestAsync(device, null, cancellationToken);
            var metric = latest.Items.FirstOrDefault(l => l.Metric == "occupancy") ?? latest.Items.FirstOrDefault(l => !l.Metric.StartsWith("health.", StringComparison.Ordinal));
            trace = metric is null ? null : await office.Client.GetTraceAsync(device, metric.Metric, cancellationToken);
            message = trace is null ? "no reading to trace yet" : "";
        }
        catch (Exception e) when (e is HttpRequestException or StrataApiException)
        {
            message = $"the trace could not be asked for: {e.Message}";
        }
    }

    private async Task<IRenderable> DrawAsync(CancellationToken cancellationToken)
    {
        var rows = new List<IRenderable>();
        try
        {
            var books = await fleet.ReadBooksAsync(cancellationToken);
            var stats = DemoBooks.Together(books);
            rows.Add(Tiers(stats));
            rows.Add(Tenants(books));
            rows.Add(new Markup(Books(stats)));
        }
        catch (Exception e) when (e is HttpRequestException or StrataApiException)
        {
            rows.Add(new Markup("[yellow]the cloud node does not answer just now[/]"));
        }
        rows.Add(new Markup($"uplink {(fleet.Plug.IsCut ? "[red]cut[/]" : "[green]up[/]")}   {Markup.Escape(message)}"));
        if (trace is not null)
            rows.Add(Hops(trace));
        if (update.Rollouts.Count > 0)
            rows.Add(Updates());
        rows.Add(new Markup($"dashboard of the platform's owner [link]{Markup.Escape(fleet.Dashboard)}[/] (each opens once)"));
        foreach (var office in fleet.Offices)
            rows.Add(new Markup($"dashboard of {office.Tenant} [link]{Markup.Escape(office.Dashboard)}[/]"));
        rows.Add(new Markup("[bold]o[/] cut or restore the uplink   [bold]k[/] kill -9 and restart the cloud   [bold]t[/] trace a reading   [bold]u[/] update agents   [bold]q[/] quit"));
        return new Rows(rows);
    }

    private Table Updates()
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumns("rollout", "state", "rings", "updated", "failed", "why");
        foreach (var rollout in update.Rollouts.TakeLast(4))
        {
            table.AddRow(
                Markup.Escape(rollout.Name), Markup.Escape(rollout.State), string.Join(" > ", rollout.Rings.Select((r, i) => i == rollout.Ring ? $"[bold]{r.Share:P0}[/]" : $"{r.Share:P0}")),
                $"{rollout.Rings.Sum(r => r.Updated)} of {rollout.Rings.Sum(r => r.Targets)}", $"{rollout.Rings.Sum(r => r.Failed)}", Markup.Escape(rollout.Why ?? ""));
        }
        return table;
    }

    private static Table Tiers(StatisticsInfo stats)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumns("tier", "readings in", "records out", "bytes in", "bytes out", "backlog", "link");
        foreach (var index in Enumerable.Range(1, 5))
            table.Columns[index].RightAligned();
        Row(table, "edge", stats.Edge, stats.Processes.Where(p => p.Tier == "edge"));
        Row(table, "fog", stats.Fog, stats.Processes.Where(p => p.Tier == "fog"));
        Row(table, "cloud", stats.Cloud, []);
        return table;
    }

    private static Table Tenants(IReadOnlyList<DemoBooks> books)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumns("tenant", "readings", "stored", "in windows", "waiting", "reduction");
        foreach (var index in Enumerable.Range(1, 5))
            table.Columns[index].RightAligned();
        foreach (var (tenant, s) in books)
            table.AddRow(tenant, $"{s.Edge.ReadingsIn:N0}", $"{s.Stored:N0}", $"{s.Aggregated:N0}", $"{s.Waiting:N0}", Percent(s.Reduction));
        return table;
    }

    private static void Row(Table table, string tier, FlowInfo flow, IEnumerable<ProcessBooks> processes)
    {
        var list = processes.ToList();
        var link = list.Count == 0 ? "" : list.All(p => p.LinkUp != false) ? "[green]up[/]" : "[red]down[/]";
        table.AddRow(
            tier, $"{flow.ReadingsIn:N0}", $"{flow.RecordsOut:N0}", $"{flow.BytesIn:N0}", $"{flow.BytesOut:N0}",
            list.Count == 0 ? "" : $"{list.Sum(p => p.BacklogEntries):N0}", link);
    }

    private static string Books(StatisticsInfo s) =>
        $"""
        {s.Edge.ReadingsIn:N0} readings = {s.Suppressed:N0} suppressed + {s.Aggregated:N0} in windows + {s.Stored:N0} stored + {s.Waiting:N0} waiting + {s.Lost:N0} lost
        reduction: edge {Percent(s.EdgeReduction)}, fog {Percent(s.FogReduction)}, together {Percent(s.Reduction)}, in bytes {Percent(s.BytesReduction)}
        immediate readings of the slowest tenant, sampled to committed at the cloud: p50 {s.Immediate.P50:0} ms, p99 {s.Immediate.P99:0} ms
        """;

    private static string Percent(double? share) => share is { } s ? s.ToString("P1") : "-";

    private static Table Hops(TraceInfo trace)
    {
        var table = new Table().Border(TableBorder.Simple).Title($"{trace.Device} {trace.Metric} = {trace.Value}")
            .AddColumns("tier", "process", "level", "time in", "spent ms", "what happened");
        foreach (var hop in trace.Hops)
            table.AddRow(hop.Tier, Markup.Escape(hop.Process), hop.Level.ToString(), $"{hop.TimeIn:HH:mm:ss.fff}", $"{hop.SpentMs:0.0}", Markup.Escape(hop.What));
        return table;
    }
}
