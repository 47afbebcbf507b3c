using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Identity.Rows;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Identity;

namespace Strata.Cloud.Identity;

/// <summary>
/// Keeps whom certificates speak for: those of ours, or of a foreign authority, which are known here from then on. Whatever waits while one transaction is written goes into the next, so that many devices
/// that arrive at once cost few.
/// </summary>
internal sealed class BindCertificates(IdentityStore store) : ICertificateBindings, IDisposable
{
    private const int MaxBatch = 500;
    private const int MaxNamed = 20;

    private readonly ConcurrentQueue<Binding> waiting = new();
    private readonly SemaphoreSlim writing = new(1, 1);

    public async Task<Outcome<bool>> KeepAsync(DeviceIntroduction introduction, DeviceId device, CancellationToken cancellationToken)
    {
        var mine = new Binding(introduction, device);
        waiting.Enqueue(mine); // One for each connection that waits.
        await writing.WaitAsync(CancellationToken.None); // What is waited for may be in another's batch: not to be left there.
        try
        {
            var batch = new List<Binding>();
            while (!mine.Answer.Task.IsCompleted && batch.Count < MaxBatch && waiting.TryDequeue(out var next))
                batch.Add(next);
            foreach (var tenant in batch.GroupBy(b => b.Introduction.Tenant))
                await WriteAsync(tenant.Key, [.. tenant]);
        }
        finally
        {
            writing.Release();
        }
        return await mine.Answer.Task;
    }

    public void Dispose() => writing.Dispose();

    private async Task WriteAsync(TenantId tenant, List<Binding> batch)
    {
        try
        {
            var caller = Caller.Node(tenant) with { Origin = batch.Count == 1 ? batch[0].Introduction.From?.ToString() : null };
            var bound = await store.ChangeAsync<List<CertificateRow>>(caller, (context, now, stop) => DecideAsync(context, batch, now, stop), CancellationToken.None, rows => rows.ForEach(store.Follow));
            batch.ForEach(b => b.Answer.TrySetResult(bound.IsOk ? true : bound.Problem));
        }
        catch (Exception fault)
        {
            batch.ForEach(b => b.Answer.TrySetException(fault));
        }
    }

    private static async Task<Outcome<DecidedChange<List<CertificateRow>>>> DecideAsync(IdentityDbContext context, List<Binding> batch, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var serials = batch.ConvertAll(b => b.Introduction.Serial);
        var known = await context.Certificates.AsNoTracking().Where(c => serials.Contains(c.Serial)).ToListAsync(cancellationToken);
        var (rows, after) = (new Dictionary<string, (object?, object?)>(StringComparer.Ordinal), new List<CertificateRow>());
        foreach (var (introduction, device) in batch.Select(b => (b.Introduction, b.Device)))
        {
            var row = known.Find(c => c.Serial == introduction.Serial && c.Authority == introduction.Issuer);
            var next = row is not null ? row with { Device = device.Value, Named = device == introduction.Named ? null : introduction.Named?.Value } : IdentityStore.Foreign(introduction, device, now);
            after.Add(next);
            if (next != row)
                rows[next.Serial] = (row, next);
        }
        if (rows.Count == 0)
            return DecidedChange.None(after);
        var names = after.ConvertAll(a => $"{a.Serial} {a.Device}");
        return new DecidedChange<List<CertificateRow>>(
            after, [.. rows.Values], "bind", rows.Count == 1 ? "certificate" : "certificates", rows.Count == 1 ? after[0].Serial : $"{rows.Count} certificates", null,
            rows.Count == 1
                ? new { after[0].Device, after[0].Named, issuer = after[0].Authority }
                : new { certificates = rows.Count, sha256 = Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(string.Join('\n', names)))), first = names.Take(MaxNamed) });
    }

    private sealed record Binding(DeviceIntroduction Introduction, DeviceId Device)
    {
        public TaskCompletionSource<Outcome<bool>> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
