using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Tenancy.Rows;
using Strata.Core;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Tenancy.People;

/// <summary>Signing in by the API, and a person's own sessions.</summary>
internal static class OwnSessions
{
    public static async Task<IResult> LogInAsync(HttpContext context, SignIn signIn, SecondFactors factors, PeopleDirectory directory, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.LoginRequest, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        var user = await signIn.CheckAsync(request.Value.Email, request.Value.Password, context, cancellationToken);
        if (!user.IsOk)
            return ProblemResults.Of(user.Problem);
        var step = signIn.NextOf(user.Value, request.Value.Tenant);
        if (step == SignInStep.SetUpSecondFactor)
            return ProblemResults.Of(ProblemKind.Forbidden, "The tenant asks for a second factor; sign in at /login in a browser, which sets one up.", "code");
        if (step == SignInStep.AskSecondFactor)
        {
            if (string.IsNullOrEmpty(request.Value.Code))
                return ProblemResults.Of(ProblemKind.Unauthenticated, "The account has a second factor; send its code too.", "code");
            var right = await factors.CheckAsync(user.Value, request.Value.Code, context);
            if (!right.IsOk)
                return ProblemResults.Of(right.Problem);
        }
        var opened = await signIn.EnterAsync(user.Value, request.Value.Tenant, context, withSecondFactor: step == SignInStep.AskSecondFactor);
        return opened.ToResult(session => Info(user.Value, session, directory));
    }

    public static IResult List(HttpContext context, SignIn signIn, PeopleStore people, PeopleDirectory directory)
    {
        var own = signIn.SessionOf(context)!;
        return Results.Json(new Page<SessionInfo>([.. OwnedWith(own, people).Where(s => !directory.IsOver(s)).OrderByDescending(s => s.LastSeen).Select(s => Info(s, own.Id))], null), ContractsJson.Default.PageSessionInfo);
    }

    public static async Task<IResult> RevokeAsync(string id, HttpContext context, SignIn signIn, PeopleStore people, PeopleDirectory directory, CancellationToken cancellationToken)
    {
        var own = signIn.SessionOf(context)!;
        var outcome = await people.ChangeAsync<SessionRow>(
            Caller.Of(context),
            _ => OwnedWith(own, people).FirstOrDefault(s => s.Id == id) is { } session
                ? new PeopleChange<SessionRow>(session, [(session, null)], new PeopleAudit("revoke", "session", context.User.Name(), new { session.Id, session.Address }))
                : new Problem(ProblemKind.NotFound, "There is no such session.", "id"),
            cancellationToken);
        if (outcome.IsOk)
            directory.End([outcome.Value]);
        return outcome.ToResult(_ => Results.NoContent());
    }

    internal static SessionInfo Info(SessionRow session, string? current) =>
        new(session.Id, session.CurrentTenant, session.Created, session.LastSeen, session.Address, session.Agent, session.Id == current);

    /// <summary>A session without an account knows itself alone; one that a tenant's provider opened, those of that provider.</summary>
    private static IEnumerable<SessionRow> OwnedWith(SessionRow own, PeopleStore people) =>
        people.Sessions.Where(s => s.Id == own.Id || (own.UserId is not null && s.UserId == own.UserId && (own.OnlyTenant is null || s.OnlyTenant == own.OnlyTenant)));

    private static IResult Info(UserRow user, SessionRow session, PeopleDirectory directory) => Results.Json(
        new LoginInfo(user.Email, user.Name, session.CurrentTenant, [.. directory.TenantsOf(user.Id).Select(t => t.Value)], session.Id), ContractsJson.Default.LoginInfo);
}
