using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Yaml;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Updates.Routes;

/// <summary>
/// <c>POST /api/v1/rollouts/apply</c>: drafts the rollouts of a file's <c>rollouts:</c> that are not there; other sections of the file are left alone. Nothing is started. A rollout is known by its name and artifact:
/// what is there already, drafted, running or over, stays as it is.
/// </summary>
internal static class ApplyRollouts
{
    public static async Task<IResult> HandleAsync(bool? dryRun, string? file, HttpContext context, RolloutDesk desk, AccessMap accesses, TenantDirectory tenants, CancellationToken cancellationToken)
    {
        var text = await context.Request.ReadTextAsync(YamlTree.MaxCharacters, cancellationToken);
        if (!text.IsOk)
            return ProblemResults.Of(text.Problem, text.Problem.Kind is ProblemKind.TooMuch ? StatusCodes.Status413PayloadTooLarge : null);
        var read = RolloutFile.Read(DescriptionFile.NameOf(file, "rollouts.yaml"), text.Value);
        if (!read.IsOk)
            return ProblemResults.Of(read.Problem);
        var access = DescriptionFile.AccessTo(read.Value.Tenant, context.Access(), accesses, tenants);
        if (!access.IsOk)
            return ProblemResults.Of(access.Problem);
        if (!access.Value.IsWhole(Permission.UpdatesWrite))
            return ProblemResults.Of(Access.Forbidden);
        return (await ApplyAsync(desk, Caller.Of(context) with { Tenant = access.Value.Tenant }, read.Value.Rollouts, dryRun ?? false, cancellationToken)).ToResult(r => Results.Json(r, ContractsJson.Default.ApplyResult));
    }

    private static async Task<Outcome<ApplyResult>> ApplyAsync(RolloutDesk desk, Caller caller, IReadOnlyList<CreateRollout> rollouts, bool dryRun, CancellationToken cancellationToken)
    {
        var wanted = rollouts.Where(r => !desk.IsThere(caller.Tenant, r.Name!, r.Artifact)).ToList();
        // All are looked at before the first is drafted.
        foreach (var rollout in wanted)
        {
            var selection = await desk.SelectAsync(caller.Tenant, rollout, cancellationToken);
            var plan = selection.IsOk ? desk.PlanOf(caller, rollout, selection.Value.Artifact) : selection.Problem;
            if (!plan.IsOk)
                return plan.Problem with { Detail = $"Rollout '{rollout.Name}': {plan.Problem.Detail}" };
        }
        foreach (var rollout in dryRun ? [] : wanted)
        {
            var drafted = await desk.DraftAsync(caller, rollout, cancellationToken);
            if (!drafted.IsOk)
                return drafted.Problem with { Detail = $"Rollout '{rollout.Name}': {drafted.Problem.Detail}" };
        }
        return new ApplyResult(dryRun, [.. wanted.Select(r => new ApplyChange("+", "rollout", r.Name!, []))], new Dictionary<string, string>());
    }
}
