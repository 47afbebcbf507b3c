using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform.Audit;
using Strata.Cloud.Tenancy.People;
using Strata.Cloud.Tenancy.Rows;
using Strata.Cloud.Tenancy.Tokens;
using Strata.Core;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Tenancy.Providers;

/// <summary>
/// Accounts of people who come by a tenant's provider. Such an account is the tenant's own: the provider speaks for this tenant and no other, whatever e-mail address it says,
/// and what a person may do follows from the groups at each sign-in.
/// </summary>
internal sealed class ProviderAccounts(PeopleStore people, PeopleDirectory directory, SignInGuard guard, PeopleOptions options)
{
    /// <summary>The account of who was let in, made when it is the first time.</summary>
    public async Task<Outcome<UserRow>> AdmitAsync(ProviderRow provider, ProvenPerson person, HttpContext context)
    {
        var tenant = TenantId.Parse(provider.TenantId);
        var mapped = Groups(provider.Groups).Where(g => person.Groups.Contains(g.Group)).Select(g => g.Grant).ToList();
        var outcome = await people.ChangeAsync(
            SignIn.CallerOf(context, tenant, person.Email ?? person.Subject), now => Decide(provider, tenant, person, mapped, now), context.RequestAborted);
        if (outcome.IsOk && outcome.Value.HomeTenant.Length > 0 && mapped.Count == 0)
        {
            directory.End(people.Sessions.Where(s => s.UserId == outcome.Value.Id));
            return await RefuseAsync(tenant, person, "None of your groups has access here; ask your administrator.", context);
        }
        return outcome.IsOk || outcome.Problem.Kind is ProblemKind.Unavailable ? outcome : await RefuseAsync(tenant, person, outcome.Problem.Detail, context);
    }

    public static IReadOnlyList<GroupGrant> Groups(string text) => JsonSerializer.Deserialize<List<GroupGrant>>(text, JsonSerializerOptions.Web) ?? [];

    private Outcome<PeopleChange<UserRow>> Decide(ProviderRow provider, TenantId tenant, ProvenPerson person, List<GrantInfo> mapped, DateTimeOffset now)
    {
        if (people.FindProvider(tenant) is not { } current || current.Issuer != provider.Issuer || current.ClientId != provider.ClientId)
            return new Problem(ProblemKind.Forbidden, "The tenant's provider was changed in the meantime; sign in again.");
        var grants = GrantText.Write(mapped);
        if (people.FindIdentity(tenant, provider.Issuer, person.Subject) is { } identity && people.FindUser(identity.UserId) is { } user && people.FindMembership(tenant, user.Id) is { } before)
        {
            if (!before.Enabled)
                return new Problem(ProblemKind.Forbidden, "An administrator has disabled this account.");
            if (user.HomeTenant.Length == 0)
                return new PeopleChange<UserRow>(user, [], null); // Linked: what he may do is what he was given here, whatever his groups.
            return before.Grants == grants
                ? new PeopleChange<UserRow>(user, [], null)
                : new PeopleChange<UserRow>(user, [(before, before with { Grants = grants })],
                    new PeopleAudit("change", "user", user.Email, new { grants = GrantText.Read(before.Grants) }, new { grants = mapped, by = provider.Issuer }));
        }
        if (mapped.Count == 0)
            return new Problem(ProblemKind.Forbidden, "None of your groups has access here; ask your administrator.");
        if (person.Email is null)
            return new Problem(ProblemKind.Forbidden, "The provider does not say that your e-mail address is verified; have that done there first.");
        if (people.FindMember(tenant, person.Email) is not null)
            return new Problem(ProblemKind.Forbidden, "There is an account of this e-mail address here that signs in with a password; sign in with it, and link it to the provider on your own page (/account/provider).");
        if (people.Users >= options.MaxUsers)
            return new Problem(ProblemKind.TooMuch, $"There are {options.MaxUsers:N0} accounts, as many as this installation takes.");
        var added = new UserRow
        {
            Id = RandomNumberGenerator.GetHexString(16, lowercase: true), HomeTenant = tenant.Value, Email = person.Email, Name = person.Name ?? person.Email, PasswordHash = "", Created = now,
        };
        var member = new MembershipRow { TenantId = tenant.Value, UserId = added.Id, Grants = grants, Created = now };
        var bound = new IdentityRow { TenantId = tenant.Value, Issuer = provider.Issuer, Subject = person.Subject, UserId = added.Id, Created = now };
        return new PeopleChange<UserRow>(
            added, [(null, added), (null, member), (null, bound)], new PeopleAudit("create", "user", added.Email, null, new { added.Name, grants = mapped, by = provider.Issuer }));
    }

    /// <summary>Says why, and keeps a record of the first and each that would make a wrong password wait longer, so that nobody floods the trail.</summary>
    private async Task<Outcome<UserRow>> RefuseAsync(TenantId tenant, ProvenPerson person, string why, HttpContext context)
    {
        if (guard.Failed($"provider of {tenant.Value}: {person.Subject}", SignInAttempts.AddressOf(context)))
        {
            var name = person.Email ?? person.Subject;
            await people.ChangeAsync<string>(
                SignIn.CallerOf(context, tenant, name), _ => new PeopleChange<string>("", [], new PeopleAudit("sign-in", "session", name, null, new { why }) { Result = AuditRow.Refused }),
                context.RequestAborted);
        }
        return new Problem(ProblemKind.Forbidden, why);
    }
}
