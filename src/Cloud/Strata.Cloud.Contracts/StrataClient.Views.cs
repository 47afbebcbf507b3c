namespace Strata.Cloud.Contracts;

/// <summary>Saved views.</summary>
public sealed partial class StrataClient
{
    /// <summary>Those that are for the caller, and those that it may change.</summary>
    public Task<Page<ViewInfo>> ListViewsAsync(CancellationToken cancellationToken = default) => GetAsync("api/v1/views", Json.PageViewInfo, cancellationToken);

    /// <summary>Views to begin with: of a building's manager, of who looks after energy, of who answers for all of it.</summary>
    public Task<Page<ViewInfo>> ListViewTemplatesAsync(CancellationToken cancellationToken = default) => GetAsync("api/v1/views/templates", Json.PageViewInfo, cancellationToken);

    public Task<ViewInfo> GetViewAsync(string name, CancellationToken cancellationToken = default) => GetAsync($"api/v1/views/{Escape(name)}", Json.ViewInfo, cancellationToken);

    /// <summary>Saves a view, in the place of one of this name.</summary>
    public Task<ViewInfo> SaveViewAsync(string name, SaveView view, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Put, $"api/v1/views/{Escape(name)}", Body(view, Json.SaveView), Json.ViewInfo, cancellationToken);

    public Task DeleteViewAsync(string name, CancellationToken cancellationToken = default) => SendAsync(HttpMethod.Delete, $"api/v1/views/{Escape(name)}", null, cancellationToken);

    /// <summary>The newest values of what a view is of, as the caller may see them; in order of device and metric.</summary>
    public async Task<IReadOnlyList<LatestInfo>> LatestOfAsync(ViewInfo view, CancellationToken cancellationToken = default)
    {
        var pages = await Task.WhenAll(PlacesOf(view).Select(p => ListLatestAsync(null, p, cancellationToken)));
        return
        [
            .. pages.SelectMany(p => p.Items).Where(l => Shows(view, l.Metric)).DistinctBy(l => (l.Device, l.Metric)).OrderBy(l => l.Device, StringComparer.Ordinal)
                .ThenBy(l => l.Metric, StringComparer.Ordinal),
        ];
    }

    /// <summary>The places to ask for what a view is of; a null is all that the caller may see.</summary>
    public static IReadOnlyList<string?> PlacesOf(ViewInfo view)
    {
        ArgumentNullException.ThrowIfNull(view);
        return view.Sites.Count + view.Groups.Count == 0 ? [null] : [.. view.Sites.Concat(view.GroupSites).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Whether a metric is of those that a view shows; of one that names none, all but devices' health.</summary>
    public static bool Shows(ViewInfo view, string metric)
    {
        ArgumentNullException.ThrowIfNull(view);
        return view.Metrics.Count == 0 ? !metric.StartsWith("health.", StringComparison.Ordinal) : view.Metrics.Contains(metric);
    }
}
