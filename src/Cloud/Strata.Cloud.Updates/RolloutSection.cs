using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Yaml;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node.Auth;

namespace Strata.Cloud.Updates;

/// <summary>
/// <c>rollouts:</c> of a file: those that are not there are drafted, none is started; for who may update everywhere. A rollout is known by its name and artifact, or layer of
/// configuration: what is there already, drafted, running or over, stays as it is, also with <c>prune</c>.
/// </summary>
internal sealed class RolloutSection(RolloutDesk desk, RolloutSelector selector) : IDescribedSection
{
    public string Name => "rollouts";

    public async Task<Outcome<IReadOnlyList<ApplyChange>>> ApplyAsync(Caller caller, Access access, string file, string yaml, bool dryRun, bool prune, CancellationToken cancellationToken)
    {
        if (!access.IsWhole(Permission.UpdatesWrite))
            return Access.Forbidden;
        var read = RolloutFile.Read(file, yaml);
        if (!read.IsOk)
            return read.Problem;
        if (read.Value.Any(r => r.Configuration is not null) && !access.IsWhole(Permission.DevicesWrite))
            return Access.Forbidden;
        var wanted = read.Value.Where(r => !desk.IsThere(caller.Tenant, r.Name!, r.Configuration?.Layer ?? r.Artifact ?? "")).ToList();
        // All are looked at before the first is drafted.
        foreach (var rollout in wanted)
        {
            var prepared = await selector.PrepareAsync(caller, rollout, cancellationToken);
            if (!prepared.IsOk)
                return Of(rollout, prepared.Problem);
        }
        foreach (var rollout in dryRun ? [] : wanted)
        {
            var drafted = await desk.DraftAsync(caller, rollout, cancellationToken);
            if (!drafted.IsOk)
                return Of(rollout, drafted.Problem);
        }
        return wanted.ConvertAll(r => new ApplyChange("+", "rollout", r.Name!, []));
    }

    private static Problem Of(CreateRollout rollout, Problem problem) => problem with { Detail = $"Rollout '{rollout.Name}': {problem.Detail}" };
}
