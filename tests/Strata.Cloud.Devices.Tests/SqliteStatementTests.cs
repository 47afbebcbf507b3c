using Microsoft.Data.Sqlite;
using Strata.Cloud.Platform;

namespace Strata.Cloud.Devices.Tests;

public sealed class SqliteStatementTests : IAsyncDisposable
{
    private const string Insert = "INSERT INTO t (a, b, c, d, e, f) VALUES (@p0, @p1, @p2, @p3, @p4, @p5)";

    private readonly string folder = Directory.CreateTempSubdirectory("strata-statements-").FullName;
    private readonly RegistryFile file;

    public SqliteStatementTests() => file = RegistryFile.Open(new RegistryOptions { DataFolder = folder });

    [Fact]
    public async Task Values_of_every_kind_are_kept_as_they_are()
    {
        await using var connection = await OpenAsync();
        var statement = SqliteStatement.Of(connection, Insert);
        var @long = new string('ü', 1000);
        statement.Run("ö'\0\"", long.MinValue, true, 1.5, new byte[] { 0, 255 }, null);
        statement.Run(@long, 7, false, double.MaxValue, Array.Empty<byte>(), DBNull.Value);
        Assert.Equal(["ö'\0\"", @long], await ColumnAsync(connection, "a"));
        Assert.Equal([long.MinValue, 7L], await ColumnAsync(connection, "b"));
        Assert.Equal([1L, 0L], await ColumnAsync(connection, "c"));
        Assert.Equal([1.5, double.MaxValue], await ColumnAsync(connection, "d"));
        Assert.Equal([new byte[] { 0, 255 }, Array.Empty<byte>()], await ColumnAsync(connection, "e"));
        Assert.Equal([DBNull.Value, DBNull.Value], await ColumnAsync(connection, "f"));
    }

    [Fact]
    public async Task A_statement_is_prepared_once_for_a_connection_however_often_the_pool_gives_it_out()
    {
        SqliteStatement first;
        await using (var connection = await OpenAsync())
            first = SqliteStatement.Of(connection, Insert);
        await using var again = await OpenAsync();
        Assert.Same(first, SqliteStatement.Of(again, Insert));
        await using var beside = await OpenAsync();
        Assert.NotSame(first, SqliteStatement.Of(beside, Insert));
    }

    [Fact]
    public async Task A_refused_row_leaves_the_statement_good_for_the_next_and_what_is_rolled_back_is_gone()
    {
        await using var connection = await OpenAsync();
        var statement = SqliteStatement.Of(connection, Insert);
        statement.Run("once", 1, true, 1.0, null, null);
        Assert.Equal(19, Assert.Throws<SqliteException>(() => statement.Run("once", 2, true, 1.0, null, null)).SqliteErrorCode); // The key is there.
        Assert.Equal("A Guid is not bound to a statement. (Parameter 'value')", Assert.Throws<ArgumentException>(() => statement.Run("other", Guid.Empty)).Message);
        await using (await connection.BeginTransactionAsync(TestContext.Current.CancellationToken))
            statement.Run("taken back", 3, true, 1.0, null, null);
        statement.Run("after", 4);
        Assert.Equal([1L, 4L], await ColumnAsync(connection, "b"));
        Assert.Equal([1L, DBNull.Value], await ColumnAsync(connection, "c")); // What was not given is not the last row's.
    }

    [Fact]
    public async Task Closing_the_file_closes_its_connections()
    {
        await using (var connection = await OpenAsync())
            SqliteStatement.Of(connection, Insert).Run("a", 1, true, 1.0, null, null);
        Assert.True(File.Exists(file.Path + "-wal"));
        file.Dispose();
        Assert.False(File.Exists(file.Path + "-wal")); // The last connection takes the log along.
    }

    public ValueTask DisposeAsync()
    {
        file.Dispose();
        Directory.Delete(folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    private async Task<SqliteConnection> OpenAsync()
    {
        var connection = new SqliteConnection(file.ConnectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS t (a TEXT PRIMARY KEY, b INTEGER, c INTEGER, d REAL, e BLOB, f TEXT)";
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        return connection;
    }

    private static async Task<List<object>> ColumnAsync(SqliteConnection connection, string name)
    {
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // A name of this class.
        command.CommandText = $"SELECT {name} FROM t ORDER BY rowid";
#pragma warning restore CA2100
        await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        var values = new List<object>();
        while (await reader.ReadAsync(TestContext.Current.CancellationToken))
            values.Add(reader.GetValue(0));
        return values;
    }
}
