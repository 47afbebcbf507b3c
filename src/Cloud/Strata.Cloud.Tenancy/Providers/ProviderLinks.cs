using Microsoft.AspNetCore.Http;
using Strata.Cloud.Tenancy.People;
using Strata.Cloud.Tenancy.Rows;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node.Auth;

namespace Strata.Cloud.Tenancy.Providers;

/// <summary>Who asked for a link: of which account, in which session, and with which password it was confirmed.</summary>
internal sealed record LinkTicket(string User, string Session, string Mark);

/// <summary>
/// Links an account with a password to whom the tenant's provider means: asked for by who is signed in with that password and has just shown it again, never because of an e-mail address.
/// </summary>
internal sealed class ProviderLinks(PeopleStore people, PeopleDirectory directory)
{
    public async Task<Outcome<UserRow>> LinkAsync(ProviderRow provider, ProvenPerson person, LinkTicket link, HttpContext context)
    {
        var tenant = TenantId.Parse(provider.TenantId);
        return await people.ChangeAsync(
            SignIn.CallerOf(context, tenant, people.FindUser(link.User)?.Email ?? link.User), now => Decide(provider, tenant, person, link, now), context.RequestAborted);
    }

    public async Task<Outcome<UserRow>> UnlinkAsync(UserRow user, TenantId tenant, HttpContext context)
    {
        var ended = new List<SessionRow>();
        var outcome = await people.ChangeAsync<UserRow>(
            SignIn.CallerOf(context, tenant, user.Email),
            _ =>
            {
                if (people.FindIdentityOf(tenant, user.Id) is not { } identity)
                    return new Problem(ProblemKind.NotFound, "Your account is not linked.");
                ended.AddRange(people.Sessions.Where(s => s.UserId == user.Id && s.OnlyTenant == tenant.Value));
                return new PeopleChange<UserRow>(
                    user, [(identity, null), .. ended.Select(s => ((object?)s, (object?)null))],
                    new PeopleAudit("unlink", "user", user.Email, new { identity.Issuer, identity.Subject }));
            },
            context.RequestAborted);
        directory.End(ended);
        return outcome;
    }

    private Outcome<PeopleChange<UserRow>> Decide(ProviderRow provider, TenantId tenant, ProvenPerson person, LinkTicket link, DateTimeOffset now)
    {
        if (people.FindProvider(tenant) is not { } current || current.Issuer != provider.Issuer || current.ClientId != provider.ClientId)
            return new Problem(ProblemKind.Forbidden, "The tenant's provider was changed in the meantime; begin again.");
        // As things stand now: signed out, another password or disabled in the meantime ends it.
        if (people.FindSession(link.Session) is not { OnlyTenant: null } session || session.UserId != link.User || directory.IsOver(session) || people.FindUser(link.User) is not { HomeTenant.Length: 0 } user
            || SignIn.MarkOf(user) != link.Mark || people.FindMembership(tenant, user.Id) is not { Enabled: true })
            return new Problem(ProblemKind.Unauthenticated, "You are not signed in any more as you were when you began; sign in and begin again.");
        if (directory.GrantsIn(tenant, user.Id).Any(g => g.Role.IsOfPlatform))
            return new Problem(ProblemKind.Forbidden, "The account of a platform's owner is not linked: a provider speaks for one tenant.");
        if (people.FindIdentityOf(tenant, user.Id) is not null)
            return new Problem(ProblemKind.Conflict, "Your account is linked already; unlink it first.");
        if (people.FindIdentity(tenant, provider.Issuer, person.Subject) is not null)
            return new Problem(ProblemKind.Conflict, "Whom the provider says you are belongs to another account here.");
        var bound = new IdentityRow { TenantId = tenant.Value, Issuer = provider.Issuer, Subject = person.Subject, UserId = user.Id, Created = now };
        return new PeopleChange<UserRow>(user, [(null, bound)], new PeopleAudit("link", "user", user.Email, null, new { bound.Issuer, bound.Subject }));
    }
}

/// <summary>The form of <see cref="ProviderPages.Link"/>.</summary>
internal static class ProviderLinkForms
{
    private static readonly Problem Stale = new(ProblemKind.Invalid, "The form was open for too long, or in another browser; send it again.");

    public static IResult Show(HttpContext context, SignIn signIn, PeopleStore people) => signIn.UserOf(context) is { } own ? Show(context, own.User, people, null) : Results.LocalRedirect("/");

    public static async Task<IResult> ChangeAsync(HttpContext context, SignIn signIn, PeopleStore people, ProviderSignIn provider, ProviderLinks links)
    {
        if (signIn.UserOf(context) is not { } own)
            return Results.LocalRedirect("/");
        if (!await PeoplePages.IsOursAsync(context))
            return Show(context, own.User, people, Stale);
        var tenant = TenantId.Parse(own.Session.CurrentTenant);
        var known = await signIn.CheckAsync(own.User.Email, context.Request.Form["password"], context, context.RequestAborted);
        if (!known.IsOk)
            return Show(context, own.User, people, known.Problem);
        if (context.Request.Form["action"] == "unlink")
        {
            var unlinked = await links.UnlinkAsync(own.User, tenant, context);
            return Show(context, own.User, people, unlinked.IsOk ? null : unlinked.Problem);
        }
        return people.FindProvider(tenant) is null
            ? Show(context, own.User, people, new Problem(ProblemKind.NotFound, "The tenant has no provider."))
            : await provider.BeginAsync(tenant.Value, "/account", new LinkTicket(own.User.Id, own.Session.Id, SignIn.MarkOf(known.Value)), context);
    }

    /// <summary>Of the tenant that the session is in: for one for which a platform's owner acts, nobody is linked.</summary>
    private static IResult Show(HttpContext context, UserRow user, PeopleStore people, Problem? problem)
    {
        var tenant = context.Access().Principal.Tenant;
        return ProviderPages.Link(context, people.FindProvider(tenant)?.Label, people.FindIdentityOf(tenant, user.Id) is not null, problem);
    }
}
