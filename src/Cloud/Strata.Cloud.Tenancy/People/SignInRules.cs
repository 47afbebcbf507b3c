using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Tenancy.Providers;
using Strata.Cloud.Tenancy.Rows;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Tenancy.People;

/// <summary><c>/api/v1/sign-in</c>: how people sign in to the tenant.</summary>
internal static class SignInRules
{
    public static IResult Get(HttpContext context, PeopleStore people) => Json(people, context);

    public static async Task<IResult> ChangeAsync(HttpContext context, SignIn signIn, PeopleStore people, PeopleDirectory directory, SecondFactors factors, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.ChangeSignInRules, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        var access = context.Access();
        if (!access.IsWhole(Permission.TenantManage))
            return ProblemResults.Of(Access.Forbidden);
        if (request.Value.RequireSecondFactor == true && signIn.UserOf(context) is { } own && !factors.IsOn(own.User.Id))
            return ProblemResults.Of(ProblemKind.Conflict, "Set up your own second factor first, at /account/second-factor; else this would lock you out.", "requireSecondFactor");
        var outcome = await people.ChangeAsync<SignInRulesRow>(
            Caller.Of(context),
            _ =>
            {
                var before = people.FindRules(access.Tenant);
                var after = (before ?? new SignInRulesRow { TenantId = access.Tenant.Value }) with { RequireSecondFactor = request.Value.RequireSecondFactor ?? before?.RequireSecondFactor ?? false };
                return new PeopleChange<SignInRulesRow>(after, [(before, after)], new PeopleAudit("change", "sign-in", access.Tenant.Value, Image(before), Image(after)));
            },
            cancellationToken);
        if (!outcome.IsOk)
            return ProblemResults.Of(outcome.Problem);
        // What was opened without a second factor ends, where one is asked for now.
        directory.End(people.Sessions.Where(s => s.CurrentTenant == access.Tenant.Value && !directory.SatisfiesRules(s)));
        return Json(people, context);
    }

    private static IResult Json(PeopleStore people, HttpContext context)
    {
        var tenant = context.Access().Tenant;
        return Results.Json(
            new SignInRulesInfo(people.FindRules(tenant)?.RequireSecondFactor ?? false, people.FindProvider(tenant) is { } provider ? ManageProvider.Info(provider, context) : null),
            ContractsJson.Default.SignInRulesInfo);
    }

    private static object Image(SignInRulesRow? row) => new { requireSecondFactor = row?.RequireSecondFactor ?? false };
}
