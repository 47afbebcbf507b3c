using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Rows;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Isolation;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Postgres;
using Strata.Postgres.Schema;
using Strata.Testing.Postgres;

namespace Strata.Cloud.Devices.Tests;

/// <summary>The registry in PostgreSQL: what its policies hold when everything above them is taken away.</summary>
public sealed class RegistryServerTests(PostgresServer server)
{
    private static readonly TenantId Other = TenantId.Parse("other");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Keys_and_indexes_begin_with_the_tenant()
    {
        await using var context = new PostgresDevicesDbContextFactory().CreateDbContext([]);
        // A token names its tenant: its digest is unique in the whole installation.
        string[] exempt = ["api_tokens.token_hash"];
        foreach (var entity in context.Model.GetEntityTypes())
        {
            Assert.Equal("TenantId", entity.FindPrimaryKey()!.Properties[0].Name);
            foreach (var index in entity.GetIndexes().Where(i => i.Properties[0].Name != "TenantId"))
                Assert.Contains($"{entity.GetTableName()}.{index.Properties[0].GetColumnName()}", exempt);
        }
    }

    [Fact]
    public async Task Policies_alone_keep_tenants_apart_when_the_filters_are_switched_off()
    {
        await using var registry = await WithTwoTenantsAsync();
        await using var context = registry.Store.CreateContext(TenantId.Main);
        Assert.Equal(["t-main"], await context.Devices.IgnoreQueryFilters().Select(d => d.Id).ToListAsync(Cancel));
        Assert.Equal(["main"], await context.Tenants.IgnoreQueryFilters().Select(t => t.TenantId).ToListAsync(Cancel));
        Assert.DoesNotContain("other", await context.Audit.IgnoreQueryFilters().Select(a => a.TenantId).ToListAsync(Cancel));
        Assert.Equal(0, await context.Devices.IgnoreQueryFilters().Where(d => d.TenantId == "other").ExecuteDeleteAsync(Cancel));
        Assert.Equal(0, await context.Devices.IgnoreQueryFilters().Where(d => d.TenantId == "other").ExecuteUpdateAsync(u => u.SetProperty(d => d.Model, "stolen"), Cancel));
        Assert.Equal(0, await context.Database.ExecuteSqlAsync($"UPDATE devices SET model = 'stolen' WHERE id = 't-other'", Cancel));
        await using var other = registry.Store.CreateContext(Other);
        Assert.Equal([("t-other", null)], (await other.Devices.IgnoreQueryFilters().ToListAsync(Cancel)).Select(d => (d.Id, d.Model)));
    }

    [Fact]
    public async Task A_connection_that_cannot_be_bound_to_its_tenant_leaves_room_for_the_next()
    {
        await using var registry = await WithTwoTenantsAsync();
        using var one = new RegistryServer(DatabaseAddress.Parse(registry.Server.Node), maxConnections: 1);
        await registry.Server.ExecuteAsAdminAsync("REVOKE EXECUTE ON FUNCTION set_config FROM PUBLIC");
        await Assert.ThrowsAsync<Npgsql.PostgresException>(() => one.OpenRowsAsync(TenantId.Main, RegistryPlace.Shared, write: false, Cancel));
        await registry.Server.ExecuteAsAdminAsync("GRANT EXECUTE ON FUNCTION set_config TO PUBLIC");
        await (await one.OpenRowsAsync(TenantId.Main, RegistryPlace.Shared, write: false, Cancel)).DisposeAsync();
    }

