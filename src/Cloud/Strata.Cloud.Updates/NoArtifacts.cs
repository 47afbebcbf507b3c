using Strata.Cloud.Platform.Updates;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Updates;

/// <summary>Of a node on which no slice keeps artifacts: there are none.</summary>
internal sealed class NoArtifacts : IArtifacts
{
    public ArtifactFacts? Find(TenantId tenant, string id) => null;

    public ArtifactFacts? FindVersion(TenantId tenant, string component, string version, string model) => null;

    public IReadOnlyList<ArtifactFacts> All(TenantId tenant) => [];
}
