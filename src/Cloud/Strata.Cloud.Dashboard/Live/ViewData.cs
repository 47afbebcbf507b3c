using System.Globalization;
using System.Net;
using System.Text;
using Strata.Cloud.Contracts;
using Strata.Cloud.Dashboard.Parts;

namespace Strata.Cloud.Dashboard.Live;

/// <summary>What a view's page shows, read with the right of its reader. What he may not see is not there, and is said.</summary>
internal sealed class ViewData(ViewInfo view, StrataClient client)
{
    private const int MaxItems = 1_000;
    private const int MaxSteps = 200;

    private static readonly string[] Slow = ["chart", "usage", "sla", "costs"];

    public ViewInfo View => view;

    public IReadOnlyList<SiteInfo> Sites { get; private set; } = [];

    public IReadOnlyList<DeviceInfo> Devices { get; private set; } = [];

    /// <summary>Whether there are more devices than were read.</summary>
    public bool HasMoreDevices { get; private set; }

    public IReadOnlyList<GatewayInfo> Gateways { get; private set; } = [];

    public IReadOnlyList<LatestInfo> Latest { get; private set; } = [];

    /// <summary>One chart a metric.</summary>
    public IReadOnlyList<(string Metric, IReadOnlyList<LinesChart.Line> Lines, int LeftOut, string Of)> Charts { get; private set; } = [];

    public UsageInfo? Usage { get; private set; }

    public SlaReportInfo? Sla { get; private set; }

    public StatementInfo? Statement { get; private set; }

    /// <summary>Widgets whose data the reader may not see.</summary>
    public HashSet<string> Refused { get; } = [];

    /// <summary>What changes by the second.</summary>
    public async Task ReadAsync(CancellationToken cancellationToken)
    {
        foreach (var widget in view.Widgets.Except(Slow))
            await TryAsync(widget, () => ReadAsync(widget, cancellationToken));
    }