    [Fact]
    public async Task A_row_of_another_tenant_cannot_be_written_by_any_statement()
    {
        await using var registry = await WithTwoTenantsAsync();
        await using var context = registry.Store.CreateContext(TenantId.Main);
        var insert = await Assert.ThrowsAsync<Npgsql.PostgresException>(() => context.Database.ExecuteSqlAsync(
            $"INSERT INTO sites (tenant_id, path, parent, name, kind) VALUES ('other', 'x', NULL, 'x', 'site')", Cancel));
        Assert.Contains("row-level security", insert.Message, StringComparison.Ordinal);
        var move = await Assert.ThrowsAsync<Npgsql.PostgresException>(() => context.Database.ExecuteSqlAsync($"UPDATE devices SET tenant_id = 'other'", Cancel));
        Assert.Contains("row-level security", move.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pooled_connection_carries_no_tenant_to_its_next_user()
    {
        await using var registry = await WithTwoTenantsAsync();
        await using var source = Npgsql.NpgsqlDataSource.Create(new Npgsql.NpgsqlConnectionStringBuilder(registry.Server.Node) { MaxPoolSize = 1, NoResetOnClose = true }.ConnectionString);
        for (var round = 0; round < 3; round++)
        {
            await using (var bound = await source.OpenConnectionAsync(Cancel))
            await using (var transaction = await bound.BeginTransactionAsync(Cancel))
            {
                await bound.RunAsync(TenantBinding.Statement(Other), Cancel);
                Assert.Equal(["t-other"], await bound.ListAsync("SELECT id FROM devices", r => r.GetString(0), Cancel));
                if (round == 1)
                    await transaction.CommitAsync(Cancel);
            }
            await using var unbound = await source.OpenConnectionAsync(Cancel);
            Assert.Empty(await unbound.ListAsync("SELECT id FROM devices", r => r.GetString(0), Cancel));
            // One message is one transaction: a binding in it ends with it.
            await unbound.RunAsync($"{TenantBinding.Statement(Other)}; SELECT count(*) FROM devices", Cancel);
            Assert.Empty(await unbound.ListAsync("SELECT id FROM devices", r => r.GetString(0), Cancel));
        }
    }

    [Fact]
    public async Task Contexts_of_two_tenants_that_share_connections_see_their_own_rows_only()
    {
        await using var registry = await WithTwoTenantsAsync();
        await Task.WhenAll(Enumerable.Range(0, 40).Select(async i =>
        {
            var (tenant, expected) = i % 2 == 0 ? (TenantId.Main, "t-main") : (Other, "t-other");
            await using var context = registry.Store.CreateContext(tenant);
            for (var round = 0; round < 10; round++)
                Assert.Equal([expected], await context.Devices.IgnoreQueryFilters().Select(d => d.Id).ToListAsync(Cancel));
        }));
    }

    [Theory]
    [InlineData("'); SELECT set_config('strata.tenant', 'other', true); --")]
    [InlineData("x' OR tenant_id = 'other")]
    [InlineData("\\'; SET strata.tenant = 'other'; --")]
    [InlineData("$1 @p0 {0} %s \"; DROP TABLE devices; --")]
    public async Task What_is_written_into_text_fields_is_text(string text)
    {
        await using var registry = await WithTwoTenantsAsync();
        var made = await registry.RegisterAsync(new CreateDevice("t-2", Model: text));
        Assert.True(made.IsOk, made.Problem?.Detail);
        await registry.RestartAsync();
        Assert.Equal(text, registry.Image.Devices["t-2"].Model);
        await using var context = registry.Store.CreateContext(TenantId.Main);
        Assert.Equal(2, await context.Devices.IgnoreQueryFilters().CountAsync(Cancel));
        Assert.Equal(1, await context.Devices.Where(d => d.Model == text).CountAsync(Cancel));
        Assert.Single(registry.Store.Image(Other).Devices);
    }

    [Fact]
    public async Task The_list_of_tenants_is_written_down_with_its_purpose()
    {
        await using var registry = await WithTwoTenantsAsync();
        await using var owner = await TestDatabase.OpenAsync(registry.Server.Owner);
        var reads = await owner.ListAsync("SELECT role, what, purpose FROM strata_platform_reads ORDER BY id", r => (r.GetString(0), r.GetString(1), r.GetString(2)), Cancel);
        Assert.Contains((Roles.Node, "registry", "start of the node: loading the registry"), reads);
        await using var node = await TestDatabase.OpenAsync(registry.Server.Node);
        await Assert.ThrowsAsync<Npgsql.PostgresException>(() => node.RunAsync("DELETE FROM strata_platform_reads", Cancel));
    }

    [Fact]
    public async Task A_change_whose_outcome_is_unknown_is_looked_up_before_the_next()
    {
        await using var registry = await WithTwoTenantsAsync();
        // The change is made behind the registry's back, as one whose answer was lost.
        await using (var context = registry.Store.CreateContext(TenantId.Main))
        {
            var row = registry.Image.Devices["t-main"];
            context.Add(row with { Id = "t-lost" });
            context.Add(new Strata.Cloud.Platform.Audit.AuditRow { TenantId = "main", Id = registry.Numbers.Next(TenantId.Main), Time = row.Created, Actor = "x", Action = "create", Kind = "device", Subject = "t-lost" });
            await context.SaveChangesAsync(Cancel);
        }
        await registry.Server.ExecuteAsAdminAsync("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'strata-registry'");
        var refused = await registry.RegisterAsync(new CreateDevice("t-3"));
        Assert.Equal(ProblemKind.Unavailable, refused.Problem?.Kind);
        var made = await registry.RegisterAsync(new CreateDevice("t-3"));
        Assert.True(made.IsOk, made.Problem?.Detail);
        Assert.True(registry.Image.Devices.ContainsKey("t-lost"));
        Assert.True(registry.Devices.TryGet(TenantId.Main, DeviceId.Parse("t-lost"), out _));
    }

    [Fact]
    public async Task A_slice_s_tables_are_all_of_its_entities_and_each_is_under_its_policy()
    {
        await using var registry = await WithTwoTenantsAsync();
        await using var context = registry.Store.CreateContext(TenantId.Main);
        var entities = context.Model.GetEntityTypes().Select(e => e.GetTableName()!).Order().ToList();
        Assert.Equal(entities, DevicesModule.Schema.Tables.Where(t => t.WithoutTenant is null).Select(t => t.Name).Order());
        await using var node = await TestDatabase.OpenAsync(registry.Server.Node);
        var findings = await new DatabaseSchema(DevicesModule.Schema).VerifyAsync(node, Cancel);
        Assert.DoesNotContain(findings, f => f.IsFault);
        Assert.All(entities, e => Assert.Contains(findings, f => f.Subject == e && f.Detail.Contains("forced", StringComparison.Ordinal)));
    }

    private async Task<TestRegistry> WithTwoTenantsAsync()
    {
        var registry = await TestRegistry.OpenAsync(server);
        await registry.RegisterAsync(new CreateDevice("t-main"));
        var row = registry.Image.Devices["t-main"];
        await using (var context = registry.Store.CreateContext(Other))
        {
            context.Add(new Strata.Cloud.Platform.TenantRow { TenantId = "other", Name = "Other", Created = row.Created });
            context.Add(new DeviceRow { TenantId = "other", Id = "t-other", State = row.State, StateSince = row.StateSince, StateCause = "", SecretHash = new byte[32], Created = row.Created });
            context.Add(new Strata.Cloud.Platform.Audit.AuditRow { TenantId = "other", Id = 1, Time = row.Created, Actor = "x", Action = "create", Kind = "device", Subject = "t-other" });
            await context.SaveChangesAsync(Cancel);
        }
        await registry.RestartAsync();
        return registry;
    }
}
