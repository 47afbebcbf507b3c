using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Provisioning.Admission;
using Strata.Cloud.Provisioning.Rows;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Provisioning;

/// <summary>Who enrolled by which proof, and who waits for approval.</summary>
internal sealed partial class ProvisioningStore
{
    /// <summary>Decides on what is known by these keys, and writes what comes of it as one transaction. Its exceptions are the caller's.</summary>
    /// <param name="decide">Given the rows of these keys, their approvals, and how many wait for one in all.</param>
    public async Task<List<Candidate>> EnrolAsync(
        TenantId tenant, Func<IReadOnlyDictionary<string, EnrolmentRow>, IReadOnlyDictionary<string, ApprovalRow>, int, EnrolmentChanges> decide, IReadOnlyList<string> keys)
    {
        List<Candidate> admitted = [];
        await Turn.ObserveAsync(tenant, async context =>
        {
            var known = await context.Enrolments.AsNoTracking().Where(e => keys.Contains(e.Key)).ToDictionaryAsync(e => e.Key, StringComparer.Ordinal);
            var approvals = await context.Approvals.AsNoTracking().Where(a => keys.Contains(a.Key)).ToDictionaryAsync(a => a.Key, StringComparer.Ordinal);
            var pending = await context.Approvals.CountAsync(a => a.State == ApprovalStates.Pending);
            var changes = decide(known, approvals, pending);
            // A name is one proof's: what was proved for an earlier device of that name counts no more.
            var names = changes.Rows.Where(r => r.Before?.Device != r.After.Device).Select(r => r.After.Device).ToList();
            var mine = changes.Rows.Select(r => r.After.Key).ToList();
            if (names.Count > 0)
                await context.Enrolments.Where(e => names.Contains(e.Device) && !mine.Contains(e.Key)).ExecuteDeleteAsync();
            foreach (var (before, after) in changes.Rows)
                context.Entry(after).State = before is null ? EntityState.Added : EntityState.Modified;
            context.Approvals.AddRange(changes.Approvals);
            await context.SaveChangesAsync(CancellationToken.None);
            admitted = changes.Admitted;
        }, null, CancellationToken.None);
        return admitted;
    }

    /// <summary>Makes rows what they were before devices that could not be registered.</summary>
    public Task TakeBackAsync(TenantId tenant, IReadOnlyList<(string Key, EnrolmentRow? Before)> rows) => Turn.ObserveAsync(tenant, async context =>
    {
        var gone = rows.Where(r => r.Before is null).Select(r => r.Key).ToList();
        if (gone.Count > 0)
            await context.Enrolments.Where(e => gone.Contains(e.Key)).ExecuteDeleteAsync();
        foreach (var (_, before) in rows.Where(r => r.Before is not null))
            context.Entry(before!).State = EntityState.Modified;
        await context.SaveChangesAsync(CancellationToken.None);
    }, null, CancellationToken.None);

    /// <summary>Forgets by what devices that are gone proved themselves, and that they were approved.</summary>
    public Task ForgetDevicesAsync(TenantId tenant, IReadOnlyList<string> devices) => devices.Count == 0 ? Task.CompletedTask : Turn.ObserveAsync(tenant, async context =>
    {
        var keys = context.Enrolments.Where(e => devices.Contains(e.Device)).Select(e => e.Key);
        await context.Approvals.Where(a => keys.Contains(a.Key)).ExecuteDeleteAsync();
        await context.Enrolments.Where(e => devices.Contains(e.Device)).ExecuteDeleteAsync();
    }, null, CancellationToken.None);
}