    /// <summary>What changes by the minute or hour.</summary>
    public async Task ReadSlowAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        foreach (var widget in view.Widgets.Intersect(Slow))
        {
            await TryAsync(widget, async () =>
            {
                switch (widget)
                {
                    case "chart":
                        Charts = await ReadChartsAsync(now - Length(view.Last), now, cancellationToken);
                        break;
                    case "usage":
                        Usage = await client.GetUsageAsync($"{Month(now)}-01T00:00:00Z", null, null, false, cancellationToken);
                        break;
                    case "sla":
                        Sla = await client.GetSlaReportAsync(Month(now), cancellationToken);
                        break;
                    default:
                        Statement = await ReadStatementAsync(Month(now), cancellationToken);
                        break;
                }
            });
        }
    }

    /// <summary>The charts' figures, as lines of CSV.</summary>
    public string Csv()
    {
        var text = new StringBuilder("time,metric,of,value\n");
        foreach (var (metric, lines, _, _) in Charts)
        {
            foreach (var line in lines)
            {
                foreach (var (time, value) in line.Points)
                    text.Append(CultureInfo.InvariantCulture, $"{time.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'},{metric},{line.Name},{value:R}\n");
            }
        }
        return text.ToString();
    }

    /// <summary>The time of a view: <c>90m</c>, <c>1d</c>, as the API writes it: one number and one unit.</summary>
    public static TimeSpan Length(string last) => last switch
    {
        [.. var number, 'm', 's'] => TimeSpan.FromMilliseconds(Number(number)),
        [.. var number, 's'] => TimeSpan.FromSeconds(Number(number)),
        [.. var number, 'm'] => TimeSpan.FromMinutes(Number(number)),
        [.. var number, 'h'] => TimeSpan.FromHours(Number(number)),
        [.. var number, 'd'] => TimeSpan.FromDays(Number(number)),
        _ => TimeSpan.FromDays(1),
    };

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private static string Month(DateTimeOffset now) => now.UtcDateTime.ToString("yyyy-MM", CultureInfo.InvariantCulture);

    private async Task ReadAsync(string widget, CancellationToken cancellationToken)
    {
        switch (widget)
        {
            case "latest":
                Latest = await client.LatestOfAsync(view, cancellationToken);
                break;
            case "sites":
                Sites = [.. (await client.ListSitesAsync(limit: MaxItems, cancellationToken: cancellationToken)).Items.Where(s => IsOf(s.Path))];
                break;
            default:
                await ReadDevicesAsync(cancellationToken);
                if (widget == "counts")
                {
                    Gateways = (await EachAsync(p => client.ListGatewaysAsync(p, limit: MaxItems, cancellationToken: cancellationToken))).SelectMany(p => p.Items).DistinctBy(g => g.Id).ToList();
                    Sites = [.. (await client.ListSitesAsync(limit: MaxItems, cancellationToken: cancellationToken)).Items.Where(s => IsOf(s.Path))];
                }
                break;
        }
    }

    private async Task ReadDevicesAsync(CancellationToken cancellationToken)
    {
        var pages = await EachAsync(p => client.ListDevicesAsync(site: p, limit: MaxItems, cancellationToken: cancellationToken));
        Devices = [.. pages.SelectMany(p => p.Items).DistinctBy(d => d.Id).Where(d => d.State != "decommissioned").OrderBy(d => d.Id, StringComparer.Ordinal)];
        HasMoreDevices = pages.Any(p => p.Next is not null);
    }

    /// <summary>Windows of the groups; of a metric that has none, means of the devices' readings.</summary>
    private async Task<List<(string, IReadOnlyList<LinesChart.Line>, int, string)>> ReadChartsAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        var pages = view.Groups.Count > 0
            ? await Task.WhenAll(view.Groups.Select(g => client.ListWindowsAsync(group: g, from: from, limit: 10_000, cancellationToken: cancellationToken)).Concat(view.Sites.Select(s => client.ListWindowsAsync(s, from: from, limit: 10_000, cancellationToken: cancellationToken))))
            : await EachAsync(p => client.ListWindowsAsync(p, from: from, limit: 10_000, cancellationToken: cancellationToken));
        var windows = pages.SelectMany(p => p.Items).DistinctBy(w => (w.Group, w.Start)).ToList();
        var latest = await client.LatestOfAsync(view, cancellationToken);
        var metrics = view.Metrics.Count > 0 ? view.Metrics : [.. windows.SelectMany(w => w.Metrics.Keys).Concat(latest.Select(l => l.Metric)).Where(m => StrataClient.Shows(view, m)).Distinct().Order(StringComparer.Ordinal).Take(4)];
        var charts = new List<(string, IReadOnlyList<LinesChart.Line>, int, string)>();
        foreach (var metric in metrics)
        {
            List<LinesChart.Line> lines =
            [
                .. windows.Where(w => w.Metrics.ContainsKey(metric)).GroupBy(w => w.Group).OrderBy(g => g.Key, StringComparer.Ordinal)
                    .Select(g => new LinesChart.Line(g.Key, [.. g.OrderBy(w => w.Start).Select(w => (w.Start + w.Length / 2, w.Metrics[metric].Mean))])),
            ];
            var of = "windows";
            if (lines.Count == 0)
                (lines, of) = (await ReadMeansAsync(metric, [.. latest.Where(l => l.Metric == metric).Select(l => l.Device)], from, to, cancellationToken), "means");
            if (lines.Count > 0)
                charts.Add((metric, lines.Take(LinesChart.Most).ToList(), Math.Max(0, lines.Count - LinesChart.Most), of));
        }
        return charts;
    }

    private async Task<List<LinesChart.Line>> ReadMeansAsync(string metric, IReadOnlyList<string> devices, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        if (devices.Count == 0)
            return [];
        var step = Math.Max(60, (int)Math.Ceiling((to - from).TotalSeconds / MaxSteps / 60) * 60);
        var page = await client.AggregateReadingsAsync(
            new ReadingsQuery { Devices = [.. devices.Take(50)], Metrics = [metric], From = from, To = to, Every = $"{step}s", Aggregate = "avg", Limit = 10_000 }, cancellationToken);
        return
        [
            .. page.Items.Where(a => a.Values is [{ }, ..]).GroupBy(a => a.Device).OrderBy(g => g.Key, StringComparer.Ordinal)
                .Select(g => new LinesChart.Line(g.Key, [.. g.OrderBy(a => a.Time).Select(a => (a.Time, a.Values[0]!.Value))])),
        ];
    }

    private async Task<StatementInfo?> ReadStatementAsync(string month, CancellationToken cancellationToken)
    {
        try
        {
            return await client.GetStatementAsync(month, cancellationToken: cancellationToken);
        }
        catch (StrataApiException e) when (e.StatusCode == HttpStatusCode.NotFound)
        {
            return null; // The tenant has no price plan.
        }
    }

    private async Task TryAsync(string widget, Func<Task> read)
    {
        try
        {
            await read();
            Refused.Remove(widget);
        }
        catch (StrataApiException e) when (e.StatusCode == HttpStatusCode.Forbidden)
        {
            Refused.Add(widget);
        }
    }

    private Task<T[]> EachAsync<T>(Func<string?, Task<T>> read) => Task.WhenAll(StrataClient.PlacesOf(view).Select(read));

    private bool IsOf(string path) => StrataClient.PlacesOf(view).Any(p => p is null || path == p || path.StartsWith(p + "/", StringComparison.Ordinal));
}
