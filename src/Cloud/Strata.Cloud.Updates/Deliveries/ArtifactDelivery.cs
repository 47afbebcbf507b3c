using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Platform.Updates;
using Strata.Cloud.Updates.Book;
using Strata.Core.Tenancy;
using Strata.Core.Updates.Manifests;
using Strata.Core.Updates.Rollouts;

namespace Strata.Cloud.Updates.Deliveries;

/// <summary>An artifact, which devices fetch and install.</summary>
internal sealed class ArtifactDelivery(TenantId tenant, ArtifactFacts artifact, FleetFacts facts, IArtifacts artifacts) : IDelivery
{
    private readonly UpdateManifest manifest = FleetFacts.ManifestOf(artifact);
    private readonly Dictionary<(string? From, string? Model), long> sizes = [];

    public string Name => artifact.Id;

    public bool IsForAll => false;

    public RolloutPlan Into(RolloutPlan plan) => plan with { Artifact = artifact.Id, Component = artifact.Component, Version = artifact.Version };

    public RolloutCandidate CandidateOf(FleetDevice device, in DeviceSigns signs) => facts.CandidateOf(tenant, device, artifact.Component, signs);

    public string? Refusal(FleetDevice device, RolloutCandidate candidate, TenantRollouts book) => FleetFacts.Refusal(artifact, manifest, candidate, book);

    /// <summary>Many run the same few versions, each of which is looked up once.</summary>
    public long Bytes(FleetDevice device, RolloutCandidate candidate)
    {
        if (sizes.TryGetValue((candidate.From, candidate.Target.Model), out var known))
            return known;
        var from = candidate.From is { } version ? artifacts.FindVersion(tenant, artifact.Component, version, candidate.Target.Model ?? "")?.Sha256 : null;
        return sizes[(candidate.From, candidate.Target.Model)] = artifact.Deltas.FirstOrDefault(d => d.From == from)?.Size ?? artifact.Size;
    }
}
