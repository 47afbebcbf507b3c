using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Tenancy.Mail;
using Strata.Cloud.Tenancy.Rows;
using Strata.Cloud.Tenancy.Tokens;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Tenancy.People;

/// <summary><c>/api/v1/me</c>: who calls and what it may do, and a person's own password.</summary>
internal static class OwnAccount
{
    private static readonly Problem NoAccount = new(ProblemKind.Conflict, "This session was opened by a link and has no account: make one on /welcome, or accept an invitation.");

    public static IResult Get(HttpContext context, SignIn signIn, PeopleStore people, PeopleDirectory directory, TenancyStore tenancy, Outbox outbox)
    {
        var access = context.Access();
        var principal = access.Principal;
        var session = signIn.SessionOf(context);
        var user = session?.UserId is { } id ? people.FindUser(id) : null;
        var held = Permissions.All.Where(principal.Holds).ToList();
        var own = session is null ? [principal.Tenant] : directory.TenantsOf(session);
        return Results.Json(
            new MeInfo(
                user?.Name ?? principal.Name, principal.Kind.ToString().ToLowerInvariant(), user?.Email, session?.Id, Choice(access.Tenant), access.Tenant != principal.Tenant,
                [.. own.Select(Choice)], [.. principal.Grants.Select(GrantText.Info)], [.. held.Select(Permissions.NameOf)],
                [.. held.Where(access.IsWhole).Select(Permissions.NameOf)],
                signIn.UserOf(context) is null ? null : people.FindProvider(access.Tenant)?.Label, user is not null && people.FindIdentityOf(access.Tenant, user.Id) is not null,
                outbox.IsOn && user is not null ? people.FindMembership(access.Tenant, user.Id)?.Digest : null),
            ContractsJson.Default.MeInfo);

        TenantChoice Choice(TenantId tenant) => new(tenant.Value, tenancy.Find(tenant)?.Tenant.Name ?? tenant.Value);
    }

    /// <summary>Takes the current password as the proof; wrong ones make the account's own sessions wait, and nobody's sign-in.</summary>
    public static async Task<IResult> ChangePasswordAsync(
        HttpContext context, SignIn signIn, PeopleStore people, PeopleDirectory directory, Passwords passwords, SignInGuard guard, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.ChangePassword, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        var own = signIn.SessionOf(context)!;
        if (own.UserId is null || people.FindUser(own.UserId) is not { } user)
            return ProblemResults.Of(NoAccount);
        if (user.HomeTenant.Length > 0 || own.OnlyTenant is not null)
            return ProblemResults.Of(ProblemKind.Conflict, "You sign in by your organisation's provider; the password is changed there.");
        if (await CheckAsync(user, request.Value, passwords, guard, context, cancellationToken) is { } problem)
            return ProblemResults.Of(problem);
        var hash = await passwords.HashAsync(request.Value.New, cancellationToken);
        if (!hash.IsOk)
            return ProblemResults.Of(hash.Problem);
        var ended = new List<SessionRow>();
        var outcome = await people.ChangeAsync<string>(
            Caller.Of(context),
            _ =>
            {
                if (people.FindUser(user.Id) is not { } before || before.PasswordHash != user.PasswordHash)
                    return new Problem(ProblemKind.Conflict, "The password was changed meanwhile; sign in again.", "current");
                var after = before with { PasswordHash = hash.Value };
                ended.AddRange(people.Sessions.Where(s => s.UserId == user.Id && s.Id != own.Id));
                return new PeopleChange<string>(
                    user.Id, [(before, after), .. ended.Select(s => ((object?)s, (object?)null))], new PeopleAudit("set-password", "user", user.Email));
            },
            cancellationToken);
        if (outcome.IsOk)
            directory.End(ended);
        return outcome.ToResult(_ => Results.NoContent());
    }

    public static async Task<IResult> SetDigestAsync(HttpContext context, SignIn signIn, PeopleStore people, Outbox outbox, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.SetDigest, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        if (!outbox.IsOn)
            return ProblemResults.Of(ProblemKind.Conflict, "This node sends no mail: start it with --smtp and --public-url.");
        if (signIn.SessionOf(context)?.UserId is not { } id || people.FindUser(id) is not { } user)
            return ProblemResults.Of(NoAccount);
        var tenant = context.Access().Tenant;
        var outcome = await people.ChangeAsync<string>(
            Caller.Of(context),
            _ => people.FindMembership(tenant, id) is { } before
                ? new PeopleChange<string>("", [(before, before with { Digest = request.Value.Daily })], new PeopleAudit("change", "user", user.Email, new { digest = before.Digest }, new { digest = request.Value.Daily }))
                : new Problem(ProblemKind.Conflict, "You are no member of this tenant; its digest goes to members."),
            cancellationToken);
        return outcome.ToResult(_ => Results.NoContent());
    }

    private static async Task<Problem?> CheckAsync(
        UserRow user, ChangePassword request, Passwords passwords, SignInGuard guard, HttpContext context, CancellationToken cancellationToken)
    {
        if (passwords.Check(request.New) is { } weak)
            return weak with { Field = "new" };
        // Not the pair of a sign-in: a session that guesses here keeps nobody from signing in.
        var (name, address) = ($"{user.Email} of a session", "");
        if (guard.Wait(name, address) is { Ticks: > 0 } wait)
        {
            context.Response.Headers.RetryAfter = $"{Math.Ceiling(wait.TotalSeconds):0}";
            return new Problem(ProblemKind.TooMuch, $"Too many wrong passwords; try again in {Math.Ceiling(wait.TotalSeconds):0} s.", "current");
        }
        var right = string.IsNullOrEmpty(request.Current) ? false : await passwords.VerifyAsync(request.Current, user.PasswordHash, cancellationToken);
        if (!right.IsOk)
            return right.Problem;
        if (right.Value)
        {
            guard.Succeeded(name, address);
            return null;
        }
        guard.Failed(name, address);
        return new Problem(ProblemKind.Invalid, "This is not the current password.", "current");
    }
}
