using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Identity.Rows;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Identity;

/// <summary>
/// Which organisation's gateway passes for which host. All devices trust one root: so a host's name is one organisation's alone while a certificate for it lasts, first come. Addresses are not watched over:
/// networks of their own use the same ones. Safe from any thread.
/// </summary>
internal sealed class GatewayNames(IdentityStore store, TimeProvider time) : IDisposable
{
    /// <summary>Names of one gateway, of all its certificates that have not ended.</summary>
    private const int MaxNames = 64;

    private readonly SemaphoreSlim turn = new(1, 1);
    private readonly Dictionary<string, (TenantId Tenant, DateTimeOffset Until)> held = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Takes what the tables say; before the node listens.</summary>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        foreach (var tenant in await store.TenantsAsync("which hosts the gateways pass for", cancellationToken))
        {
            await using var tables = store.Create(tenant);
            foreach (var row in await tables.GatewayNames.AsNoTracking().ToListAsync(cancellationToken))
                Hold(tenant, row.Ends());
        }
    }

    /// <summary>Notes for whom a certificate was made, with its audit record, before it may be given away.</summary>
    /// <param name="names">Hosts and addresses.</param>
    public async Task<Outcome<GatewayNamesRow>> TakeAsync(Caller caller, string gateway, IReadOnlyList<string> names, string serial, DateTimeOffset until, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            var now = time.GetUtcNow();
            if (names.FirstOrDefault(n => IsHost(n) && held.TryGetValue(n, out var other) && other.Tenant != caller.Tenant && other.Until > now) is { } taken)
                return new Problem(ProblemKind.Conflict, $"'{taken}' is taken; a gateway has a host's name of its own (--mqtts-name), or is given a certificate of another authority (--cert, --key).", "names");
            var done = await store.ChangeAsync<GatewayNamesRow>(caller, async (tables, _, stop) =>
            {
                var before = await tables.GatewayNames.AsNoTracking().FirstOrDefaultAsync(g => g.Gateway == gateway, stop);
                // What an earlier certificate that has not ended says is held too.
                var ends = (before?.Ends() ?? []).Where(e => e.Value > now).ToDictionary(StringComparer.OrdinalIgnoreCase);
                foreach (var name in names)
                    ends[name] = until;
                if (ends.Count > MaxNames)
                    return new Problem(ProblemKind.TooMuch, $"The gateway has certificates for {MaxNames} names already; they end within a month.", "names");
                var row = new GatewayNamesRow { TenantId = caller.Tenant.Value, Gateway = gateway, Names = GatewayNamesRow.Write(ends), Serial = serial };
                return new DecidedChange<GatewayNamesRow>(row, [(before, row)], "issue", "gateway-certificate", gateway, before is null ? null : new { before.Serial, before.Names }, new { serial, names, until });
            }, cancellationToken);
            if (done.IsOk)
                Hold(caller.Tenant, done.Value.Ends());
            return done;
        }
        finally
        {
            turn.Release();
        }
    }

    public void Dispose() => turn.Dispose();

    private void Hold(TenantId tenant, Dictionary<string, DateTimeOffset> ends)
    {
        var now = time.GetUtcNow();
        foreach (var old in held.Where(h => h.Value.Until <= now).Select(h => h.Key).ToList())
            held.Remove(old);
        foreach (var (name, until) in ends.Where(e => IsHost(e.Key)))
            held[name] = (tenant, until);
    }

    private static bool IsHost(string name) => !System.Net.IPAddress.TryParse(name, out _) && name != "localhost";
}
