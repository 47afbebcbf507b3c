using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Tenancy.Rows;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Tenancy.People;

/// <summary>
/// Going on in another tenant: a user in one of his own, with what he may do there; a platform owner in any, with everything. Both are in the audit trail of the tenant that
/// is entered. By the API, and by the form of the dashboard's switcher.
/// </summary>
internal static class EnterTenant
{
    private static readonly Problem Unknown = new(ProblemKind.NotFound, "There is no such tenant.", "tenant");

    public static async Task<IResult> HandleAsync(
        HttpContext context, SignIn signIn, PeopleStore people, PeopleDirectory directory, TenantDirectory tenants, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.SwitchTenant, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        var entered = await EnterAsync(request.Value.Tenant, context, signIn, people, directory, tenants);
        return entered.ToResult(session =>
        {
            var user = session.UserId is null ? null : people.FindUser(session.UserId);
            var own = directory.TenantsOf(session).Select(t => t.Value);
            return Results.Json(
                new LoginInfo(user?.Email ?? context.User.Name(), user?.Name ?? context.User.Name(), request.Value.Tenant, [.. own], session.Id), ContractsJson.Default.LoginInfo);
        });
    }

    public static async Task<IResult> FormAsync(HttpContext context, SignIn signIn, PeopleStore people, PeopleDirectory directory, TenantDirectory tenants)
    {
        if (!await PeoplePages.IsOursAsync(context))
            return Refused(context, StatusCodes.Status400BadRequest, "The page was open for too long, or in another browser. Load it again.");
        var entered = await EnterAsync(context.Request.Form["tenant"], context, signIn, people, directory, tenants);
        return entered.IsOk ? Results.LocalRedirect("/") : Refused(context, StatusCodes.Status404NotFound, entered.Problem.Detail);
    }

    private static IResult Refused(HttpContext context, int status, string detail) =>
        PeoplePages.Page(context, status, "Tenant", $"<h1>The tenant could not be entered</h1><p>{PeoplePages.Text(detail)}</p><p><a href=\"/\">Go on</a></p>");

    private static async Task<Outcome<SessionRow>> EnterAsync(
        string? asked, HttpContext context, SignIn signIn, PeopleStore people, PeopleDirectory directory, TenantDirectory tenants)
    {
        if (!TenantId.TryParse(asked, out var tenant) || signIn.SessionOf(context) is not { } own)
            return Unknown;
        var isOwn = own.CurrentTenant == asked || directory.TenantsOf(own).Contains(tenant);
        var acts = !isOwn && context.Access().Principal.IsPlatformOwner && tenants.Exists(tenant);
        if (!isOwn && !acts)
            return Unknown;
        if (isOwn && !directory.SatisfiesRules(own with { CurrentTenant = tenant.Value }))
            return new Problem(ProblemKind.Forbidden, "That tenant asks for a second factor; sign out, and sign in again with yours.", "tenant");
        var outcome = await people.ChangeAsync<SessionRow>(
            SignIn.CallerOf(context, tenant, context.User.Name()),
            _ =>
            {
                if (people.FindSession(own.Id) is not { } before)
                    return new Problem(ProblemKind.NotFound, "There is no such session.", "id");
                var after = isOwn ? before with { CurrentTenant = tenant.Value } : before;
                return new PeopleChange<SessionRow>(
                    after, after == before ? [] : [(before, after)],
                    new PeopleAudit("enter", "session", context.User.Name(), new { tenant = context.Tenant().Value }, new { tenant = tenant.Value }));
            },
            context.RequestAborted);
        if (!outcome.IsOk)
            return outcome.Problem;
        if (outcome.Value.CurrentTenant != own.CurrentTenant)
            directory.End([own]);
        if (directory.Find(own.Id) is { } principal)
        {
            var identity = StrataIdentity.Of(principal, StrataIdentity.CookieScheme);
            await context.SignInAsync(StrataIdentity.CookieScheme, acts ? identity.ActingFor(tenant) : identity);
        }
        return outcome;
    }
}
