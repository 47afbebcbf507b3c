using System.Collections.Immutable;
using Strata.Core.Architecture;

namespace Strata.Core.Tenancy;

/// <summary>Where a role holds: in the whole tenant, or in the subtrees of some places and the members of some groups. Never in none.</summary>
public sealed class AccessScope : IEquatable<AccessScope>
{
    /// <summary>More places, or more groups, make no scope.</summary>
    public const int MaxItems = 64;

    /// <summary>The whole tenant.</summary>
    public static readonly AccessScope WholeTenant = new([], []);

    private AccessScope(ImmutableArray<SiteId> sites, ImmutableArray<string> groups) => (Sites, Groups) = (sites, groups);

    /// <summary>Each with all below it; in order, none inside another.</summary>
    public ImmutableArray<SiteId> Sites { get; }

    /// <summary>Ids of groups, in order.</summary>
    public ImmutableArray<string> Groups { get; }

    public bool IsWhole => Sites.IsEmpty && Groups.IsEmpty;

    /// <exception cref="ArgumentException">Neither a place nor a group is named, or more than <see cref="MaxItems"/>: a scope that was forgotten must not be the whole tenant.</exception>
    public static AccessScope Of(IEnumerable<SiteId> sites, IEnumerable<string>? groups = null)
    {
        var places = sites.Distinct().OrderBy(s => s.Value, StringComparer.Ordinal).ToList();
        var members = (groups ?? []).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToImmutableArray();
        if (places.Count + members.Length == 0 || places.Exists(p => p.Value.Length == 0) || members.Any(string.IsNullOrEmpty) || places.Count > MaxItems || members.Length > MaxItems)
            throw new ArgumentException($"A scope names 1 to {MaxItems} places or groups.", nameof(sites));
        return new AccessScope([.. places.Where(p => !places.Exists(other => other != p && other.Contains(p)))], members);
    }

    public bool Equals(AccessScope? other) => other is not null && Sites.AsSpan().SequenceEqual(other.Sites.AsSpan()) && Groups.AsSpan().SequenceEqual(other.Groups.AsSpan());

    public override bool Equals(object? obj) => Equals(obj as AccessScope);

    public override int GetHashCode() => HashCode.Combine(Sites.Length, Groups.Length, Sites.IsEmpty ? default : Sites[0]);

    public override string ToString() => IsWhole ? "whole tenant" : string.Join(", ", Sites.Select(s => s.Value).Concat(Groups.Select(g => $"group {g}")));
}
