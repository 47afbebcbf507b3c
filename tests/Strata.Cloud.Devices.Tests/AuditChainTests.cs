using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Audit;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Devices.Tests;

/// <summary>What somebody with the database in hand does to the audit trail is found.</summary>
public sealed class AuditChainTests
{
    /// <summary>The deed, and the number of the first record that is not as it was.</summary>
    public static TheoryData<string, string, long?> Deeds => new()
    {
        { "a removed record", "DELETE FROM audit WHERE id = 3", 3 },
        { "a removed record with its link", "DELETE FROM audit_seals WHERE number = 3; DELETE FROM audit WHERE id = 3", 3 },
        { "the first records removed", "DELETE FROM audit_seals WHERE number <= 2; DELETE FROM audit WHERE id <= 2", 1 },
        { "the last records removed", "DELETE FROM audit_seals WHERE number >= 5; DELETE FROM audit WHERE id >= 5", 5 },
        { "the last ones removed and the end set back", "DELETE FROM audit_seals WHERE number >= 5; DELETE FROM audit WHERE id >= 5; UPDATE audit_marks SET number = 4, hash = (SELECT hash FROM audit_seals WHERE number = 4)", 4 },
        { "everything removed", "DELETE FROM audit_seals; DELETE FROM audit", 1 },
        { "the signed end removed, before another record", "DELETE FROM audit_marks; CREATE TEMP TABLE one AS SELECT * FROM audit WHERE id = 6; UPDATE one SET id = 7; INSERT INTO audit SELECT * FROM one", 6 },
        { "another actor", "UPDATE audit SET actor = 'somebody' WHERE id = 4", 4 },
        { "another value", "UPDATE audit SET after = replace(after, 'm-2', 'm-9') WHERE id = 2", 2 },
        { "another time", "UPDATE audit SET time = time + 1 WHERE id = 1", 1 },
        { "another result", "UPDATE audit SET result = 'refused' WHERE id = 6", 6 },
        { "a text moved to the next field", "UPDATE audit SET actor = actor || action, action = '' WHERE id = 2", 2 },
        { "two records in each other's place", "UPDATE audit SET id = -id WHERE id IN (2, 3); UPDATE audit SET id = 5 + id WHERE id IN (-2, -3)", 2 },
        { "links in each other's place", "UPDATE audit_seals SET number = -number WHERE number IN (2, 3); UPDATE audit_seals SET number = 5 + number WHERE number IN (-2, -3)", 2 },
    };

    [Theory]
    [MemberData(nameof(Deeds))]
    public async Task Every_deed_is_found_at_its_record(string deed, string sql, long? broken)
    {
        await using var registry = await FilledAsync();
        using var trail = TrailOf(registry);
        Assert.Equal(new AuditVerdict(6, null, null), await trail.VerifyAsync(TenantId.Main, TestContext.Current.CancellationToken));
        await ExecuteAsync(registry, sql);
        var verdict = await trail.VerifyAsync(TenantId.Main, TestContext.Current.CancellationToken);
        Assert.True(verdict.Problem is not null, $"{deed} was not found.");
        Assert.Equal(broken, verdict.Broken);
    }

