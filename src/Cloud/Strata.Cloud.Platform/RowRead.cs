using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Strata.Cloud.Platform.Isolation;

namespace Strata.Cloud.Platform;

/// <summary>Reads whole tables beside EF Core's queries: each of them takes a node's start about 10 ms to translate and compile, whether there are rows or not.</summary>
public static class RowRead
{
    /// <summary>All rows of the context's tenant, opened where they are sealed, in no order.</summary>
    public static async Task<List<TRow>> ReadAllAsync<TRow>(this StrataDbContext context, CancellationToken cancellationToken)
        where TRow : class, ITenantRow
    {
        var (database, shape) = (context.Database, RowShape.Of<TRow>(context));
        var connection = database.GetDbConnection();
        // A server binds the tenant to a transaction; a file has one writer, and who reads is not to wait for it.
        await using var transaction = database.CurrentTransaction is null && connection is not SqliteConnection ? await database.BeginTransactionAsync(cancellationToken) : null;
        await database.OpenConnectionAsync(cancellationToken);
        try
        {
            return await ReadAsync<TRow>(context, shape, connection, (transaction ?? database.CurrentTransaction)?.GetDbTransaction(), cancellationToken);
        }
        finally
        {
            await database.CloseConnectionAsync();
        }
    }

    private static async Task<List<TRow>> ReadAsync<TRow>(StrataDbContext context, RowShape shape, DbConnection connection, DbTransaction? transaction, CancellationToken cancellationToken)
        where TRow : class, ITenantRow
    {
        await using var command = connection.CreateCommand();
        command.Transaction = transaction;
#pragma warning disable CA2100 // Names of the model's tables and columns; the tenant is a parameter.
        command.CommandText = shape.Select;
#pragma warning restore CA2100
        var tenant = command.CreateParameter();
        (tenant.ParameterName, tenant.Value) = ("@tenant", context.CurrentTenantId);
        command.Parameters.Add(tenant);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<TRow>();
        while (await reader.ReadAsync(cancellationToken))
            rows.Add(shape.Read<TRow>(context, reader));
        return rows;
    }
}
