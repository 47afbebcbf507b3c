using System.Collections.Immutable;

namespace Strata.Core.Provisioning;

/// <summary>Who may enrol by a group: patterns of registration ids. A denial comes before a permission; an empty list of permissions lets everybody in who is not denied.</summary>
public sealed record AdmissionLists(ImmutableArray<TextPattern> Allow, ImmutableArray<TextPattern> Deny)
{
    public const int MaxPatterns = 1_000;

    public static readonly AdmissionLists Everybody = new([], []);

    /// <summary>Why not; null when it may.</summary>
    public string? WhyNot(string registration)
    {
        if (Deny.FirstOrDefault(p => p.Matches(registration)) is { Text: not null } denied)
            return $"it is on the group's list of those denied ({denied})";
        return Allow.Length == 0 || Allow.Any(p => p.Matches(registration)) ? null : "it is not on the group's list of those allowed";
    }
}
