using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Rows;
using Strata.Cloud.Platform;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Devices.Tests;

public sealed class RegistryFileTests
{
    [Fact]
    public async Task Every_table_has_the_tenant_as_the_first_column_of_its_key()
    {
        await using var registry = await TestRegistry.OpenAsync();
        await using var connection = new SqliteConnection($"Data Source={registry.Folder}/registry.db");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        var tables = await ReadAsync(connection, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'devices_migrations' AND name <> '__EFMigrationsLock'");
        Assert.Contains("devices", tables);
        foreach (var table in tables)
            Assert.Equal(["tenant_id"], await ReadAsync(connection, $"SELECT name FROM pragma_table_info('{table}') WHERE pk = 1"));
    }

    [Fact]
    public async Task The_tables_are_what_the_migrations_make()
    {
        await using var registry = await TestRegistry.OpenAsync();
        await using var context = registry.Store.CreateContext(TenantId.Main);
        Assert.Empty(await context.Database.GetPendingMigrationsAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_context_sees_its_tenant_only()
    {
        await using var registry = await TestRegistry.OpenAsync();
        await registry.RegisterAsync(new CreateDevice("t-1"));
        await using var own = registry.Store.CreateContext(TenantId.Main);
        await using var other = registry.Store.CreateContext(TenantId.Parse("other"));
        Assert.Equal(1, await own.Devices.CountAsync(TestContext.Current.CancellationToken));
        Assert.Equal(0, await other.Devices.CountAsync(TestContext.Current.CancellationToken));
        foreach (var entity in own.Model.GetEntityTypes())
            Assert.True(entity.GetDeclaredQueryFilters().Count == 1, $"{entity.ShortName()} has no filter on the tenant.");
    }

    [Fact]
    public async Task A_row_of_another_tenant_and_a_change_without_audit_are_refused()
    {
        await using var registry = await TestRegistry.OpenAsync();
        await using var context = registry.Store.CreateContext(TenantId.Main);
        context.Add(new SiteRow { TenantId = "other", Path = "hq", Parent = null, Name = "hq", Kind = "site" });
        await Assert.ThrowsAsync<InvalidOperationException>(() => context.SaveChangesAsync(TestContext.Current.CancellationToken));
        context.ChangeTracker.Clear();
        context.Add(new SiteRow { TenantId = "main", Path = "hq", Parent = null, Name = "hq", Kind = "site" });
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => context.SaveChangesAsync(TestContext.Current.CancellationToken));
        Assert.Contains("audit", refused.Message);
    }

    [Fact]
    public async Task The_files_belong_to_their_owner_only()
    {
        await using var registry = await TestRegistry.OpenAsync();
        await registry.RegisterAsync(new CreateDevice("t-1"));
        var files = Directory.GetFiles(registry.Folder);
        Assert.Contains(files, f => f.EndsWith("registry.db-wal", StringComparison.Ordinal));
        foreach (var path in files)
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }

    [Fact]
    public async Task The_database_waits_for_the_disk_and_checks_references()
    {
        await using var registry = await TestRegistry.OpenAsync();
        await using var context = registry.Store.CreateContext(TenantId.Main);
        Assert.Equal("wal", (await context.Database.SqlQueryRaw<string>("SELECT journal_mode AS Value FROM pragma_journal_mode").ToListAsync(TestContext.Current.CancellationToken)).Single());
        Assert.Equal(2, (await context.Database.SqlQueryRaw<long>("SELECT synchronous AS Value FROM pragma_synchronous").ToListAsync(TestContext.Current.CancellationToken)).Single());
        Assert.Equal(1, (await context.Database.SqlQueryRaw<long>("SELECT foreign_keys AS Value FROM pragma_foreign_keys").ToListAsync(TestContext.Current.CancellationToken)).Single());
    }

    [Theory]
    [InlineData("SELECT regexp('a', 'a') AS Value")]
    [InlineData("SELECT ef_compare('1', '2') AS Value")]
    [InlineData("SELECT ef_mod(3, 2) AS Value")]
    public async Task A_connection_has_none_of_the_functions_that_would_be_given_to_it_at_every_opening(string query)
    {
        await using var registry = await TestRegistry.OpenAsync();
        await using var context = registry.Store.CreateContext(TenantId.Main);
        Assert.Contains("no such function", (await Assert.ThrowsAsync<SqliteException>(() => context.Database.SqlQueryRaw<string>(query).ToListAsync(TestContext.Current.CancellationToken))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_transaction_waits_for_the_one_before_it_without_a_thread()
    {
        await using var registry = await TestRegistry.OpenAsync();
        await using var context = registry.Store.CreateContext(TenantId.Main);
        await using var other = registry.Store.CreateContext(TenantId.Parse("other"));
        await using var first = await context.Database.BeginTransactionAsync(TestContext.Current.CancellationToken);
        // SQLite alone would look again and again within this call, and find the first one still there.
        var next = other.Database.BeginTransactionAsync(TestContext.Current.CancellationToken);
        Assert.False(next.IsCompleted);
        await first.CommitAsync(TestContext.Current.CancellationToken);
        await using var second = await next;
        await second.CommitAsync(TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("commit")]
    [InlineData("fail to commit")]
    [InlineData("roll back")]
    [InlineData("go")]
    public async Task However_a_transaction_ends_the_next_one_begins_at_once(string end)
    {
        await using var registry = await TestRegistry.OpenAsync();
        await using (var context = registry.Store.CreateContext(TenantId.Main))
        {
            await using var transaction = await context.Database.BeginTransactionAsync(TestContext.Current.CancellationToken);
            if (end == "fail to commit")
                await context.Database.ExecuteSqlRawAsync("PRAGMA defer_foreign_keys = ON; INSERT INTO sites (tenant_id, path, parent, name, kind) VALUES ('main', 'a/b', 'nowhere', 'b', 'site')", TestContext.Current.CancellationToken);
            if (end is "commit")
                await transaction.CommitAsync(TestContext.Current.CancellationToken);
            else if (end is "fail to commit")
                await Assert.ThrowsAsync<SqliteException>(() => transaction.CommitAsync(TestContext.Current.CancellationToken));
            else if (end is "roll back")
                await transaction.RollbackAsync(TestContext.Current.CancellationToken);
        }
        await using var other = registry.Store.CreateContext(TenantId.Main);
        var next = other.Database.BeginTransactionAsync(TestContext.Current.CancellationToken);
        Assert.True(next.IsCompletedSuccessfully);
        await (await next).DisposeAsync();
    }

    [Fact]
    public async Task A_transaction_that_cannot_begin_leaves_its_turn_and_the_gate_to_others()
    {
        await using var registry = await TestRegistry.OpenAsync();
        await using (var context = registry.Store.CreateContext(TenantId.Main))
        {
            await context.Database.OpenConnectionAsync(TestContext.Current.CancellationToken);
            await context.Database.ExecuteSqlRawAsync("BEGIN IMMEDIATE", TestContext.Current.CancellationToken);
            await Assert.ThrowsAsync<SqliteException>(() => context.Database.BeginTransactionAsync(TestContext.Current.CancellationToken));
            await context.Database.ExecuteSqlRawAsync("ROLLBACK", TestContext.Current.CancellationToken);
        }
        await using (var other = registry.Store.CreateContext(TenantId.Main))
        {
            var next = other.Database.BeginTransactionAsync(TestContext.Current.CancellationToken);
            Assert.True(next.IsCompletedSuccessfully);
            await (await next).DisposeAsync();
        }
        (await registry.File.Gates.HoldAsync(TenantId.Main, TimeSpan.Zero, TestContext.Current.CancellationToken)).Dispose();
    }

    [Fact]
    public async Task Who_is_gone_before_the_connection_opens_is_out_of_the_gate()
    {
        await using var registry = await TestRegistry.OpenAsync();
        await using (var context = registry.Store.CreateContext(TenantId.Main))
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => context.Devices.CountAsync(new CancellationToken(canceled: true)));
        (await registry.File.Gates.HoldAsync(TenantId.Main, TimeSpan.Zero, TestContext.Current.CancellationToken)).Dispose();
    }

    [Fact]
    public async Task Who_gives_up_waiting_for_its_turn_is_out_of_the_gate()
    {
        await using var registry = await TestRegistry.OpenAsync();
        var other = TenantId.Parse("other");
        await using var context = registry.Store.CreateContext(TenantId.Main);
        await using var first = await context.Database.BeginTransactionAsync(TestContext.Current.CancellationToken);
        using var gone = new CancellationTokenSource();
        await using (var waiting = registry.Store.CreateContext(other))
        {
            var next = waiting.Database.BeginTransactionAsync(gone.Token);
            await gone.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
        }
        (await registry.File.Gates.HoldAsync(other, TimeSpan.Zero, TestContext.Current.CancellationToken)).Dispose();
        await first.CommitAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task What_is_written_without_a_context_is_there_or_taken_back_whole_and_the_next_one_writes()
    {
        await using var registry = await TestRegistry.OpenAsync();
        const string insert = "INSERT INTO sites (tenant_id, path, parent, name, kind) VALUES (?, ?, ?, ?, ?)";
        static void Add(SqliteConnection on, string path, string? parent) => SqliteStatement.Of(on, insert).Run("main", path, parent, path, "site");
        Task WriteAsync(Action<SqliteConnection> write) => registry.File.WriteAsync(TenantId.Main, write, TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<SqliteException>(() => WriteAsync(on =>
        {
            Add(on, "a", null);
            Add(on, "a", null);
        }));
        // The references are looked at when it ends.
        await Assert.ThrowsAsync<SqliteException>(() => WriteAsync(on =>
        {
            SqliteStatement.Of(on, "PRAGMA defer_foreign_keys = ON").Run();
            Add(on, "b/c", "nowhere");
        }));
        await WriteAsync(on => Add(on, "d", null));
        await using var context = registry.Store.CreateContext(TenantId.Main);
        Assert.Equal(["d"], await context.Sites.Select(s => s.Path).ToListAsync(TestContext.Current.CancellationToken));
        (await registry.File.Gates.HoldAsync(TenantId.Main, TimeSpan.Zero, TestContext.Current.CancellationToken)).Dispose();
    }

    [Fact]
    public async Task What_is_written_without_a_context_waits_for_its_turn_and_at_the_gate()
    {
        await using var registry = await TestRegistry.OpenAsync();
        var (other, written) = (TenantId.Parse("other"), new List<string>());
        await using var context = registry.Store.CreateContext(TenantId.Main);
        await using var first = await context.Database.BeginTransactionAsync(TestContext.Current.CancellationToken);
        using var gone = new CancellationTokenSource();
        var givenUp = registry.File.WriteAsync(other, _ => written.Add("given up"), gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => givenUp);
        var held = await registry.File.Gates.HoldAsync(other, TimeSpan.Zero, TestContext.Current.CancellationToken);
        var atTheGate = registry.File.WriteAsync(other, _ => written.Add("at the gate"), TestContext.Current.CancellationToken);
        var inTurn = registry.File.WriteAsync(TenantId.Main, _ => written.Add("in turn"), TestContext.Current.CancellationToken);
        Assert.False(inTurn.IsCompleted);
        await first.CommitAsync(TestContext.Current.CancellationToken);
        await inTurn;
        held.Dispose();
        await atTheGate;
        Assert.Equal(["in turn", "at the gate"], written);
    }

    [Fact]
    public async Task A_second_process_is_turned_away()
    {
        await using var registry = await TestRegistry.OpenAsync();
        Assert.Throws<IOException>(() => RegistryFile.Open(new RegistryOptions { DataFolder = registry.Folder }));
    }

    [Fact]
    public async Task A_lock_left_by_a_killed_migration_does_not_stop_the_next_start()
    {
        var folder = Directory.CreateTempSubdirectory("strata-registry-").FullName;
        await using (var connection = new SqliteConnection($"Data Source={folder}/registry.db;Pooling=False"))
        {
            await connection.OpenAsync(TestContext.Current.CancellationToken);
            await using var command = connection.CreateCommand();
            command.CommandText = "CREATE TABLE \"__EFMigrationsLock\" (\"Id\" INTEGER NOT NULL PRIMARY KEY, \"Timestamp\" TEXT NOT NULL); INSERT INTO \"__EFMigrationsLock\" VALUES (1, '2026-01-01 00:00:00')";
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }
        using var file = RegistryFile.Open(new RegistryOptions { DataFolder = folder });
        await using var context = new DevicesDbContext(file.OptionsFor<DevicesDbContext>(DevicesDbContext.MigrationsTable), TenantId.Main);
        await file.MigrateAsync(context, DevicesDbContext.MigrationsTable, TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Equal("Main", (await context.Tenants.SingleAsync(TestContext.Current.CancellationToken)).Name);
        file.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private static async Task<List<string>> ReadAsync(SqliteConnection connection, string sql)
    {
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Names out of the database's own catalogue.
        command.CommandText = sql;
#pragma warning restore CA2100
        await using var reader = await command.ExecuteReaderAsync();
        var values = new List<string>();
        while (await reader.ReadAsync())
            values.Add(reader.GetString(0));
        return values;
    }
}
