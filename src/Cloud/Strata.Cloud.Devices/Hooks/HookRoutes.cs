using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rows;
using Strata.Cloud.Devices.UseCases;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Commands;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Core.Updates.Rollouts;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Devices;
using Strata.Node.Reads;

namespace Strata.Cloud.Devices.Hooks;

/// <summary><c>/api/v1/hooks</c>: whom the tenant's administrator has told of devices' steps.</summary>
internal static class HookRoutes
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/hooks", List).Requires(Permission.TenantManage).AcceptsOnly().WithName("ListHooks").WithTags("Hooks")
            .WithSummary("Who is told of devices' steps, and how that goes").Produces<Page<HookInfo>>();
        api.MapPut("/hooks/{name}", PutAsync).Requires(Permission.TenantManage).AcceptsOnly().WithName("PutHook").WithTags("Hooks")
            .WithSummary("Sets a hook with a new secret, shown once").Accepts<SaveHook>("application/json").Produces<HookInfo>();
        api.MapDelete("/hooks/{name}", DeleteAsync).Requires(Permission.TenantManage).AcceptsOnly().WithName("DeleteHook").WithTags("Hooks")
            .WithSummary("Nobody is told there any more").Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static IResult List(HttpContext context, LifecycleHooks hooks)
    {
        var tenant = context.Tenant();
        if (!context.Access().IsWhole(Permission.TenantManage))
            return ProblemResults.Of(Whole);
        return Results.Json(new Page<HookInfo>([.. hooks.Of(tenant).OrderBy(h => h.Name, StringComparer.Ordinal).Select(h => ToInfo(tenant, h, hooks))], null), ContractsJson.Default.PageHookInfo);
    }

    private static async Task<IResult> PutAsync(string name, HttpContext context, RegistryStore registry, LifecycleHooks hooks, DevicesOptions options, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.SaveHook, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        if (!context.Access().IsWhole(Permission.TenantManage))
            return ProblemResults.Of(Whole);
        var states = request.Value.States ?? [];
        if (!DeviceId.TryParse(name, out _))
            return ProblemResults.Of(ProblemKind.Invalid, "A hook's name has letters, digits and . _ : - , at most 128.", "name");
        if (!LifecycleHooks.IsAllowed(request.Value.Url ?? ""))
            return ProblemResults.Of(ProblemKind.Invalid, "A hook is an https address without user name, or http on the node's own machine.", "url");
        if (states.FirstOrDefault(s => !DeviceLifecycle.TryParse(s, out _) && !IsKind(s)) is { } unknown)
            return ProblemResults.Of(ProblemKind.Invalid, $"{MoveDevices.NotAState(unknown).Detail} Commands and rollouts are told of by command.STATE and rollout.STATE, artifacts by artifact.add and artifact.delete, configuration by configuration.change, .delete and .apply; each also by its word and .*", "states");
        var caller = Caller.Of(context);
        var secret = DeviceSecrets.Create();
        var outcome = await registry.ChangeAsync<LifecycleHookRow>(caller, change =>
        {
            var there = hooks.Of(caller.Tenant);
            var before = there.FirstOrDefault(h => h.Name == name);
            if (before is null && there.Length >= options.MaxHooks)
                return new Problem(ProblemKind.TooMuch, $"A tenant has at most {options.MaxHooks} hooks.", "name");
            var row = new LifecycleHookRow
            {
                TenantId = change.TenantId, Name = name, Url = request.Value.Url!, Secret = secret, States = [.. states.Select(s => s.Contains('.', StringComparison.Ordinal) ? s : s.ToLowerInvariant()).Distinct(StringComparer.Ordinal)], Created = change.Now,
            };
            change.Beside(before, row, before is null ? "create" : "change", "hook", name);
            return row;
        }, cancellationToken);
        if (!outcome.IsOk)
            return ProblemResults.Of(outcome.Problem);
        hooks.Set(caller.Tenant, name, outcome.Value);
        return Results.Json(ToInfo(caller.Tenant, outcome.Value, hooks) with { Secret = secret }, ContractsJson.Default.HookInfo);
    }

    private static async Task<IResult> DeleteAsync(string name, HttpContext context, RegistryStore registry, LifecycleHooks hooks, CancellationToken cancellationToken)
    {
        if (!context.Access().IsWhole(Permission.TenantManage))
            return ProblemResults.Of(Whole);
        var caller = Caller.Of(context);
        var outcome = await registry.ChangeAsync<LifecycleHookRow>(caller, change =>
        {
            if (hooks.Of(caller.Tenant).FirstOrDefault(h => h.Name == name) is not { } before)
                return new Problem(ProblemKind.NotFound, $"There is no hook '{(name.Length > 128 ? name[..128] + "..." : name)}'.", "name");
            change.Beside(before, null, "remove", "hook", name);
            return before;
        }, cancellationToken);
        if (outcome.IsOk)
            hooks.Set(caller.Tenant, name, null);
        return outcome.ToResult(_ => Results.NoContent());
    }

    private static Problem Whole => new(ProblemKind.Forbidden, "Hooks tell of the whole tenant; only who manages all of it may see and set them.");

    private static HookInfo ToInfo(TenantId tenant, LifecycleHookRow row, LifecycleHooks hooks)
    {
        var (delivered, failed, why) = hooks.StateOf(tenant, row.Name);
        return new HookInfo(row.Name, row.Url, row.States, row.Created) { Delivered = delivered, Failed = failed, LastFailure = why };
    }

    /// <summary>What other slices tell of: <c>command.failed</c>, <c>rollout.*</c>.</summary>
    private static bool IsKind(string text) => text.Split('.') switch
    {
        ["command" or "rollout" or "artifact" or "configuration", "*"] => true,
        ["command", var state] => CommandStates.TryParse(state, out _),
        ["rollout", var state] => Enum.GetValues<RolloutState>().Any(s => RolloutNames.NameOf(s) == state),
        ["artifact", "add" or "delete"] => true,
        ["configuration", "change" or "delete" or "apply"] => true,
        _ => false,
    };
}
