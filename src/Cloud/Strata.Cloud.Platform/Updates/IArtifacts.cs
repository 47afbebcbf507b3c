using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform.Updates;

/// <summary>The artifacts of each tenant, for the slices that do not keep them. Reads are of what is in memory and never wait. Safe from any thread.</summary>
public interface IArtifacts
{
    /// <summary>Null when the tenant has none of that id.</summary>
    ArtifactFacts? Find(TenantId tenant, string id);

    /// <summary>The artifact of that component, model and version, where <c>2.0</c> and <c>2.0.0</c> are the same; null when the tenant has none.</summary>
    ArtifactFacts? FindVersion(TenantId tenant, string component, string version, string model);

    /// <summary>All of one moment, by component, then from the newest version to the oldest.</summary>
    IReadOnlyList<ArtifactFacts> All(TenantId tenant);
}
