using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Platform.Isolation;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform.Audit;

/// <summary>The audit trail of each tenant: seals what is written, keeps it within bounds, verifies it. One sealer at a time.</summary>
public sealed class AuditTrail(IRegistryDatabase database, RegistryOptions registry, AuditKey key, TimeProvider time) : IDisposable
{
    /// <summary>Records read or sealed at once.</summary>
    private const int Batch = 1_000;

    /// <summary>How far retention lets the trail grow beyond its bound before it cuts.</summary>
    private const int Slack = 100;

    private readonly DbContextOptions<AuditDbContext> options = database.OptionsFor<AuditDbContext>("audit_migrations");
    private readonly ConcurrentDictionary<TenantId, SealedNumbers> known = new();
    private readonly SemaphoreSlim sealing = new(1, 1);

    /// <summary>Whether records of the tenant may be sealed, so that the database cannot search them.</summary>
    public bool MayBeSealed(TenantId tenant) => database.Keys.HasAny(tenant);

    public AuditDbContext CreateContext(TenantId tenant) => new(options, tenant);

    /// <summary>Takes all records that are not sealed yet into the chain, in the order of their ids, and signs its new end, each batch in one transaction.</summary>
    public async Task<int> SealAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await sealing.WaitAsync(cancellationToken);
        try
        {
            var (total, count) = (0, Batch);
            while (count == Batch)
                total += count = await SealBatchAsync(tenant, cancellationToken);
            return total;
        }
        finally
        {
            sealing.Release();
        }
    }

    /// <summary>
    /// Reads the whole chain against its records. What was written within the last second may not be sealed yet: it is sealed first.
    /// </summary>
    public async Task<AuditVerdict> VerifyAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await SealAsync(tenant, cancellationToken);
        await sealing.WaitAsync(cancellationToken);
        try
        {
            await using var context = CreateContext(tenant);
            var marks = await context.AuditMarks.ToDictionaryAsync(m => m.Kind, cancellationToken);
            return await new AuditVerifier(tenant, key, marks).RunAsync(context, Batch, cancellationToken);
        }
        finally
        {
            sealing.Release();
        }
    }

    public void Dispose() => sealing.Dispose();

    private async Task<int> SealBatchAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await using var context = CreateContext(tenant);
        if (!known.TryGetValue(tenant, out var numbers))
            known[tenant] = numbers = new SealedNumbers(await context.AuditSeals.MaxAsync(s => (long?)s.AuditId, cancellationToken) ?? 0, Batch);
        var from = numbers.From;
        var rows = await context.Audit.Where(a => a.Id > from && !context.AuditSeals.Any(s => s.AuditId == a.Id)).OrderBy(a => a.Id).Take(Batch).ToListAsync(cancellationToken);
        if (rows.Count == 0)
            return 0;
        var marks = await context.AuditMarks.ToDictionaryAsync(m => m.Kind, cancellationToken);
        var head = marks.GetValueOrDefault(AuditMarkRow.Head);
        if (head is null && await context.AuditSeals.AnyAsync(cancellationToken))
            return 0; // The signed end is gone: nothing may be linked to a chain that nobody vouches for, and a verification says so.
        var (number, hash) = head is null ? (0L, AuditChain.Begin(tenant)) : (head.Number, Convert.FromHexString(head.Hash));
        var seals = new List<AuditSealRow>(rows.Count);
        foreach (var row in rows)
        {
            hash = AuditChain.Link(hash, ++number, row.ToEntry());
            seals.Add(new AuditSealRow { TenantId = tenant.Value, Number = number, AuditId = row.Id, Hash = Convert.ToHexStringLower(hash) });
        }
        Put(context, head, Mark(tenant, AuditMarkRow.Head, number, hash));
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        await context.AddRowsAsync(seals, cancellationToken);
        await context.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        numbers.Add(rows.Select(static r => r.Id));
        var anchor = marks.GetValueOrDefault(AuditMarkRow.Anchor);
        if (number - (anchor?.Number ?? 0) > registry.AuditKept + Slack)
            await CutAsync(tenant, anchor, number - registry.AuditKept, cancellationToken);
        return rows.Count;
    }

    /// <summary>Drops the records up to a number; the last one dropped becomes the anchor from which the rest is verified.</summary>
    private async Task CutAsync(TenantId tenant, AuditMarkRow? anchor, long last, CancellationToken cancellationToken)
    {
        await using var context = CreateContext(tenant);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        var end = await context.AuditSeals.SingleAsync(s => s.Number == last, cancellationToken);
        await context.Audit.Where(a => context.AuditSeals.Any(s => s.AuditId == a.Id && s.Number <= last)).ExecuteDeleteAsync(cancellationToken);
        await context.AuditSeals.Where(s => s.Number <= last).ExecuteDeleteAsync(cancellationToken);
        Put(context, anchor, Mark(tenant, AuditMarkRow.Anchor, last, Convert.FromHexString(end.Hash)));
        await context.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private AuditMarkRow Mark(TenantId tenant, string kind, long number, byte[] hash) => new()
    {
        TenantId = tenant.Value, Kind = kind, Number = number, Hash = Convert.ToHexStringLower(hash), Time = time.GetUtcNow(),
        Signature = Convert.ToHexStringLower(AuditChain.Sign(key.Bytes, tenant, kind, number, hash)),
    };

    private static void Put(AuditDbContext context, AuditMarkRow? before, AuditMarkRow after) =>
        context.Entry(after).State = before is null ? EntityState.Added : EntityState.Modified;
}
