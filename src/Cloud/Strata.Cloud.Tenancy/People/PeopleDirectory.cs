using Strata.Cloud.Tenancy.Rows;
using Strata.Cloud.Tenancy.Tokens;
using Strata.Core.Tenancy;
using Strata.Node.Auth;

namespace Strata.Cloud.Tenancy.People;

/// <summary>Who is signed in by a session, now: made anew each time from what is granted, so that a change holds with the next request.</summary>
internal sealed class PeopleDirectory(PeopleStore people, TenancyStore tenancy, TenantDirectory tenants, PeopleOptions options, TimeProvider time)
{
    /// <summary>Raised when a session ended or its rights changed: what was opened with it must end.</summary>
    public event Action<Principal>? Ended;

    public Principal? Find(string id)
    {
        if (people.FindSession(id) is not { } session || IsOver(session) || !TenantId.TryParse(session.CurrentTenant, out var tenant))
            return null;
        if (time.GetUtcNow() - session.LastSeen > TimeSpan.FromMinutes(1))
            people.NoteSeen(session);
        return PrincipalOf(session, tenant);
    }

    public bool IsOver(SessionRow session)
    {
        var now = time.GetUtcNow();
        return now - session.Created > options.SessionLimit || now - session.LastSeen > options.IdleLimit;
    }

    /// <summary>Whether the session was opened with what its tenant asks for; a provider asks for it itself.</summary>
    public bool SatisfiesRules(SessionRow session) =>
        session.UserId is null || session.SecondFactor || session.OnlyTenant is not null || people.FindUser(session.UserId)?.HomeTenant.Length > 0 || people.FindRules(TenantId.Parse(session.CurrentTenant)) is not { RequireSecondFactor: true };

    /// <summary>The tenants that a user may be in, in order.</summary>
    public IReadOnlyList<TenantId> TenantsOf(string user) =>
    [
        .. people.Memberships.Where(m => m.UserId == user && m.Enabled).Select(m => TenantId.Parse(m.TenantId))
            .Where(t => tenants.IsActive(t) || GrantsIn(t, user).Any(g => g.Role.IsOfPlatform)).OrderBy(t => t != tenants.Default).ThenBy(t => t.Value, StringComparer.Ordinal),
    ];

    /// <summary>Those that a session may be in: of one that a tenant's provider opened, that tenant alone.</summary>
    public IReadOnlyList<TenantId> TenantsOf(SessionRow session) =>
        session.UserId is null ? [TenantId.Parse(session.CurrentTenant)] : [.. TenantsOf(session.UserId).Where(t => session.OnlyTenant is null || t.Value == session.OnlyTenant)];

    public IEnumerable<Grant> GrantsIn(TenantId tenant, string user) =>
        people.FindMembership(tenant, user) is { Enabled: true } member && tenancy.Find(tenant) is { } image ? GrantText.Read(member.Grants, image) : [];

    /// <summary>Ends what was opened with a user's sessions in a tenant.</summary>
    public void End(IEnumerable<SessionRow> ended)
    {
        foreach (var session in ended)
            Ended?.Invoke(new Principal(TenantId.Parse(session.CurrentTenant), PrincipalKind.Person, session.Id, ""));
    }

    private Principal? PrincipalOf(SessionRow session, TenantId tenant)
    {
        if (session.UserId is null)
        {
            return Role.TryFindBuiltIn(session.LinkRole, out var role)
                ? new Principal(tenant, PrincipalKind.Person, session.Id, role.IsOfPlatform ? "admin" : "administrator", new Grant(role, AccessScope.WholeTenant))
                : null;
        }
        if (!SatisfiesRules(session) || people.FindUser(session.UserId) is not { } user || people.FindMembership(tenant, user.Id) is not { Enabled: true })
            return null;
        if (session.OnlyTenant is not null && (session.OnlyTenant != tenant.Value || people.FindIdentityOf(tenant, user.Id) is null || people.FindProvider(tenant) is null))
            return null;
        // A tenant's provider lets nobody in as the platform's owner.
        return new Principal(tenant, PrincipalKind.Person, session.Id, user.Email, [.. GrantsIn(tenant, user.Id).Where(g => session.OnlyTenant is null || !g.Role.IsOfPlatform)]);
    }
}
