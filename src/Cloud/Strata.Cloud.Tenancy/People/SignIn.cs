using System.Security.Cryptography;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Strata.Cloud.Platform;
using Strata.Cloud.Tenancy.Rows;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node.Auth;

namespace Strata.Cloud.Tenancy.People;

/// <summary>Opens and ends sessions: by password, by a one-time link.</summary>
internal sealed class SignIn(
    PeopleStore people, PeopleDirectory directory, Passwords passwords, SignInAttempts attempts, SecondFactors factors, SealedBox box, PeopleOptions options) : ISignIn
{
    private const string PendingPurpose = "sign-in";

    /// <summary>How long the second page of a sign-in may stay open.</summary>
    private static readonly TimeSpan PendingFor = TimeSpan.FromMinutes(10);

    private static readonly Problem Wrong = new(ProblemKind.Unauthenticated, "E-mail and password do not fit, or the account may not sign in.", "password");

    public IResult Page(HttpContext context) => PeoplePages.Login(context, null);

    public async Task<Principal?> OpenAsync(Principal linked, HttpContext context)
    {
        if (linked.Kind == PrincipalKind.Token || (linked.Kind == PrincipalKind.Person && directory.Find(linked.Id) is not null))
            return linked; // A session of what made the link: it ends with it.
        var role = linked.Grants.Any(g => g.Role.IsOfPlatform) ? Role.PlatformOwner : Role.TenantAdmin;
        var opened = await OpenAsync(null, role.Name, linked.Tenant, linked.Name, "link", context);
        return opened.IsOk ? directory.Find(opened.Value.Id) : null;
    }

    public async Task EndAsync(HttpContext context)
    {
        if (SessionOf(context) is not { } session)
            return;
        await people.ChangeAsync<string>(
            CallerOf(context, TenantId.Parse(session.CurrentTenant), context.User.Name()),
            _ => new PeopleChange<string>(session.Id, [(session, null)], new PeopleAudit("sign-out", "session", context.User.Name())), context.RequestAborted);
        directory.End([session]);
    }

    /// <summary>The session of the request itself; null when the caller has none.</summary>
    public SessionRow? SessionOf(HttpContext context) =>
        context.Features.Get<Access>()?.Principal is { Kind: PrincipalKind.Person } person ? people.FindSession(person.Id) : null;

    /// <summary>The account that the request is of by its password, and its session; null when the caller has none, or came by a provider.</summary>
    public (UserRow User, SessionRow Session)? UserOf(HttpContext context) =>
        SessionOf(context) is { UserId: { } id, OnlyTenant: null } session && people.FindUser(id) is { HomeTenant.Length: 0 } user ? (user, session) : null;

    /// <summary>Checks a password. Says the same, after the same work, for a wrong one and for a user who is not there.</summary>
    public async Task<Outcome<UserRow>> CheckAsync(string? email, string? password, HttpContext context, CancellationToken cancellationToken)
    {
        var name = Email.Normal(email);
        var address = SignInAttempts.AddressOf(context);
        if (name is null || string.IsNullOrEmpty(password))
            return new Problem(ProblemKind.Invalid, "Signing in takes an e-mail address and a password.", "email");
        var user = people.FindByEmail(name);
        // Where the user is signed in from already, guesses of others at the same address do not make him wait.
        var isKnown = user is not null && people.Sessions.Any(s => s.UserId == user.Id && s.Address == address && !directory.IsOver(s));
        if (!isKnown && attempts.MustWait(name, context) is { } wait)
            return wait;
        var right = await passwords.VerifyAsync(password, user?.PasswordHash, cancellationToken);
        if (!right.IsOk)
            return right.Problem;
        if (!right.Value || directory.TenantsOf(user!.Id).Count == 0)
        {
            await attempts.FailedAsync(name, user, context);
            return Wrong;
        }
        if (!factors.IsOn(user.Id))
            attempts.Succeeded(name, context); // Else it is the code that ends the try.
        return user;
    }

    /// <summary>What a user who has shown the password must still do to be let into the tenant (null: the first of his).</summary>
    public SignInStep NextOf(UserRow user, string? tenant)
    {
        if (factors.IsOn(user.Id))
            return SignInStep.AskSecondFactor;
        return user.HomeTenant.Length == 0 && ChooseTenant(user, tenant) is { } chosen && people.FindRules(chosen) is { RequireSecondFactor: true } ? SignInStep.SetUpSecondFactor : SignInStep.Enter;
    }

    /// <summary>A ticket for the second page: the password was right.</summary>
    public string Pend(UserRow user, string? tenant, string next) => box.Issue(PendingPurpose, new PendingTicket(user.Id, MarkOf(user), tenant, next), PendingFor);

    /// <summary>Whom the ticket is of; null when it is too old, or the password is another since.</summary>
    public PendingSignIn? Pending(string? ticket) => box.Redeem<PendingTicket>(PendingPurpose, ticket) is { } read && people.FindUser(read.User) is { } user && read.Mark == MarkOf(user)
        ? new PendingSignIn(user, read.Tenant, read.Next)
        : null;

    /// <summary>Opens a session of a user and gives the browser its cookie. Refuses who still has to show or set up a second factor.</summary>
    /// <param name="byProvider">By the provider of the tenant, which asks for a second factor itself; the session is in no other tenant then.</param>
    public async Task<Outcome<SessionRow>> EnterAsync(UserRow user, string? tenant, HttpContext context, bool withSecondFactor = false, bool byProvider = false)
    {
        if (!withSecondFactor && !byProvider && NextOf(user, tenant) != SignInStep.Enter)
            return new Problem(ProblemKind.Unauthenticated, "Signing in takes a second factor.", "code");
        if (ChooseTenant(user, tenant) is not { } entered)
            return tenant is null ? Wrong : new Problem(ProblemKind.NotFound, "There is no such tenant.", "tenant");
        var by = byProvider ? "provider" : withSecondFactor ? "password and second factor" : "password";
        var opened = await OpenAsync(user.Id, null, entered, user.Email, by, context, withSecondFactor, byProvider && user.HomeTenant.Length == 0 ? entered.Value : null);
        if (opened.IsOk && directory.Find(opened.Value.Id) is { } principal)
            await context.SignInAsync(StrataIdentity.CookieScheme, StrataIdentity.Of(principal, StrataIdentity.CookieScheme));
        return opened;
    }

    public static Caller CallerOf(HttpContext context, TenantId tenant, string actor) => new(tenant, actor) { Origin = context.Connection.RemoteIpAddress?.ToString() };

    private TenantId? ChooseTenant(UserRow user, string? tenant) =>
        directory.TenantsOf(user.Id).Cast<TenantId?>().FirstOrDefault(t => tenant is null || t!.Value.Value == tenant);

    /// <summary>Another password ends what was begun with the one before.</summary>
    internal static string MarkOf(UserRow user) => Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(user.PasswordHash)))[..16];

    private async Task<Outcome<SessionRow>> OpenAsync(string? user, string? role, TenantId tenant, string name, string by, HttpContext context, bool withSecondFactor = false, string? onlyTenant = null)
    {
        var agent = context.Request.Headers.UserAgent.ToString();
        var ended = new List<SessionRow>();
        var outcome = await people.ChangeAsync<SessionRow>(
            CallerOf(context, tenant, name),
            now =>
            {
                var session = new SessionRow
                {
                    Id = RandomNumberGenerator.GetHexString(20, lowercase: true), UserId = user, LinkRole = role, CurrentTenant = tenant.Value, Created = now, LastSeen = now,
                    SecondFactor = withSecondFactor, OnlyTenant = onlyTenant,
                    Address = SignInAttempts.AddressOf(context), Agent = new string([.. agent.Where(c => !char.IsControl(c)).Take(200)]),
                };
                ended.AddRange(people.Sessions.Where(s => s.UserId == user && (user is not null || s.CurrentTenant == tenant.Value)).OrderByDescending(s => s.Created).Skip(options.MaxSessions - 1));
                return new PeopleChange<SessionRow>(session, [(null, session), .. ended.Select(e => ((object?)e, (object?)null))], new PeopleAudit("sign-in", "session", name, null, new { session.Id, by }));
            },
            context.RequestAborted);
        directory.End(ended);
        return outcome;
    }

    private sealed record PendingTicket(string User, string Mark, string? Tenant, string Next);
}

/// <summary>What is to be done after a right password.</summary>
internal enum SignInStep
{
    Enter,
    AskSecondFactor,

    /// <summary>The tenant asks for one and the user has none.</summary>
    SetUpSecondFactor,
}

/// <summary>A sign-in whose password was right.</summary>
/// <param name="Tenant">The one to be in; null for the first of the user's.</param>
/// <param name="Next">The page to go on to.</param>
internal sealed record PendingSignIn(UserRow User, string? Tenant, string Next);

/// <summary>E-mail addresses as login names.</summary>
internal static class Email
{
    /// <summary>In lower case; null when it is none: something, @, something, without spaces and control characters, at most 254 characters.</summary>
    public static string? Normal(string? text)
    {
        var email = text?.Trim().ToLowerInvariant();
        return email is { Length: >= 3 and <= 254 } && email.IndexOf('@') is var at and > 0 && at == email.LastIndexOf('@') && at < email.Length - 1
            && !email.Any(c => char.IsControl(c) || char.IsWhiteSpace(c) || c is '<' or '>' or '"' or ',' or ';') ? email : null;
    }
}
