using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Updates.Book;
using Strata.Core.Updates.Rollouts;

namespace Strata.Cloud.Updates.Deliveries;

/// <summary>What a rollout gives its devices, as it is at one moment; of one thread.</summary>
internal interface IDelivery
{
    /// <summary>As the API names it.</summary>
    string Name { get; }

    /// <summary>It is the same for all or for nobody: one device that cannot have it stops it before it begins.</summary>
    bool IsForAll { get; }

    /// <summary>The plan with what is delivered.</summary>
    RolloutPlan Into(RolloutPlan plan);

    RolloutCandidate CandidateOf(FleetDevice device, in DeviceSigns signs);

    /// <summary>Why it is not for the device; null when it is.</summary>
    string? Refusal(FleetDevice device, RolloutCandidate candidate, TenantRollouts book);

    /// <summary>That the device downloads, or is sent.</summary>
    long Bytes(FleetDevice device, RolloutCandidate candidate);
}
