using System.Collections.Immutable;
using Strata.Core.Architecture;

namespace Strata.Core.Tenancy;

/// <summary>
/// Where somebody may do one thing, over all grants: what a list, a count and a single decision are filtered by. Groups count as the places
/// that make them (<see cref="Resolve"/>); an unresolved group covers nothing. Immutable.
/// </summary>
public sealed class Reach
{
    public static readonly Reach Nowhere = new(false, [], []);

    /// <summary>The whole tenant.</summary>
    public static readonly Reach Everywhere = new(true, [], []);

    private Reach(bool isWhole, ImmutableArray<SiteId> sites, ImmutableArray<string> groups) => (IsWhole, Sites, Groups) = (isWhole, sites, groups);

    public bool IsWhole { get; }

    /// <summary>Each with all below it.</summary>
    public ImmutableArray<SiteId> Sites { get; }

    /// <summary>Groups whose members are reached; not resolved yet.</summary>
    public ImmutableArray<string> Groups { get; }

    public bool IsNowhere => !IsWhole && Sites.IsEmpty && Groups.IsEmpty;

    /// <summary>What all these scopes reach together.</summary>
    public static Reach Of(IEnumerable<AccessScope> scopes)
    {
        var sites = ImmutableArray.CreateBuilder<SiteId>();
        var groups = ImmutableArray.CreateBuilder<string>();
        foreach (var scope in scopes)
        {
            if (scope.IsWhole)
                return Everywhere;
            sites.AddRange(scope.Sites);
            groups.AddRange(scope.Groups);
        }
        return sites.Count + groups.Count == 0 ? Nowhere : new Reach(false, sites.ToImmutable(), groups.ToImmutable());
    }

    /// <summary>The same with the groups' places in place of the groups; a group that is not there reaches nothing.</summary>
    public Reach Resolve(Func<string, IReadOnlyList<SiteId>?> placesOfGroup) => Groups.IsEmpty
        ? this
        : new Reach(false, [.. Sites, .. Groups.SelectMany(g => placesOfGroup(g) ?? [])], []);

    /// <summary>Whether a thing in this place is reached; what is nowhere is reached by who reaches the whole tenant.</summary>
    public bool Covers(SiteId? site)
    {
        if (IsWhole)
            return true;
        if (site is not { } at)
            return false;
        foreach (var place in Sites)
        {
            if (place.Contains(at))
                return true;
        }
        return false;
    }

    /// <summary>Whether something that is made of all these places (a group, its windows) is reached: every one of them must be.</summary>
    public bool CoversAll(IReadOnlyList<SiteId> sites)
    {
        if (IsWhole)
            return true;
        for (var i = 0; i < sites.Count; i++)
        {
            if (!Covers(sites[i]))
                return false;
        }
        return sites.Count > 0;
    }

    /// <summary>Whether all of a scope lies within.</summary>
    public bool Covers(AccessScope scope) =>
        IsWhole || (!scope.IsWhole && scope.Sites.All(s => Covers(s)) && scope.Groups.All(g => Groups.Contains(g, StringComparer.Ordinal)));
}
