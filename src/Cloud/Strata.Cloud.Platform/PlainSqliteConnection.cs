using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Sqlite.Storage.Internal;
using Microsoft.EntityFrameworkCore.Storage;

namespace Strata.Cloud.Platform;

/// <summary>
/// A context's connection without EF Core's own functions (decimals, regular expressions), which would be given to SQLite at every opening and taken back at every closing: more work than a short query, and a dozen objects with a
/// finalizer. A query that needs one says "no such function"; the registry keeps no decimals.
/// </summary>
#pragma warning disable EF1001 // EF Core has no public way to leave them out.
internal sealed class PlainSqliteConnection(
    RelationalConnectionDependencies dependencies, IRawSqlCommandBuilder commands, IDiagnosticsLogger<DbLoggerCategory.Infrastructure> logger) : SqliteRelationalConnection(dependencies, commands, logger)
{
    protected override DbConnection CreateDbConnection() => new SqliteConnection(GetValidatedConnectionString());
}
#pragma warning restore EF1001
