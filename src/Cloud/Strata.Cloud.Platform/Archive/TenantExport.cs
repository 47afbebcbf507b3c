using System.Runtime.CompilerServices;
using Strata.Cloud.Platform.Audit;
using Strata.Cloud.Platform.Isolation;
using Strata.Core.Tenancy;
using Strata.Node.Operations;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;
using Strata.Telemetry.Transfer;

namespace Strata.Cloud.Platform.Archive;

/// <summary>
/// Writes a whole tenant as an archive while it is served. Everything is as of one moment: its writes wait for that moment (some milliseconds), in which the registry's snapshot is taken and the last commit noted;
/// then both are read beside what goes on. Memory is bounded by a page.
/// </summary>
public sealed class TenantExport(
    IRegistryDatabase database, TenantTables tables, TenantPlacements placements, AuditTrail trail, RoutedTelemetryStore telemetry, IngestWriter writer, IEnumerable<ArchiveField> fields,
    IEnumerable<ITenantFiles> files, IEnumerable<IUnwritten> unwritten, TimeProvider time)
{
    private const int MostLooks = 20;

    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(500);

    /// <param name="name">The tenant's name.</param>
    /// <param name="isFinal">The tenant is paused.</param>
    /// <exception cref="ArchiveException">The audit trail is broken: an import would refuse it.</exception>
    public async Task<ArchiveEnd> WriteAsync(TenantId tenant, string name, bool isFinal, IReadOnlyList<ArchivedPerson> people, byte[] secret, Stream target, CancellationToken cancellationToken)
    {
        if (await trail.VerifyAsync(tenant, cancellationToken) is { Broken: { } number } verdict)
            throw new ArchiveException($"The audit trail of {tenant} is broken at record {number} ({verdict.Problem}), so that it would not be verifiable elsewhere; see 'strata audit verify --tenant {tenant}'.");
        var store = telemetry.StoreOf(tenant);
        store.HoldRetention(true);
        var held = new List<(ITenantFiles Of, HeldFiles Files)>();
        try
        {
            held.AddRange(files.Select(f => (f, f.Hold(tenant)))); // What is there now and may be gone when the rows are read.
            if (isFinal)
                await SettleAsync(tenant, store, cancellationToken);
            var (rows, rest, upTo) = await SnapshotAsync(tenant, store, cancellationToken);
            await using var snapshot = rows;
            held.AddRange(files.Select(f => (f, f.Hold(tenant)))); // And what came until then.
            await using var archive = new ArchiveWriter(target, secret);
            await archive.ManifestAsync(
                new ArchiveManifest(
                    ArchiveManifest.CurrentFormat, tenant.Value, name, placements.Of(tenant).Level.Name(), time.GetUtcNow(), isFinal, NodeDescription.Version,
                    tables.Travelling.ToDictionary(t => t.Name, t => t.Shape)), cancellationToken);
            await archive.PeopleAsync(people, cancellationToken);
            foreach (var table in tables.Travelling)
                await archive.TableAsync(table, OpenedAsync(rows, table, cancellationToken), cancellationToken);
            foreach (var (of, file, open) in held.SelectMany(h => h.Files.Names.Select(n => (h.Of, Name: n, h.Files.Open))).DistinctBy(f => (f.Of.Kind, f.Name)))
            {
                await using var content = open(file);
                await archive.FileAsync(of.Kind, file, content, cancellationToken);
            }
            await foreach (var slice in TenantTransfer.ReadAsync(store, tenant, 0, upTo, cancellationToken))
                await archive.SliceAsync(slice, cancellationToken);
            if (isFinal)
                await foreach (var late in TenantTransfer.ReadAsync(store, tenant, upTo, long.MaxValue, cancellationToken))
                    throw new ArchiveException($"{late.Rows} rows of {tenant} were written while it was being paused, so that the archive would not be the last word: do it again.");
            await archive.RestAsync(rest, cancellationToken);
            return await archive.EndAsync(cancellationToken);
        }
        finally
        {
            store.HoldRetention(false);
            held.ForEach(h => h.Files.Dispose());
        }
    }

    /// <summary>Its devices were just sent away, which makes events: has what was noted written and waits until nothing more comes, for a while; the end of the export looks again.</summary>
    private async Task SettleAsync(TenantId tenant, ITransferStore store, CancellationToken cancellationToken)
    {
        for (var look = 0; look < MostLooks; look++)
        {
            foreach (var part in unwritten)
                await part.WriteUnwrittenAsync(cancellationToken);
            var last = await store.LastCommitAsync(tenant, cancellationToken);
            await Task.Delay(Quiet, time, cancellationToken);
            var came = false;
            await foreach (var _ in TenantTransfer.ReadAsync(store, tenant, last, long.MaxValue, cancellationToken))
            {
                came = true;
                break;
            }
            if (!came)
                return;
        }
    }

    private async Task<(RegistryRows Rows, TenantRest Kept, long UpTo)> SnapshotAsync(TenantId tenant, ITransferStore store, CancellationToken cancellationToken)
    {
        var wasSeparate = writer.IsSeparate(tenant);
        await writer.SeparateAsync(tenant, cancellationToken);
        try
        {
            using var held = await writer.HoldAsync(tenant, cancellationToken);
            var rest = await TenantRest.OfAsync(store, tenant, cancellationToken);
            var upTo = await store.LastCommitAsync(tenant, cancellationToken);
            var rows = await database.OpenRowsAsync(tenant, RegistryPlace.Current, write: false, cancellationToken);
            // The first row that is read is the moment of all.
            await foreach (var row in rows.ReadAsync(tables.All[0], cancellationToken))
                break;
            return (rows, rest, upTo);
        }
        finally
        {
            if (!wasSeparate)
                await writer.JoinAsync(tenant, CancellationToken.None);
        }
    }

    /// <summary>Rows with everything open that a key of the tenant's or of the node has sealed.</summary>
    private async IAsyncEnumerable<object?[]> OpenedAsync(RegistryRows rows, TenantTable table, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var own = fields.Where(f => f.Table == table.Name).Select(f => (At: table.At(f.Column), f.Open)).ToList();
        await foreach (var row in rows.ReadAsync(table, cancellationToken))
        {
            for (var i = 0; i < row.Length; i++)
                if (table.Columns[i].Protected is { } column && row[i] is { } value)
                    row[i] = FieldProtection.Open(database.Keys, rows.Tenant, column, table.RowOf(row), value);
            foreach (var (at, open) in own)
                if (row[at] is byte[] kept)
                    row[at] = open(kept);
            yield return row;
        }
    }
}
