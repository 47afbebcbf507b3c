using System.Collections.Concurrent;
using System.Text;
using Strata.Cloud.Tenancy.People;
using Strata.Cloud.Tenancy.Rows;
using Strata.Cloud.Tenancy.Shares;
using Strata.Core.Tenancy;
using Strata.Node.Auth;
using Strata.Node.Devices;

namespace Strata.Cloud.Tenancy.Tokens;

/// <summary>All tokens of the installation in memory, by prefix, with the machine's own; follows the store.</summary>
internal sealed class TokenDirectory : ITokenStore
{
    private readonly PeopleDirectory people;
    private readonly AdminToken admin;
    private readonly TenantDirectory tenants;
    private readonly TimeProvider time;
    private readonly ConcurrentDictionary<string, Entry> tokens = new(StringComparer.Ordinal);

    public TokenDirectory(TenancyStore store, PeopleDirectory people, AdminToken admin, TenantDirectory tenants, TimeProvider time)
    {
        (this.people, this.admin, this.tenants, this.time) = (people, admin, tenants, time);
        people.Ended += session => Ended?.Invoke(session);
        store.Changed += Follow;
    }

    public event Action<Principal>? Ended;

    public Principal? Find(string token)
    {
        if (!TokenText.TryReadPrefix(token, out var prefix))
            return admin.Find(token);
        var known = tokens.GetValueOrDefault(prefix);
        // A prefix that nobody has costs as much as a wrong secret.
        if (!DeviceSecrets.Matches(Encoding.UTF8.GetBytes(token), known?.Row.TokenHash ?? default) || !IsGood(known!))
            return null;
        known!.UsedAt = time.GetUtcNow().UtcTicks;
        return known.Principal;
    }

    public Principal? FindById(string id) => tokens.TryGetValue(id, out var known) ? IsGood(known) ? known.Principal : null : admin.FindById(id);

    public Principal? FindSession(string id) => people.Find(id);

    public Principal? PrincipalOf(string prefix) => tokens.GetValueOrDefault(prefix)?.Principal;

    /// <summary>Tokens whose time is over.</summary>
    public IReadOnlyList<ApiTokenRow> TakeExpired()
    {
        var now = time.GetUtcNow();
        return [.. tokens.Values.Where(t => t.Row.Expires <= now && t.MarkEnded()).Select(Tell)];
    }

    /// <summary>Tokens that were used since the last call, and when.</summary>
    public ILookup<TenantId, (string Prefix, DateTimeOffset At)> TakeUsed() => tokens.Values
        .Select(t => (Token: t, At: t.TakeUse()))
        .Where(t => t.At > 0)
        .ToLookup(t => t.Token.Principal.Tenant, t => (t.Token.Row.Prefix, new DateTimeOffset(t.At, TimeSpan.Zero)));

    private bool IsGood(Entry known) =>
        (known.Receiver is not { } receiver || tenants.IsActive(receiver)) && !(known.Row.Expires <= time.GetUtcNow()) && (tenants.IsActive(known.Principal.Tenant) || known.Principal.IsPlatformOwner);

    private ApiTokenRow Tell(Entry ended)
    {
        Ended?.Invoke(ended.Principal);
        return ended.Row;
    }

    private void Follow(TenantId tenant, TenancyImage? before, TenancyImage after)
    {
        foreach (var row in after.Tokens.Values.Where(t => before?.Tokens.ContainsKey(t.Prefix) != true))
            tokens[row.Prefix] = new Entry(row, PrincipalOf(tenant, row, after), ReceiverOf(row, after));
        foreach (var gone in before?.Tokens.Keys.Except(after.Tokens.Keys) ?? [])
        {
            if (tokens.TryRemove(gone, out var ended))
                Ended?.Invoke(ended.Principal);
        }
        if (after.IsActive || before?.IsActive != true)
            return;
        foreach (var disabled in tokens.Values.Where(t => (t.Principal.Tenant == tenant || t.Receiver == tenant) && !t.Principal.IsPlatformOwner))
            Ended?.Invoke(disabled.Principal);
    }

    private static Principal PrincipalOf(TenantId tenant, ApiTokenRow row, TenancyImage image) => row.Share is { } share
        ? new Principal(tenant, row.Prefix, row.Name, ShareContent.ToShare(image.Shares[share]))
        : new Principal(tenant, PrincipalKind.Token, row.Prefix, row.Name, [.. GrantText.Read(row.Grants, image)]);

    /// <summary>The tenant whose applications read by a share: while it is disabled, they do not.</summary>
    private static TenantId? ReceiverOf(ApiTokenRow row, TenancyImage image) =>
        row.Share is { } share && image.Shares[share].ToTenant is { } receiver ? TenantId.Parse(receiver) : null;

    private sealed class Entry(ApiTokenRow row, Principal principal, TenantId? receiver)
    {
        public TenantId? Receiver => receiver;

        private int ended;
        private long told;

        public ApiTokenRow Row { get; } = row;

        public Principal Principal { get; } = principal;

        /// <summary>UTC ticks; 0 when not used since the start.</summary>
        public long UsedAt;

        /// <summary>True for the first caller.</summary>
        public bool MarkEnded() => Interlocked.Exchange(ref ended, 1) == 0;

        public long TakeUse()
        {
            var used = Volatile.Read(ref UsedAt);
            return Interlocked.Exchange(ref told, used) == used ? 0 : used;
        }
    }
}
