using Strata.Cloud.Platform.Updates;
using Strata.Core.Tenancy;
using Strata.Core.Updates.Rollouts;

namespace Strata.Cloud.Updates.Book;

/// <summary>Where devices of a rollout can go back to, before it begins and after. Many come from the same few versions, each of which is looked up once.</summary>
internal sealed class WaysBack(IArtifacts artifacts, TenantId tenant, RolloutPlan plan)
{
    private readonly Dictionary<(string? Artifact, string? From, string? Model), WayBack> known = [];

    public WayBack Of(RolloutCandidate candidate)
    {
        var key = (candidate.Artifact, candidate.From, candidate.Target.Model);
        return known.TryGetValue(key, out var way) ? way : known[key] = Find(candidate);
    }

    private WayBack Find(RolloutCandidate candidate)
    {
        if (plan.Configuration is not null)
            return new WayBack(plan.Artifact, candidate.From, null);
        var now = artifacts.Find(tenant, candidate.Artifact ?? plan.Artifact);
        if (now is { Reversible: false })
            return new WayBack(null, null, $"{now.Component} {now.Version} says that nothing goes back from it");
        if (candidate.From is not { } from)
            return new WayBack(null, null, $"nobody knows which {plan.Component} they ran before");
        if (artifacts.FindVersion(tenant, plan.Component, from, candidate.Target.Model ?? "") is not { } before)
            return new WayBack(null, null, $"the artifact {plan.Component} {from} for '{candidate.Target.Model}' is not here");
        return now is not null && before.Counter < now.Counter
            ? new WayBack(null, null, $"the counter of {from} is {before.Counter}, and who has confirmed {now.Counter} takes no older one")
            : new WayBack(before.Id, before.Version, null);
    }
}
