using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform.Isolation;

/// <summary>
/// Brings every protected field of a tenant to what holds now: sealed with the active key, or plain where there is none. In small transactions beside the tenant's own changes; a field
/// that was changed meanwhile is left alone, for whoever changed it wrote it as it must be.
/// </summary>
public sealed class FieldSweep(IRegistryDatabase database, IEnumerable<RegistryPart> parts)
{
    /// <summary>Rows of one transaction.</summary>
    private const int Batch = 500;

    /// <summary>Passes over all until one finds nothing to do; returns fields changed.</summary>
    /// <param name="progress">Rows looked at.</param>
    public async Task<long> RunAsync(TenantId tenant, Action<long> progress, CancellationToken cancellationToken)
    {
        long total = 0, seen = 0;
        while (true)
        {
            long changed = 0;
            var tables = new HashSet<string>(StringComparer.Ordinal);
            foreach (var part in parts)
            {
                await using var context = part.Create(database, tenant);
                foreach (var entity in context.Model.GetEntityTypes())
                {
                    if (ProtectedColumn.Of(entity) is not { Length: > 0 } columns || !tables.Add(columns[0].Table))
                        continue;
                    changed += await SweepAsync(context, columns, rows => progress(seen += rows), cancellationToken);
                }
            }
            total += changed;
            if (changed == 0)
                return total;
        }
    }

    private async Task<long> SweepAsync(StrataDbContext context, ProtectedColumn[] columns, Action<int> progress, CancellationToken cancellationToken)
    {
        long changed = 0;
        object? after = null;
        while (true)
        {
            await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
            var rows = await ReadAsync(context, transaction, columns, after, cancellationToken);
            foreach (var row in rows)
            {
                for (var i = 0; i < columns.Length; i++)
                    if (row[i + 1] is { } value && Wanted(context.Tenant, columns[i], row[0]!, value) is { } better)
                        changed += await WriteAsync(context, transaction, columns[i], row[0]!, value, better, cancellationToken);
            }
            await transaction.CommitAsync(cancellationToken);
            progress(rows.Count);
            if (rows.Count < Batch)
                return changed;
            after = rows[^1][0];
        }
    }

    /// <summary>Null when it is as it must be.</summary>
    private object? Wanted(TenantId tenant, ProtectedColumn column, object key, object value)
    {
        var by = value is string text ? SealedField.KeyOf(text) : SealedField.KeyOf((byte[])value);
        var active = database.Keys.Active(tenant);
        if (by == active?.Id)
            return null;
        var row = ProtectedColumn.Row(key);
        var plain = FieldProtection.Open(database.Keys, tenant, column, row, value);
        return active is null ? plain : FieldProtection.Seal(active, tenant, column, row, plain);
    }

    private static async Task<List<object?[]>> ReadAsync(StrataDbContext context, IDbContextTransaction transaction, ProtectedColumn[] columns, object? after, CancellationToken cancellationToken)
    {
        var key = Quoted(columns[0].Key.GetColumnName());
        await using var command = Command(
            context, transaction,
            $"SELECT {key}, {string.Join(", ", columns.Select(c => Quoted(c.Column)))} FROM {Quoted(columns[0].Table)} WHERE tenant_id = @tenant{(after is null ? "" : $" AND {key} > @after")} ORDER BY {key} LIMIT {Batch}",
            ("@tenant", context.Tenant.Value), ("@after", after));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<object?[]>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var row = new object?[columns.Length + 1];
            for (var i = 0; i < row.Length; i++)
                row[i] = await reader.IsDBNullAsync(i, cancellationToken) ? null : reader.GetValue(i);
            rows.Add(row);
        }
        return rows;
    }

    private static async Task<int> WriteAsync(
        StrataDbContext context, IDbContextTransaction transaction, ProtectedColumn column, object key, object before, object after, CancellationToken cancellationToken)
    {
        var name = Quoted(column.Column);
        await using var command = Command(
            context, transaction, $"UPDATE {Quoted(column.Table)} SET {name} = @after WHERE tenant_id = @tenant AND {Quoted(column.Key.GetColumnName())} = @key AND {name} = @before",
            ("@after", after), ("@tenant", context.Tenant.Value), ("@key", key), ("@before", before));
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static DbCommand Command(StrataDbContext context, IDbContextTransaction transaction, string sql, params (string Name, object? Value)[] parameters)
    {
        var command = context.Database.GetDbConnection().CreateCommand();
        command.Transaction = transaction.GetDbTransaction();
#pragma warning disable CA2100 // Names of the model's tables and columns; values are parameters.
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach (var (name, value) in parameters)
        {
            if (value is null)
                continue;
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, value);
            command.Parameters.Add(parameter);
        }
        return command;
    }

    private static string Quoted(string name) => $"\"{name}\"";
}
