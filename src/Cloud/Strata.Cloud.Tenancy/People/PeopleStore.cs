using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Audit;
using Strata.Cloud.Tenancy.Rows;
using Strata.Core;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Tenancy.People;

/// <summary>
/// Accounts, memberships, invitations and sessions: all in memory, and the one way to change them. Changes come one after the other; each is decided on what is there and
/// written as one transaction with its audit record before it counts. Reads never wait.
/// </summary>
internal sealed class PeopleStore : IDisposable
{
    /// <summary>An account is of several tenants: after a change whose outcome is unknown all are loaded again, whichever of them it was of.</summary>
    private static readonly TenantId AllPeople = TenantId.Main;

    private readonly IRegistryDatabase database;
    private readonly AuditNumbers numbers;
    private readonly TimeProvider time;
    private readonly DbContextOptions<TenancyDbContext> options;
    private readonly ConcurrentDictionary<string, UserRow> users = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string HomeTenant, string Email), string> byEmail = new();
    private readonly ConcurrentDictionary<(string Tenant, string User), MembershipRow> memberships = new();
    private readonly ConcurrentDictionary<string, InvitationRow> invitations = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, MailRow> mails = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, SessionRow> sessions = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, SecondFactorRow> factors = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, ProviderRow> providers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Tenant, string Issuer, string Subject), IdentityRow> identities = new();
    private readonly ConcurrentDictionary<string, SignInRulesRow> rules = new(StringComparer.Ordinal);
    private readonly RegistryTurn<TenancyDbContext> turn;

    public PeopleStore(IRegistryDatabase database, AuditNumbers numbers, TimeProvider time, ILogger<PeopleStore> logger)
    {
        (this.database, this.numbers, this.time) = (database, numbers, time);
        options = database.OptionsFor<TenancyDbContext>(TenancyDbContext.MigrationsTable);
        turn = new RegistryTurn<TenancyDbContext>(database, Create, (_, cancellationToken) => LoadAsync(cancellationToken), logger);
    }

    public IEnumerable<MembershipRow> Memberships => memberships.Values;

    public IEnumerable<InvitationRow> Invitations => invitations.Values;

    /// <summary>Those of invitations that are open.</summary>
    public IEnumerable<MailRow> Mails => mails.Values;

    public IEnumerable<SessionRow> Sessions => sessions.Values;

    public int Users => users.Count;

    public UserRow? FindUser(string id) => users.GetValueOrDefault(id);

    /// <summary>The account that signs in with a password.</summary>
    public UserRow? FindByEmail(string email) => byEmail.TryGetValue(("", email), out var id) ? FindUser(id) : null;

    /// <summary>The account of this address in a tenant: one with a password that belongs to it, or the tenant's own.</summary>
    public UserRow? FindMember(TenantId tenant, string email) =>
        FindByEmail(email) is { } user && FindMembership(tenant, user.Id) is not null ? user : byEmail.TryGetValue((tenant.Value, email), out var id) ? FindUser(id) : null;

    /// <summary>The tenant's OpenID Connect provider.</summary>
    public ProviderRow? FindProvider(TenantId tenant) => providers.GetValueOrDefault(tenant.Value);

    /// <summary>Whether any tenant has a provider.</summary>
    public bool HasProviders => !providers.IsEmpty;

    public IdentityRow? FindIdentity(TenantId tenant, string issuer, string subject) => identities.GetValueOrDefault((tenant.Value, issuer, subject));

    /// <summary>By whom the tenant's provider means this account; null when it does not.</summary>
    public IdentityRow? FindIdentityOf(TenantId tenant, string user) => identities.Values.FirstOrDefault(i => i.TenantId == tenant.Value && i.UserId == user);

    public MembershipRow? FindMembership(TenantId tenant, string user) => memberships.GetValueOrDefault((tenant.Value, user));

    public SessionRow? FindSession(string id) => sessions.GetValueOrDefault(id);

    public InvitationRow? FindInvitation(string id) => invitations.GetValueOrDefault(id);

    /// <param name="id">The invitation's.</param>
    public MailRow? FindMail(string id) => mails.GetValueOrDefault(id);

    /// <summary>What goes when an invitation goes: its mail with it.</summary>
    public IEnumerable<(object? Before, object? After)> Without(InvitationRow invitation) =>
        FindMail(invitation.Id) is { } mail ? [(invitation, null), (mail, null)] : [(invitation, null)];

    public SecondFactorRow? FindSecondFactor(string user) => factors.GetValueOrDefault(user);

    /// <summary>Null: the defaults.</summary>
    public SignInRulesRow? FindRules(TenantId tenant) => rules.GetValueOrDefault(tenant.Value);

    /// <summary>After the slice's migrations.</summary>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        await using var context = Create(TenantId.Main);
        var rows = new List<object>();
        rows.AddRange(await context.Users.ToListAsync(cancellationToken));
        rows.AddRange(await context.Sessions.ToListAsync(cancellationToken));
        rows.AddRange(await context.SecondFactors.ToListAsync(cancellationToken));
        foreach (var tenant in await database.TenantsAsync(context, "start of the node: loading memberships and invitations", cancellationToken))
        {
            await using var own = Create(tenant);
            rows.AddRange(await own.ReadAllAsync<MembershipRow>(cancellationToken));
            rows.AddRange(await own.ReadAllAsync<InvitationRow>(cancellationToken));
            rows.AddRange(await own.ReadAllAsync<MailRow>(cancellationToken));
            rows.AddRange(await own.ReadAllAsync<SignInRulesRow>(cancellationToken));
            rows.AddRange(await own.ReadAllAsync<ProviderRow>(cancellationToken));
            rows.AddRange(await own.ReadAllAsync<IdentityRow>(cancellationToken));
        }
        var found = rows.ToHashSet();
        foreach (var gone in ((IEnumerable<object>)[.. sessions.Values, .. memberships.Values, .. invitations.Values, .. mails.Values, .. factors.Values, .. rules.Values, .. providers.Values, .. identities.Values]).Where(r => !found.Contains(r)))
            Follow(gone, null);
        rows.ForEach(r => Follow(null, r));
    }

    /// <summary>Decides and makes a change; a problem writes nothing.</summary>
    public Task<Outcome<T>> ChangeAsync<T>(Caller caller, Func<DateTimeOffset, Outcome<PeopleChange<T>>> decide, CancellationToken cancellationToken) =>
        turn.ChangeAsync<T>(AllPeople, async () =>
        {
            var outcome = decide(time.GetUtcNow());
            if (!outcome.IsOk)
                return outcome.Problem;
            await SaveAsync(caller, outcome.Value.Rows, outcome.Value.Audit);
            foreach (var (before, after) in outcome.Value.Rows)
                Follow(before, after);
            if (outcome.Value.Audit is not null)
                numbers.Announce(caller.Tenant);
            return outcome.Value.Result;
        }, cancellationToken);

    /// <summary>A use of a session is kept in memory, and written with the others.</summary>
    public void NoteSeen(SessionRow session) => sessions.TryUpdate(session.Id, session with { LastSeen = time.GetUtcNow() }, session);

    /// <summary>Writes when sessions were used last, and takes away what has ended.</summary>
    public Task SweepAsync(IReadOnlyCollection<SessionRow> seen, IReadOnlyCollection<SessionRow> ended, CancellationToken cancellationToken) => turn.ObserveAsync(
        TenantId.Main,
        async context =>
        {
            foreach (var session in seen)
                await context.Sessions.Where(s => s.Id == session.Id).ExecuteUpdateAsync(s => s.SetProperty(r => r.LastSeen, session.LastSeen), cancellationToken);
            foreach (var session in ended)
                await context.Sessions.Where(s => s.Id == session.Id).ExecuteDeleteAsync(cancellationToken);
        },
        () =>
        {
            foreach (var session in ended)
                sessions.TryRemove(session.Id, out _);
        },
        cancellationToken);

    /// <summary>Takes everything from the tables, which were changed by somebody else.</summary>
    public Task LoadAgainAsync(CancellationToken cancellationToken) => turn.LoadAgainAsync(AllPeople, cancellationToken);

    public void Dispose() => turn.Dispose();

    private TenancyDbContext Create(TenantId tenant) => new(options, tenant);

    private Task SaveAsync(Caller caller, IReadOnlyList<(object? Before, object? After)> rows, PeopleAudit? audit) =>
        turn.SaveAsync(caller.Tenant, rows, audit is null ? [] :
        [
            new AuditRow
            {
                TenantId = caller.Tenant.Value, Id = numbers.Next(caller.Tenant), Time = time.GetUtcNow(), Actor = caller.Actor, Origin = caller.Origin, Action = audit.Action,
                Kind = audit.Kind, Subject = audit.Subject, Before = Json(audit.Before), After = Json(audit.After), Result = audit.Result,
            },
        ]);

    private void Follow(object? before, object? after)
    {
        switch (after ?? before)
        {
            case UserRow user:
                users[user.Id] = user;
                byEmail[(user.HomeTenant, user.Email)] = user.Id;
                break;
            case MembershipRow member:
                Put(memberships, (member.TenantId, member.UserId), member, after is null);
                break;
            case InvitationRow invitation:
                Put(invitations, invitation.Id, invitation, after is null);
                break;
            case MailRow mail:
                Put(mails, mail.Id, mail, after is null);
                break;
            case SessionRow session:
                Put(sessions, session.Id, session, after is null);
                break;
            case SecondFactorRow factor:
                Put(factors, factor.UserId, factor, after is null);
                break;
            case ProviderRow provider:
                Put(providers, provider.TenantId, provider, after is null);
                break;
            case IdentityRow identity:
                Put(identities, (identity.TenantId, identity.Issuer, identity.Subject), identity, after is null);
                break;
            case SignInRulesRow row:
                Put(rules, row.TenantId, row, after is null);
                break;
        }
    }

    private static void Put<TKey, TRow>(ConcurrentDictionary<TKey, TRow> rows, TKey key, TRow row, bool gone)
        where TKey : notnull
    {
        if (gone)
            rows.TryRemove(key, out _);
        else
            rows[key] = row;
    }

    private static string? Json(object? value) => value is null ? null : JsonSerializer.Serialize(value, JsonSerializerOptions.Web);
}

/// <summary>A decided change.</summary>
/// <param name="Rows">What differs; never a user that goes away.</param>
/// <param name="Audit">Null where the rows need none.</param>
internal sealed record PeopleChange<T>(T Result, IReadOnlyList<(object? Before, object? After)> Rows, PeopleAudit? Audit);

/// <summary>What the audit trail says of it; no secrets.</summary>
internal sealed record PeopleAudit(string Action, string Kind, string Subject, object? Before = null, object? After = null)
{
    public string Result { get; init; } = AuditRow.Done;
}
