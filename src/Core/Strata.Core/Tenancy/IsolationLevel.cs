using System.Diagnostics.CodeAnalysis;

namespace Strata.Core.Tenancy;

/// <summary>How far a tenant's data is kept from that of others. Each level has what the levels before it have.</summary>
public enum IsolationLevel
{
    /// <summary>Shared database; every query is bound to its tenant.</summary>
    Logical,

    /// <summary>Secrets and personal fields are encrypted with a key of the tenant's own.</summary>
    Encrypted,

    /// <summary>A database of its own.</summary>
    Dedicated,

    /// <summary>A deployment of its own.</summary>
    Physical,
}

/// <summary>The levels' names as scripts write them.</summary>
public static class IsolationLevels
{
    public static string Name(this IsolationLevel level) => level switch
    {
        IsolationLevel.Logical => "logical",
        IsolationLevel.Encrypted => "encrypted",
        IsolationLevel.Dedicated => "dedicated",
        IsolationLevel.Physical => "physical",
        _ => throw new ArgumentOutOfRangeException(nameof(level)),
    };

    public static bool TryParse([NotNullWhen(true)] string? text, out IsolationLevel level)
    {
        foreach (var candidate in Enum.GetValues<IsolationLevel>())
        {
            level = candidate;
            if (candidate.Name() == text)
                return true;
        }
        level = default;
        return false;
    }
}