    [Fact]
    public async Task The_oldest_go_and_the_rest_is_verified_from_a_signed_anchor()
    {
        await using var registry = await FilledAsync(1_200);
        using var trail = TrailOf(registry, kept: 1_000);
        var verdict = await trail.VerifyAsync(TenantId.Main, TestContext.Current.CancellationToken);
        Assert.Equal(new AuditVerdict(1_000, null, null), verdict);
        await ExecuteAsync(registry, "UPDATE audit_marks SET hash = lower(hex(randomblob(32))) WHERE kind = 'anchor'");
        Assert.Contains("not signed", (await trail.VerifyAsync(TenantId.Main, TestContext.Current.CancellationToken)).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_trail_that_is_sealed_bit_by_bit_stays_within_a_hundred_of_its_bound()
    {
        await using var registry = await FilledAsync(1_000);
        using var trail = TrailOf(registry, kept: 1_000);
        Assert.Equal(1_000, await trail.SealAsync(TenantId.Main, TestContext.Current.CancellationToken));
        var most = 0L;
        for (var last = 1_000; last < 1_240; last += 20)
        {
            await ExecuteAsync(registry, $"""
                WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20)
                INSERT INTO audit (tenant_id, id, time, actor, action, kind, subject) SELECT 'main', {last} + i, 5, 'admin', 'create', 'device', 't' FROM n
                """);
            Assert.Equal(20, await trail.SealAsync(TenantId.Main, TestContext.Current.CancellationToken));
            most = Math.Max(most, (await trail.VerifyAsync(TenantId.Main, TestContext.Current.CancellationToken)).Records);
        }
        Assert.InRange(most, 1_020, 1_100);
    }

    [Fact]
    public async Task A_record_that_is_committed_after_one_with_a_higher_number_is_taken_in()
    {
        await using var registry = await FilledAsync();
        using var trail = TrailOf(registry);
        foreach (var (id, isNew) in ((int, bool)[])[(6, false), (9, true), (7, true), (1_700, true), (8, true), (1_650, true), (1_701, true), (1_649, true)])
        {
            if (isNew)
                await ExecuteAsync(registry, $"INSERT INTO audit (tenant_id, id, time, actor, action, kind, subject) VALUES ('main', {id}, 5, 'admin', 'create', 'device', 't-1')");
            // Number 8 came more than a thousand records too late: it belonged to no change that was committed.
            Assert.Equal(id switch { 6 => 6, 8 => 0, _ => 1 }, await trail.SealAsync(TenantId.Main, TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public async Task Another_tenants_chain_is_its_own()
    {
        await using var registry = await FilledAsync();
        using var trail = TrailOf(registry);
        Assert.Equal(6, await trail.SealAsync(TenantId.Main, TestContext.Current.CancellationToken));
        Assert.Equal(new AuditVerdict(0, null, null), await trail.VerifyAsync(TenantId.Parse("other"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task What_an_older_version_wrote_is_taken_into_the_chain()
    {
        var folder = Directory.CreateTempSubdirectory("strata-old-").FullName;
        try
        {
            using (var file = RegistryFile.Open(new RegistryOptions { DataFolder = folder }))
            {
                await using var old = new DevicesDbContext(file.OptionsFor<DevicesDbContext>(DevicesDbContext.MigrationsTable), TenantId.Main);
                await old.GetService<IMigrator>().MigrateAsync("20261123073051_Registry", TestContext.Current.CancellationToken);
                await ExecuteAsync(file, "INSERT INTO audit (tenant_id, id, time, actor, action, kind, subject) VALUES ('main', 1, 5, 'admin', 'create', 'device', 't-1')");
                await file.MigrateAsync(old, DevicesDbContext.MigrationsTable, TestContext.Current.CancellationToken);
                using var trail = new AuditTrail(file, new RegistryOptions { DataFolder = folder }, AuditKey.LoadOrCreate(folder), TimeProvider.System);
                Assert.Equal(new AuditVerdict(1, null, null), await trail.VerifyAsync(TenantId.Main, TestContext.Current.CancellationToken));
                Assert.Equal(TenantState.Active, (await old.Tenants.SingleAsync(TestContext.Current.CancellationToken)).State);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<TestRegistry> FilledAsync(int records = 6)
    {
        var registry = await TestRegistry.OpenAsync();
        for (var i = 1; i <= records; i++)
            Assert.True((await registry.RegisterAsync(new CreateDevice($"t-{i}", Model: $"m-{i}"))).IsOk);
        return registry;
    }

    private static AuditTrail TrailOf(TestRegistry registry, int kept = 1_000_000) => new(
        registry.File, new RegistryOptions { DataFolder = registry.Folder, AuditKept = kept }, AuditKey.LoadOrCreate(registry.Folder), registry.Time);

    private static Task ExecuteAsync(TestRegistry registry, string sql) => ExecuteAsync(registry.File, sql);

    private static async Task ExecuteAsync(RegistryFile file, string sql)
    {
        await using var connection = new SqliteConnection(file.ConnectionString);
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Text of this test.
        command.CommandText = sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }
}
