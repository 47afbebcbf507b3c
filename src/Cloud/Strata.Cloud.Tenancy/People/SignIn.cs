using System.Net;
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
internal sealed class SignIn(PeopleStore people, PeopleDirectory directory, Passwords passwords, SignInGuard guard, PeopleOptions options, TenantDirectory tenants) : ISignIn
{
    private static readonly Problem Wrong = new(ProblemKind.Unauthenticated, "E-mail and password do not fit, or the account may not sign in.", "password");

    public IResult Page(HttpContext context) => PeoplePages.Login(context, null);

    public async Task<Principal?> OpenAsync(Principal linked, HttpContext context)
    {
        if (linked.Kind == PrincipalKind.Token || (linked.Kind == PrincipalKind.Person && directory.Find(linked.Id) is not null))
            return linked; // A session of what made the link: it ends with it.
        var role = linked.Grants.Any(g => g.Role.IsOfPlatform) ? Role.PlatformOwner : Role.TenantAdmin;
        var opened = await OpenAsync(null, role.Name, linked.Tenant, linked.Name, context);
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

    /// <summary>Checks a password. Says the same, after the same work, for a wrong one and for a user who is not there.</summary>
    public async Task<Outcome<UserRow>> CheckAsync(string? email, string? password, HttpContext context, CancellationToken cancellationToken)
    {
        var name = Email.Normal(email);
        var address = AddressOf(context);
        if (name is null || string.IsNullOrEmpty(password))
            return new Problem(ProblemKind.Invalid, "Signing in takes an e-mail address and a password.", "email");
        var user = people.FindByEmail(name);
        // Where the user is signed in from already, guesses of others at the same address do not make him wait.
        var isKnown = user is not null && people.Sessions.Any(s => s.UserId == user.Id && s.Address == address && !directory.IsOver(s));
        if (!isKnown && guard.Wait(name, address) is { Ticks: > 0 } wait)
        {
            context.Response.Headers.RetryAfter = $"{Math.Ceiling(wait.TotalSeconds):0}";
            return new Problem(ProblemKind.TooMuch, $"Too many wrong passwords; try again in {Math.Ceiling(wait.TotalSeconds):0} s.", "password");
        }
        var right = await passwords.VerifyAsync(password, user?.PasswordHash, cancellationToken);
        if (!right.IsOk)
            return right.Problem;
        if (right.Value && directory.TenantsOf(user!.Id).Count > 0)
        {
            guard.Succeeded(name, address);
            return user;
        }
        if (guard.Failed(name, address) && user is not null && TenantOf(user) is { } tenant)
        {
            await people.ChangeAsync<string>(
                CallerOf(context, tenant, user.Email), _ => new PeopleChange<string>("", [], new PeopleAudit("sign-in", "session", user.Email) { Result = "refused" }), cancellationToken);
        }
        return Wrong;
    }

    /// <summary>Opens a session of a user and gives the browser its cookie.</summary>
    public async Task<Outcome<SessionRow>> EnterAsync(UserRow user, string? tenant, HttpContext context)
    {
        var may = directory.TenantsOf(user.Id);
        var chosen = tenant is null ? may.Cast<TenantId?>().FirstOrDefault() : may.Cast<TenantId?>().FirstOrDefault(t => t!.Value.Value == tenant);
        if (chosen is not { } entered)
            return tenant is null ? Wrong : new Problem(ProblemKind.NotFound, "There is no such tenant.", "tenant");
        var opened = await OpenAsync(user.Id, null, entered, user.Email, context);
        if (opened.IsOk && directory.Find(opened.Value.Id) is { } principal)
            await context.SignInAsync(StrataIdentity.CookieScheme, StrataIdentity.Of(principal, StrataIdentity.CookieScheme));
        return opened;
    }

    public static Caller CallerOf(HttpContext context, TenantId tenant, string actor) => new(tenant, actor) { Origin = context.Connection.RemoteIpAddress?.ToString() };

    private TenantId? TenantOf(UserRow user) => people.Memberships.Where(m => m.UserId == user.Id).Select(m => (TenantId?)TenantId.Parse(m.TenantId)).FirstOrDefault(t => tenants.Exists(t!.Value));

    private async Task<Outcome<SessionRow>> OpenAsync(string? user, string? role, TenantId tenant, string name, HttpContext context)
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
                    Address = AddressOf(context), Agent = new string([.. agent.Where(c => !char.IsControl(c)).Take(200)]),
                };
                ended.AddRange(people.Sessions.Where(s => s.UserId == user && (user is not null || s.CurrentTenant == tenant.Value)).OrderByDescending(s => s.Created).Skip(options.MaxSessions - 1));
                return new PeopleChange<SessionRow>(session, [(null, session), .. ended.Select(e => ((object?)e, (object?)null))], new PeopleAudit("sign-in", "session", name, null, new { session.Id, by = user is null ? "link" : "password" }));
            },
            context.RequestAborted);
        directory.End(ended);
        return outcome;
    }

    /// <summary>An IPv6 network of 64 bits counts as one address: whoever has one has all of it.</summary>
    private static string AddressOf(HttpContext context)
    {
        var address = context.Connection.RemoteIpAddress ?? IPAddress.None;
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        if (address.AddressFamily != System.Net.Sockets.AddressFamily.InterNetworkV6)
            return address.ToString();
        var bytes = address.GetAddressBytes();
        Array.Clear(bytes, 8, 8);
        return $"{new IPAddress(bytes)}/64";
    }
}

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
