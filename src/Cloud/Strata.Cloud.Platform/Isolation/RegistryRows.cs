using System.Data.Common;
using System.Globalization;
using System.Runtime.CompilerServices;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform.Isolation;

/// <summary>Where a tenant's rows are.</summary>
public enum RegistryPlace
{
    /// <summary>Where the tenant is served from now.</summary>
    Current,

    /// <summary>The shared database.</summary>
    Shared,

    /// <summary>The tenant's own.</summary>
    Own,
}

/// <summary>
/// A connection for whole tables of a tenant's rows, inside of one transaction that is bound to the tenant. Beside the gate: who opens one on a place that is in use holds the gate, or reads.
/// </summary>
public sealed class RegistryRows(DbConnection connection, DbTransaction transaction, TenantId tenant) : IAsyncDisposable
{
    public DbConnection Connection => connection;

    public DbTransaction Transaction => transaction;

    public TenantId Tenant => tenant;

    /// <summary>The rows as they are kept, in the order of their key; sealed fields sealed.</summary>
    internal async IAsyncEnumerable<object?[]> ReadAsync(TenantTable table, [EnumeratorCancellation] CancellationToken cancellationToken, object? after = null)
    {
        // By bytes, whatever the database's language: both sides of a comparison are in one order, and a place comes before those in it.
        var byBytes = connection is Npgsql.NpgsqlConnection ? " COLLATE \"C\"" : "";
        var order = table.Key.Count == 0 ? "" : $" ORDER BY {string.Join(", ", table.Key.Select(k => $"\"{k}\"{(table.Columns[table.At(k)].Type == typeof(string) ? byBytes : "")}"))}";
        var newer = after is null ? "" : $" AND \"{table.GrowsBy}\" > @after";
        await using var command = Command(
            $"SELECT {table.Names} FROM \"{table.Name}\" WHERE tenant_id = @tenant{newer}{order}", ("@tenant", tenant.Value), ("@after", after));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var row = new object?[table.Columns.Count];
            for (var i = 0; i < row.Length; i++)
                row[i] = await reader.IsDBNullAsync(i, cancellationToken) ? null : Value(reader, i, table.Columns[i].Type);
            yield return row;
        }
    }

    /// <summary>Adds rows, as they are kept.</summary>
    /// <param name="skipKnown">One whose key is there stays as it is.</param>
    internal async Task<long> AddAsync(TenantTable table, IAsyncEnumerable<object?[]> rows, bool skipKnown, CancellationToken cancellationToken)
    {
        await using var command = Command(table.Insert + (skipKnown ? " ON CONFLICT DO NOTHING" : ""));
        for (var i = 0; i < table.Columns.Count; i++)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = $"@p{i}";
            if (table.Columns[i].Type == typeof(byte[]))
                parameter.DbType = System.Data.DbType.Binary;
            command.Parameters.Add(parameter);
        }
        long count = 0;
        await foreach (var row in rows.WithCancellation(cancellationToken))
        {
            for (var i = 0; i < row.Length; i++)
                command.Parameters[i].Value = row[i] ?? DBNull.Value;
            count += await command.ExecuteNonQueryAsync(cancellationToken);
        }
        return count;
    }

    /// <summary>Removes the tenant's rows of a table.</summary>
    internal async Task<long> RemoveAsync(TenantTable table, IReadOnlyList<string> references, CancellationToken cancellationToken)
    {
        // A place refers to the one that holds it: the rows let go of each other before they go.
        foreach (var column in references)
        {
            await using var release = Command($"UPDATE \"{table.Name}\" SET \"{column}\" = NULL WHERE tenant_id = @tenant", ("@tenant", tenant.Value));
            await release.ExecuteNonQueryAsync(cancellationToken);
        }
        await using var command = Command($"DELETE FROM \"{table.Name}\" WHERE tenant_id = @tenant", ("@tenant", tenant.Value));
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>The highest value of the column by which the table grows; null when it is empty.</summary>
    internal async Task<object?> HighestAsync(TenantTable table, CancellationToken cancellationToken)
    {
        await using var command = Command($"SELECT max(\"{table.GrowsBy}\") FROM \"{table.Name}\" WHERE tenant_id = @tenant", ("@tenant", tenant.Value));
        return await command.ExecuteScalarAsync(cancellationToken) is { } value and not DBNull ? Convert.ToInt64(value, CultureInfo.InvariantCulture) : null;
    }

    public Task CommitAsync(CancellationToken cancellationToken) => transaction.CommitAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await transaction.DisposeAsync();
        await connection.DisposeAsync();
    }

    /// <summary>Names are the models', values are parameters.</summary>
    internal DbCommand Command(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        var command = connection.CreateCommand();
        command.Transaction = transaction;
#pragma warning disable CA2100 // Names of the models' tables and columns; values are parameters.
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

    /// <summary>A value that is there, as it is kept.</summary>
    internal static object Value(DbDataReader reader, int at, Type type) => type switch
    {
        _ when type == typeof(string) => reader.GetString(at),
        _ when type == typeof(long) => reader.GetInt64(at),
        _ when type == typeof(int) => reader.GetInt32(at),
        _ when type == typeof(bool) => reader.GetBoolean(at),
        _ when type == typeof(double) => reader.GetDouble(at),
        _ when type == typeof(decimal) => reader.GetDecimal(at),
        _ => reader.GetFieldValue<byte[]>(at),
    };
}
