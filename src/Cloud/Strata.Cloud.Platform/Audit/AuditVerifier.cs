using Microsoft.EntityFrameworkCore;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform.Audit;

/// <summary>What a verification came to.</summary>
/// <param name="Records">Records that were read and are whole.</param>
/// <param name="Broken">The number in the chain of the first record that is not; null when all are.</param>
/// <param name="Problem">What is wrong with it; null when nothing is.</param>
public sealed record AuditVerdict(long Records, long? Broken, string? Problem);

/// <summary>Reads a chain from its anchor to its signed end and stops at the first link that does not hold.</summary>
internal sealed class AuditVerifier(TenantId tenant, AuditKey key, IReadOnlyDictionary<string, AuditMarkRow> marks)
{
    private long records;

    public async Task<AuditVerdict> RunAsync(AuditDbContext context, int batch, CancellationToken cancellationToken)
    {
        foreach (var mark in marks.Values.Where(m => !IsSigned(m)))
            return Broken(mark.Number, $"the {mark.Kind} of the chain is not signed by this installation");
        var anchor = marks.GetValueOrDefault(AuditMarkRow.Anchor);
        var (number, hash) = anchor is null ? (0L, AuditChain.Begin(tenant)) : (anchor.Number, Convert.FromHexString(anchor.Hash));
        while (true)
        {
            var after = number;
            var seals = await context.AuditSeals.Where(s => s.Number > after).OrderBy(s => s.Number).Take(batch).ToListAsync(cancellationToken);
            if (seals.Count == 0)
                break;
            var ids = seals.ConvertAll(s => s.AuditId);
            var rows = await context.Audit.Where(a => ids.Contains(a.Id)).ToDictionaryAsync(a => a.Id, cancellationToken);
            foreach (var seal in seals)
            {
                number++;
                if (seal.Number != number)
                    return Broken(number, "the record was removed");
                if (!rows.TryGetValue(seal.AuditId, out var row))
                    return Broken(number, "the record was removed");
                hash = AuditChain.Link(hash, number, row.ToEntry());
                if (Convert.ToHexStringLower(hash) != seal.Hash)
                    return Broken(number, "the record is not as it was sealed");
                records++;
            }
        }
        return End(number, hash) ?? await SurplusAsync(context, batch, cancellationToken) ?? new AuditVerdict(records, null, null);
    }

    private AuditVerdict? End(long number, byte[] hash)
    {
        if (!marks.TryGetValue(AuditMarkRow.Head, out var head))
            return number == 0 ? null : Broken(number, "the end of the chain has no signature");
        if (head.Number > number)
            return Broken(number + 1, "the record was removed");
        return head.Number < number || head.Hash != Convert.ToHexStringLower(hash) ? Broken(number, "the signed end of the chain is another") : null;
    }

    /// <summary>
    /// A record that is old enough to be sealed and is not had its seal removed, or stands before the anchor. Newer ones may have been written since the chain was read, and are the sealer's to take.
    /// </summary>
    private async Task<AuditVerdict?> SurplusAsync(AuditDbContext context, int batch, CancellationToken cancellationToken)
    {
        var bound = (await context.AuditSeals.MaxAsync(s => (long?)s.AuditId, cancellationToken) ?? 0) - batch;
        var count = await context.Audit.CountAsync(a => a.Id <= bound && !context.AuditSeals.Any(s => s.AuditId == a.Id), cancellationToken);
        return count == 0 ? null : Broken(records, $"there are {count} records without a link");
    }

    private bool IsSigned(AuditMarkRow mark) =>
        mark.Signature == Convert.ToHexStringLower(AuditChain.Sign(key.Bytes, tenant, mark.Kind, mark.Number, Convert.FromHexString(mark.Hash)));

    private AuditVerdict Broken(long number, string problem) => new(records, number, problem);
}
