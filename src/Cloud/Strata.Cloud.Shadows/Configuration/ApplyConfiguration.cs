using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Yaml;
using Strata.Cloud.Shadows.Store;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Shadows.Configuration;

/// <summary><c>POST /api/v1/configuration/apply</c>: makes layers and schemas as a file's <c>configuration:</c> says, all or nothing; other sections of the file are left alone.</summary>
internal static class ApplyConfiguration
{
    public static async Task<IResult> HandleAsync(
        bool? dryRun, bool? prune, string? file, HttpContext context, ConfigurationStore store, ShadowStore shadows, AccessMap accesses, TenantDirectory tenants, CancellationToken cancellationToken)
    {
        var text = await context.Request.ReadTextAsync(YamlTree.MaxCharacters, cancellationToken);
        if (!text.IsOk)
            return ProblemResults.Of(text.Problem, text.Problem.Kind is ProblemKind.TooMuch ? StatusCodes.Status413PayloadTooLarge : null);
        var read = ConfigurationFile.Read(DescriptionFile.NameOf(file, "configuration.yaml"), text.Value, shadows.Limits);
        if (!read.IsOk)
            return ProblemResults.Of(read.Problem);
        var access = DescriptionFile.AccessTo(read.Value.Tenant, context.Access(), accesses, tenants);
        if (!access.IsOk)
            return ProblemResults.Of(access.Problem);
        if (!access.Value.IsWhole(Permission.DevicesWrite))
            return ProblemResults.Of(Access.Forbidden);
        var outcome = await store.ApplyAsync(Caller.Of(context) with { Tenant = access.Value.Tenant }, read.Value, dryRun ?? false, prune ?? false, cancellationToken);
        return outcome.ToResult(result => Results.Json(result, ContractsJson.Default.ApplyResult));
    }
}
