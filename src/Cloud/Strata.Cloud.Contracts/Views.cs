namespace Strata.Cloud.Contracts;

/// <summary>A saved view: what of a tenant is shown on one page, as its reader may see it.</summary>
/// <param name="Roles">Those that it is for; only the reader's own, unless he may change it.</param>
/// <param name="Widgets">What stands on its page, in order: <c>counts</c>, <c>sites</c>, <c>offline</c>, <c>latest</c>, <c>chart</c>, <c>usage</c>, <c>sla</c>, <c>costs</c>.</param>
/// <param name="Metrics">Empty: all.</param>
/// <param name="Sites">Places with all below; without places and groups, all that the reader may see.</param>
/// <param name="Last">The time before now that it shows: <c>1h</c>, <c>1d</c>, <c>7d</c>.</param>
/// <param name="Landing">Whether its roles see it first.</param>
/// <param name="GroupSites">The places that make the groups.</param>
/// <param name="Managed">Whether the reader may change it.</param>
public sealed record ViewInfo(
    string Name, string Title, IReadOnlyList<string> Roles, IReadOnlyList<string> Widgets, IReadOnlyList<string> Metrics, IReadOnlyList<string> Sites, IReadOnlyList<string> Groups, string Last,
    bool Landing, bool Managed, IReadOnlyList<string> GroupSites);

/// <summary>What a view is to be; null is the default of <see cref="ViewInfo"/>'s field.</summary>
/// <param name="Last">5 minutes to 366 days; <c>1d</c> when null.</param>
public sealed record SaveView(
    string Title, IReadOnlyList<string> Roles, IReadOnlyList<string> Widgets, IReadOnlyList<string>? Metrics = null, IReadOnlyList<string>? Sites = null, IReadOnlyList<string>? Groups = null,
    string? Last = null, bool Landing = false);
