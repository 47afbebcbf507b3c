using System.Collections.Immutable;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rows;
using Strata.Core;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Devices.Views;

/// <summary>A view as requests and files say it, as its row keeps it, and as the API shows it.</summary>
internal static class ViewContent
{
    public const string DefaultLast = "1d";

    /// <summary>Reserved: the name of a list beside the views.</summary>
    public const string Templates = "templates";

    /// <summary>The view, or the first thing that is wrong with it.</summary>
    public static Outcome<View> Parse(string name, SaveView put)
    {
        if (!View.IsName(name) || name == Templates)
            return Wrong("name", $"A view's name is a letter or digit, then letters, digits and . _ : -, at most {View.MaxNameLength}, and not '{Templates}'.");
        if (put.Title is not { Length: >= 1 and <= View.MaxTitleLength } title || title.Any(char.IsControl))
            return Wrong("title", $"A view's title has 1 to {View.MaxTitleLength} characters without control characters.");
        if (put.Roles is not { Count: >= 1 and <= View.MaxRoles } roles || roles.Any(r => !Role.IsName(r)))
            return Wrong("roles", $"A view is for 1 to {View.MaxRoles} roles, by their names.");
        if (put.Widgets is not { Count: >= 1 } widgets || widgets.Count > View.WidgetNames.Count || widgets.Distinct().Count() != widgets.Count)
            return Wrong("widgets", $"A view has widgets, each once: {string.Join(", ", View.WidgetNames)}.");
        if (widgets.FirstOrDefault(w => !View.TryParse(w, out _)) is { } unknown)
            return Wrong("widgets", $"'{unknown}' is no widget.{Suggestion.For(unknown, View.WidgetNames)} There are: {string.Join(", ", View.WidgetNames)}.");
        var (metrics, sites, groups) = (put.Metrics ?? [], put.Sites ?? [], put.Groups ?? []);
        if (metrics.Count > View.MaxMetrics || metrics.FirstOrDefault(m => !MetricName.TryParse(m, out _)) is { })
            return Wrong("metrics", $"A view names at most {View.MaxMetrics} metrics, as devices send them.");
        if (sites.Count > AccessScope.MaxItems || sites.FirstOrDefault(s => !SiteId.TryParse(s, out _)) is { })
            return Wrong("sites", $"A view names at most {AccessScope.MaxItems} places, by their paths (hq/floor-1).");
        if (groups.Count > AccessScope.MaxItems || groups.FirstOrDefault(g => !DeviceId.TryParse(g, out _)) is { })
            return Wrong("groups", $"A view names at most {AccessScope.MaxItems} groups, by their ids.");
        if (!DurationText.TryParse(put.Last ?? DefaultLast, out var last) || last < View.LeastTime || last > View.MostTime)
            return Wrong("last", $"A view shows the last {DurationText.Format(View.LeastTime)} to {DurationText.Format(View.MostTime)}: 1h, 1d, 7d.");
        var scope = sites.Count + groups.Count == 0 ? AccessScope.WholeTenant : AccessScope.Of(sites.Select(SiteId.Parse), groups);
        return new View(
            name, title, [.. roles.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)], [.. widgets.Select(w => View.TryParse(w, out var widget) ? widget : default)],
            [.. metrics.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(MetricName.Parse)], scope, last, put.Landing);
    }

    public static View ToView(ViewRow row) => new(
        row.Name, row.Title, row.Roles, [.. row.Widgets.Select(w => View.TryParse(w, out var widget) ? widget : default)], [.. row.Metrics.Select(MetricName.Parse)],
        row.Sites.IsEmpty && row.Groups.IsEmpty ? AccessScope.WholeTenant : AccessScope.Of(row.Sites.Select(SiteId.Parse), row.Groups), row.Last, row.Landing);

    public static ViewRow ToRow(string tenant, View view) => new()
    {
        TenantId = tenant, Name = view.Name, Title = view.Title, Roles = view.Roles, Widgets = [.. view.Widgets.Select(View.NameOf)], Metrics = [.. view.Metrics.Select(m => m.Value)],
        Sites = [.. view.Scope.Sites.Select(s => s.Value)], Groups = view.Scope.Groups, Last = view.Last, Landing = view.IsLanding,
    };

    public static ViewInfo Info(View view, IEnumerable<string> roles, bool managed, RegistryImage image) => new(
        view.Name, view.Title, [.. roles], [.. view.Widgets.Select(View.NameOf)], [.. view.Metrics.Select(m => m.Value)], [.. view.Scope.Sites.Select(s => s.Value)], view.Scope.Groups,
        DurationText.Format(view.Last), view.IsLanding, managed,
        [.. view.Scope.Groups.SelectMany(g => image.Groups.TryGetValue(g, out var row) ? row.Sites.AsEnumerable() : []).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]);

    /// <summary>Views to begin with. What they are of and for is to be said when one is taken.</summary>
    public static ImmutableArray<View> Beginnings { get; } =
    [
        new("building-manager", "Building", ["building-manager"], [ViewWidget.Counts, ViewWidget.Offline, ViewWidget.Latest, ViewWidget.Sites],
            Named("co2", "humidity", "noise", "occupancy", "temperature"), AccessScope.WholeTenant, TimeSpan.FromDays(1), IsLanding: true),
        new("energy-analyst", "Energy", ["energy-analyst"], [ViewWidget.Chart, ViewWidget.Latest],
            Named("current", "energy", "power", "voltage"), AccessScope.WholeTenant, TimeSpan.FromDays(7), IsLanding: true),
        new("executive", "At a glance", ["executive"], [ViewWidget.Counts, ViewWidget.Usage, ViewWidget.Sla, ViewWidget.Costs], [], AccessScope.WholeTenant, TimeSpan.FromDays(30), IsLanding: true),
    ];

    private static ImmutableArray<MetricName> Named(params ReadOnlySpan<string> names) => [.. names.ToArray().Select(MetricName.Parse)];

    private static Problem Wrong(string field, string what) => new(ProblemKind.Invalid, what, field);
}
