using System.Collections.Immutable;
using Strata.Core.Architecture;
using Strata.Core.Telemetry;

namespace Strata.Core.Tenancy;

/// <summary>A part of a view's page.</summary>
public enum ViewWidget
{
    /// <summary><c>counts</c>: places, gateways and devices, and how many are heard.</summary>
    Counts,

    /// <summary><c>sites</c>: places with their devices.</summary>
    Sites,

    /// <summary><c>offline</c>: devices that are not heard.</summary>
    Offline,

    /// <summary><c>latest</c>: the newest value of each metric.</summary>
    Latest,

    /// <summary><c>chart</c>: windows of groups; means of the readings where there are none.</summary>
    Chart,

    /// <summary><c>usage</c>: what the tenant has used this month.</summary>
    Usage,

    /// <summary><c>sla</c>: what was promised this month and what was measured.</summary>
    Sla,

    /// <summary><c>costs</c>: this month's statement.</summary>
    Costs,
}

/// <summary>
/// A saved view: what of a tenant is shown on one page, and to whom. It gives nobody anything: its page asks with the right of its reader. Immutable.
/// </summary>
/// <param name="Roles">Names of the roles that it is for, in order; there need not be such a role yet.</param>
/// <param name="Widgets">In the order of the page.</param>
/// <param name="Metrics">In order; none is all.</param>
/// <param name="Scope">What it is of; <see cref="AccessScope.WholeTenant"/> is all that its reader may see.</param>
/// <param name="Last">The time before now that it shows.</param>
/// <param name="IsLanding">Whether its roles see it first.</param>
public sealed record View(
    string Name, string Title, ImmutableArray<string> Roles, ImmutableArray<ViewWidget> Widgets, ImmutableArray<MetricName> Metrics, AccessScope Scope, TimeSpan Last, bool IsLanding)
{
    public const int MaxNameLength = 64;
    public const int MaxTitleLength = 100;
    public const int MaxRoles = 16;
    public const int MaxMetrics = 32;

    public static readonly TimeSpan LeastTime = TimeSpan.FromMinutes(5);
    public static readonly TimeSpan MostTime = TimeSpan.FromDays(366);

    private static readonly ImmutableArray<(ViewWidget Widget, string Name)> Names = [.. Enum.GetValues<ViewWidget>().Select(w => (w, w.ToString().ToLowerInvariant()))];

    /// <summary>What widgets are called in API and files.</summary>
    public static IReadOnlyList<string> WidgetNames { get; } = [.. Names.Select(n => n.Name)];

    public static string NameOf(ViewWidget widget) => Names[(int)widget].Name;

    public static bool TryParse(string? name, out ViewWidget widget)
    {
        var at = WidgetNames.ToList().IndexOf(name ?? "");
        widget = (ViewWidget)Math.Max(at, 0);
        return at >= 0;
    }

    /// <summary>Whether a view may have this name: a letter or digit, then letters, digits and <c>. _ : -</c>, at most 64.</summary>
    public static bool IsName(string? text) => NameRule.IsValid(text, MaxNameLength, allowSpace: false);

    /// <summary>Whether it is for somebody: one of his roles is named. To others it is not there.</summary>
    public bool IsFor(Principal reader) => reader.Grants.Any(g => Roles.Contains(g.Role.Name, StringComparer.Ordinal));

    /// <summary>
    /// As somebody sees it who reaches this: without the places and groups beyond it, and with his own places where it names one that holds them. Null when nothing is left.
    /// </summary>
    /// <param name="reach">Groups resolved.</param>
    /// <param name="placesOfGroup">The places that make a group; null when there is no such group.</param>
    public View? Within(Reach reach, Func<string, IReadOnlyList<SiteId>?> placesOfGroup)
    {
        if (Scope.IsWhole || reach.IsWhole)
            return this;
        List<SiteId> sites = [.. Scope.Sites.SelectMany(s => reach.Covers(s) ? [s] : reach.Sites.Where(own => s.Contains(own)))];
        List<string> groups = [.. Scope.Groups.Where(g => placesOfGroup(g) is { } places && reach.CoversAll(places))];
        return sites.Count + groups.Count == 0 ? null : this with { Scope = AccessScope.Of(sites.Take(AccessScope.MaxItems), groups) };
    }
}
