using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Strata.Postgres;

namespace Strata.Cloud.Platform;

/// <summary>Binds each transaction of a context to the context's tenant as its first statement.</summary>
internal sealed class TenantTransactions : DbTransactionInterceptor
{
    public static readonly TenantTransactions Instance = new();

    public override DbTransaction TransactionStarted(DbConnection connection, TransactionEndEventData eventData, DbTransaction result)
    {
        using var command = Command(connection, eventData, result);
        command.ExecuteNonQuery();
        return result;
    }

    public override async ValueTask<DbTransaction> TransactionStartedAsync(
        DbConnection connection, TransactionEndEventData eventData, DbTransaction result, CancellationToken cancellationToken = default)
    {
        await using var command = Command(connection, eventData, result);
        await command.ExecuteNonQueryAsync(cancellationToken);
        return result;
    }

    private static DbCommand Command(DbConnection connection, DbContextEventData eventData, DbTransaction transaction)
    {
        var command = connection.CreateCommand();
        command.CommandText = TenantBinding.Statement(((StrataDbContext)eventData.Context!).Tenant);
        command.Transaction = transaction;
        return command;
    }
}

/// <summary>
/// Binds what a context runs outside of a transaction: the binding goes in front of it in the same message, which the server runs as one transaction. The result of
/// the binding is passed over before anybody reads.
/// </summary>
internal sealed class TenantCommands : DbCommandInterceptor
{
    public static readonly TenantCommands Instance = new();

    public override InterceptionResult<DbDataReader> ReaderExecuting(DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result)
    {
        Bind(command, eventData);
        return result;
    }

    public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
        DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result, CancellationToken cancellationToken = default)
    {
        Bind(command, eventData);
        return ValueTask.FromResult(result);
    }

    public override DbDataReader ReaderExecuted(DbCommand command, CommandExecutedEventData eventData, DbDataReader result)
    {
        if (command.Transaction is null)
            result.NextResult();
        return result;
    }

    public override async ValueTask<DbDataReader> ReaderExecutedAsync(
        DbCommand command, CommandExecutedEventData eventData, DbDataReader result, CancellationToken cancellationToken = default)
    {
        if (command.Transaction is null)
            await result.NextResultAsync(cancellationToken);
        return result;
    }

    public override InterceptionResult<int> NonQueryExecuting(DbCommand command, CommandEventData eventData, InterceptionResult<int> result)
    {
        Bind(command, eventData);
        return result;
    }

    public override ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(
        DbCommand command, CommandEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
    {
        Bind(command, eventData);
        return ValueTask.FromResult(result);
    }

    public override InterceptionResult<object> ScalarExecuting(DbCommand command, CommandEventData eventData, InterceptionResult<object> result) => Scalar(command, result);

    public override ValueTask<InterceptionResult<object>> ScalarExecutingAsync(
        DbCommand command, CommandEventData eventData, InterceptionResult<object> result, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(Scalar(command, result));

    private static InterceptionResult<object> Scalar(DbCommand command, InterceptionResult<object> result) => command.Transaction is null
        ? throw new NotSupportedException("A single value is asked for outside of a transaction, which cannot be bound to a tenant: ask with a query, or begin a transaction.")
        : result;

    private static void Bind(DbCommand command, CommandEventData eventData)
    {
        if (command.Transaction is not null)
            return;
#pragma warning disable CA2100 // The binding's text is a constant and an escaped id; the rest is what the context made.
        command.CommandText = $"{TenantBinding.Statement(((StrataDbContext)eventData.Context!).Tenant)};\n{command.CommandText}";
#pragma warning restore CA2100
    }
}
