using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Platform.Audit;
using Strata.Cloud.Platform.Isolation;
using Strata.Core.Tenancy;
using Strata.Node.Operations;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;
using Strata.Telemetry.Transfer;

namespace Strata.Cloud.Platform.Archive;

/// <summary>What an import came to.</summary>
/// <param name="People">Who belonged to the tenant, to be invited.</param>
public sealed record ImportedArchive(ArchiveManifest Manifest, ArchiveEnd End, IReadOnlyList<ArchivedPerson> People);

/// <summary>
/// Brings a whole tenant in out of an archive. It is read twice: first to the end, so that nothing is begun with one that is damaged; then its contents are brought where nobody looks, compared, and the tenant is there with
/// one transaction. Until then a row says that it is being imported, by which whatever is left of it is taken away, at once or at the next start.
/// </summary>
public sealed class TenantImport(
    IRegistryDatabase database, TenantTables tables, TenantPlacements placements, DataKeys keys, AuditKey auditKey, RoutedTelemetryStore telemetry, TenantStores stores, IngestWriter writer, IEnumerable<ArchiveField> fields,
    IEnumerable<ITenantFiles> files, IEnumerable<ITenantContents> slices, TimeProvider time)
{
    /// <summary>In <see cref="TenantPlacementRow.Change"/> while a tenant is brought in.</summary>
    public const string Mark = "import";

    /// <summary>Reads an archive to its end; whose it is.</summary>
    /// <exception cref="ArchiveException">It cannot be imported; the message says what and where.</exception>
    public async Task<ImportedArchive> CheckAsync(Stream archive, byte[] secret, CancellationToken cancellationToken)
    {
        await using var reader = await ArchiveReader.OpenAsync(archive, secret, tables.Travelling, NodeDescription.Version, cancellationToken);
        IReadOnlyList<ArchivedPerson> people = [];
        var tenant = reader.Manifest.Tenant;
        var isNamed = false;
        await foreach (var content in reader.ReadAsync(cancellationToken))
        {
            if (content is ArchiveContent.People named)
                people = named.All;
            if (content is not ArchiveContent.Rows rows)
                continue;
            if (rows.All.FirstOrDefault(r => !Equals(r[rows.Table.At("tenant_id")], tenant)) is not null)
                throw new ArchiveException($"The archive of '{tenant}' has rows of another tenant in '{rows.Table.Name}'.");
            isNamed |= rows.Table.Row == typeof(TenantRow);
        }
        return isNamed ? new ImportedArchive(reader.Manifest, reader.End, people) : throw new ArchiveException("The archive does not hold the tenant itself.");
    }

    /// <summary>Brings in what <see cref="CheckAsync"/> has read. After a failure nothing of it is left.</summary>
    /// <param name="loadTenant">Makes the installation know what the tables say of the tenant.</param>
    /// <exception cref="ArchiveException">It is not what was checked, or its audit chain does not hold.</exception>
    public async Task ApplyAsync(ImportedArchive known, Stream archive, byte[] secret, Func<TenantId, Task> loadTenant, CancellationToken cancellationToken)
    {
        var tenant = TenantId.Parse(known.Manifest.Tenant);
        var isApart = database is RegistryFile;
        var level = isApart ? IsolationLevel.Dedicated : IsolationLevels.TryParse(known.Manifest.Level, out var said) && IsolationPlan.HasKey(said) ? IsolationLevel.Encrypted : IsolationLevel.Logical;
        var placement = new TenantPlacementRow { TenantId = tenant.Value, Level = level, Target = level, IsChanging = true, Change = Mark, Started = time.GetUtcNow() };
        await placements.ReserveAsync(placement, known.Manifest.Name, time.GetUtcNow(), cancellationToken);
        await using var incoming = new IncomingFiles(files);
        try
        {
            await loadTenant(tenant); // As one that is gone: its name is not to be had.
            if (isApart)
                await database.PrepareOwnAsync(tenant, cancellationToken);
            var store = await StoreAsync(tenant, isApart, cancellationToken);
            await using var reader = await ArchiveReader.OpenAsync(archive, secret, tables.Travelling, NodeDescription.Version, cancellationToken);
            await using var rows = await database.OpenRowsAsync(tenant, isApart ? RegistryPlace.Own : RegistryPlace.Shared, write: true, cancellationToken);
            await BringAsync(reader, rows, store, IsolationPlan.HasKey(level) ? await keys.MakeAsync(tenant, cancellationToken) : null, incoming, cancellationToken);
            await VerifyAsync(tenant, rows, cancellationToken);
            var done = placement with { IsChanging = false, Change = "", IsApart = isApart, Finished = time.GetUtcNow(), Detail = $"imported, as of {known.Manifest.Exported:u}" };
            if (isApart)
                await rows.CommitAsync(cancellationToken);
            await placements.AdoptAsync(done, isApart ? null : rows, CancellationToken.None);
        }
        catch
        {
            await AbandonAsync(tenant, CancellationToken.None);
            await loadTenant(tenant);
            throw;
        }
        if (isApart)
            database.Place(tenant, apart: true);
        await keys.LoadAsync(tenant, CancellationToken.None);
        if (isApart)
            await writer.SeparateAsync(tenant, CancellationToken.None);
        foreach (var slice in slices)
            await slice.AdoptAsync(tenant, CancellationToken.None);
        await loadTenant(tenant);
    }

    /// <summary>Takes away what an import has left that did not come to its end.</summary>
    public async Task AbandonAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        if (database is RegistryFile)
        {
            await telemetry.CloseAsync(tenant);
            database.Place(tenant, apart: false);
            await database.RemoveOwnAsync(tenant, tables, cancellationToken);
        }
        else
        {
            await telemetry.Shared.RemoveAsync(tenant, cancellationToken);
        }
        keys.Forget(tenant);
        await placements.ReleaseAsync(tenant, cancellationToken);
    }

    private async Task<ITransferStore> StoreAsync(TenantId tenant, bool isApart, CancellationToken cancellationToken)
    {
        if (!isApart)
        {
            await telemetry.Shared.RemoveAsync(tenant, cancellationToken);
            return telemetry.Shared;
        }
        await telemetry.PlaceAsync(tenant, () => stores.Create(tenant), cancellationToken);
        return telemetry.StoreOf(tenant);
    }

    private async Task BringAsync(ArchiveReader reader, RegistryRows rows, ITransferStore store, TenantKeyRow? key, IncomingFiles incoming, CancellationToken cancellationToken)
    {
        var tenant = rows.Tenant;
        if (key is not null)
            await rows.AddAsync(tables.All.Single(t => t.Row == typeof(TenantKeyRow)), Rows([DataKeys.Values(key, tables.All.Single(t => t.Row == typeof(TenantKeyRow)))], cancellationToken), skipKnown: false, cancellationToken);
        await foreach (var content in reader.ReadAsync(cancellationToken))
        {
            switch (content)
            {
                case ArchiveContent.Rows { Table.Row: var row } part when row == typeof(TenantRow):
                    await rows.RemoveAsync(part.Table, [], cancellationToken);
                    foreach (var values in part.All.Where(_ => reader.Manifest.Final))
                        values[part.Table.At("state")] = nameof(TenantState.Active);
                    await rows.AddAsync(part.Table, Rows(part.All, cancellationToken), skipKnown: false, cancellationToken);
                    break;
                case ArchiveContent.Rows part:
                    await rows.AddAsync(part.Table, SealedAsync(part.Table, tenant, part.All), skipKnown: part.Table.IsAppendOnly, cancellationToken);
                    break;
                case ArchiveContent.File part:
                    await incoming.TakeAsync(part, cancellationToken);
                    break;
                case ArchiveContent.Slice part:
                    await TenantTransfer.BringAsync(store, tenant, part.Telemetry, null, cancellationToken);
                    break;
                case ArchiveContent.Rest part:
                    await store.BringAsync(tenant, part.Kept, cancellationToken);
                    if (await store.TotalsAsync(tenant, cancellationToken) is var here && here != part.Kept.Totals || await store.CountAsync(tenant, null, cancellationToken) != part.Kept.Held)
                        throw new ArchiveException($"The readings that were brought in are not those of the archive: {await store.TotalsAsync(tenant, cancellationToken)} where it says {part.Kept.Totals}.");
                    break;
            }
        }
    }

    /// <summary>The chain holds as it was, from its anchor to its end, which from now on this installation vouches for.</summary>
    private async Task VerifyAsync(TenantId tenant, RegistryRows rows, CancellationToken cancellationToken)
    {
        await using var context = new AuditDbContext(database.OptionsFor<AuditDbContext>("audit_migrations"), tenant);
        context.Database.SetDbConnection(rows.Connection, contextOwnsConnection: false);
        await context.Database.UseTransactionAsync(rows.Transaction, cancellationToken);
        var marks = await context.AuditMarks.ToDictionaryAsync(m => m.Kind, cancellationToken);
        var verdict = await new AuditVerifier(tenant, auditKey, marks).RunAsync(context, 1_000, cancellationToken);
        if (verdict.Broken is { } number)
            throw new ArchiveException($"The audit trail in the archive is broken at record {number}: {verdict.Problem}.");
    }

    private async IAsyncEnumerable<object?[]> SealedAsync(TenantTable table, TenantId tenant, IReadOnlyList<object?[]> rows)
    {
        var own = fields.Where(f => f.Table == table.Name).Select(f => (At: table.At(f.Column), f.Seal)).ToList();
        var key = database.Keys.Active(tenant);
        await Task.CompletedTask;
        foreach (var row in rows)
        {
            if (table.Row == typeof(AuditMarkRow))
                Sign(table, tenant, row);
            foreach (var (at, seal) in own)
                if (row[at] is byte[] plain)
                    row[at] = seal(plain);
            if (key is not null)
                for (var i = 0; i < row.Length; i++)
                    if (table.Columns[i].Protected is { } column && row[i] is { } value)
                        row[i] = FieldProtection.Seal(key, tenant, column, table.RowOf(row), value);
            yield return row;
        }
    }

    private void Sign(TenantTable table, TenantId tenant, object?[] row) => row[table.At("signature")] = Convert.ToHexStringLower(AuditChain.Sign(
        auditKey.Bytes, tenant, (string)row[table.At("kind")]!, (long)row[table.At("number")]!, Convert.FromHexString((string)row[table.At("hash")]!)));

    private static async IAsyncEnumerable<object?[]> Rows(IReadOnlyList<object?[]> rows, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        foreach (var row in rows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return row;
        }
    }
}
