using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform.Isolation;

/// <summary>A data key of a tenant, wrapped by the installation's key. Goes where the tenant goes.</summary>
[OfInstallation("it is wrapped by the installation's key; what it seals is opened, and sealed anew there")]
public sealed record TenantKeyRow : ITenantRow
{
    public required string TenantId { get; init; }

    public required string Id { get; init; }

    /// <summary>Never the key itself.</summary>
    public required byte[] Wrapped { get; init; }

    /// <summary>The id of the installation's key.</summary>
    public required string WrappedBy { get; init; }

    /// <summary>It seals what is written now; at most one does.</summary>
    public required bool IsActive { get; init; }

    public required DateTimeOffset Created { get; init; }
}

/// <summary>The level of a tenant and, while it changes, how far that is. Always in the shared database: it says where the rest is.</summary>
public sealed record TenantPlacementRow : ITenantRow
{
    public required string TenantId { get; init; }

    public required IsolationLevel Level { get; init; }

    /// <summary>Whether the tenant's own database serves; changes in the middle of a move.</summary>
    public bool IsApart { get; init; }

    /// <summary>The level it is changing to; <see cref="Level"/> when it is not changing.</summary>
    public required IsolationLevel Target { get; init; }

    /// <summary>The change makes a new data key also where there is one.</summary>
    public bool Renews { get; init; }

    /// <summary>A change is under way.</summary>
    public bool IsChanging { get; init; }

    /// <summary>The last step that is done.</summary>
    public IsolationStep Done { get; init; }

    /// <summary>Drawn for each change: the numbers by which its copies are counted once.</summary>
    public string Change { get; init; } = "";

    public DateTimeOffset? Started { get; init; }

    public DateTimeOffset? Finished { get; init; }

    /// <summary>What the last change came to, or what holds it up; for people.</summary>
    public string? Detail { get; init; }
}
