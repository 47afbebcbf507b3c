using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Strata.Cloud.Contracts;
using Strata.Core.Tenancy;
using Strata.Postgres;
using Strata.Telemetry;
using Strata.Testing.Postgres;

namespace Strata.Cloud.Tests.Isolation;

/// <summary>The level <c>dedicated</c> in PostgreSQL: a database of the tenant's own, made by the owner.</summary>
public sealed class DedicatedTenantOnPostgresTests(PostgresServer server) : IAsyncLifetime
{
    private readonly RunningCloudOnPostgres cloud = new(server);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private StrataClient Acme => new(cloud.Http, null, "acme");

    private StrataClient Other => new(cloud.Http, null, "other");

    private DatabaseAddress Own => DatabaseAddress.Parse(cloud.Superuser).Of(TenantId.Parse("acme"));

    public async ValueTask InitializeAsync()
    {
        await cloud.InitializeAsync();
        await cloud.Client.CreateTenantAsync(new CreateTenant("acme"), Cancelled);
        await cloud.Client.CreateTenantAsync(new CreateTenant("other"), Cancelled);
    }

    public async ValueTask DisposeAsync()
    {
        await cloud.StopAsync();
        await TestDatabase.ExecuteAsync(cloud.Superuser, $"DROP DATABASE IF EXISTS \"{Own.Database}\" WITH (FORCE)");
        await cloud.DisposeAsync();
    }

    [Fact]
    public async Task A_tenant_moves_there_and_back_while_its_devices_publish_and_leaves_nothing()
    {
        var refused = await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.ChangeIsolationAsync("acme", new ChangeIsolation("dedicated"), Cancelled));
        Assert.Contains("strata database migrate --tenant acme", refused.Message, StringComparison.Ordinal);
        await MakeOwnAsync();
        var mine = await Acme.CreateDeviceAsync(new CreateDevice("t-1"), Cancelled);
        var theirs = await Other.CreateDeviceAsync(new CreateDevice("t-1"), Cancelled);
        await using var publishing = await PublishingDevice.StartAsync(cloud.Node.Mqtt.Port, "acme", mine, Cancelled);
        await using var other = await PublishingDevice.StartAsync(cloud.Node.Mqtt.Port, "other", theirs, Cancelled);
        await publishing.MoreAsync(200, Cancelled);
        await other.MoreAsync(50, Cancelled);

        await MoveAsync("dedicated");
        TestContext.Current.SendDiagnosticMessage("The move of {0} readings: {1}", publishing.Acknowledged, (await cloud.Client.GetIsolationAsync("acme", Cancelled)).Detail ?? "");
        await publishing.MoreAsync(50, Cancelled);
        await other.MoreAsync(20, Cancelled);
        await Acme.CreateDeviceAsync(new CreateDevice("t-2"), Cancelled);
        Assert.Equal("tenant_placements 1, tenants 1", string.Join(", ", await LeftAsync(cloud.Superuser)));
        Assert.Contains("devices 2", await LeftAsync(Own.With()));
        await ChecksOutAsync();

        await cloud.StopAsync();
        await cloud.StartAsync();
        await using var going = await PublishingDevice.StartAsync(cloud.Node.Mqtt.Port, "acme", mine, Cancelled);
        await going.MoreAsync(20, Cancelled);
        await MoveAsync("logical");
        await going.MoreAsync(20, Cancelled);
        await going.StopAsync();
        Assert.Equal("", string.Join(", ", await LeftAsync(Own.With())));
        Assert.Null((await Acme.VerifyAuditAsync(Cancelled)).Broken);
        Assert.Equal(2, (await Acme.ListDevicesAsync(cancellationToken: Cancelled)).Items.Count);
        var store = cloud.Node.Services.GetRequiredService<ITelemetryStore>();
        var readings = await store.ReadAsync(TenantId.Parse("acme"), new ReadingRange { Limit = 100_000 }, Cancelled);
        Assert.Equal(Enumerable.Range(0, Math.Max(publishing.Acknowledged, going.Acknowledged)).Select(n => (double)n), readings.Select(r => r.Value.Number).Take(Math.Max(publishing.Acknowledged, going.Acknowledged)));
        Assert.Equal((await Acme.CountReadingsAsync("t-1", Cancelled)).Count, readings.Count);

        async Task ChecksOutAsync()
        {
            var (a, b) = (await publishing.StopAsync(), await other.StopAsync());
            Assert.Equal(a, (await Acme.CountReadingsAsync("t-1", Cancelled)).Count);
            Assert.Equal(b, (await Other.CountReadingsAsync("t-1", Cancelled)).Count);
            Assert.Null((await Acme.VerifyAuditAsync(Cancelled)).Broken);
        }
    }

    [Fact]
    public async Task In_its_own_database_the_policies_hold_as_well_and_nobody_unbound_sees_a_row()
    {
        await MakeOwnAsync();
        await Acme.CreateDeviceAsync(new CreateDevice("t-1"), Cancelled);
        await MoveAsync("dedicated");
        var node = DatabaseAddress.Parse(cloud.Server.Node).Of(TenantId.Parse("acme"));
        await CloudDatabase.Schema.CheckAsync(node, Cancelled); // Policies, owners, rights and roles, every table.
        await using var connection = await TestDatabase.OpenAsync(node.With());
        var attacks = 0;
        foreach (var table in CloudDatabase.Schema.Parts.SelectMany(p => p.Tables).Where(t => t.WithoutTenant is null))
        {
            foreach (var bound in (string?[])[null, "other"])
            {
                await using var transaction = await connection.BeginTransactionAsync(Cancelled);
                if (bound is not null)
                    await connection.RunAsync(TenantBinding.Statement(TenantId.Parse(bound)), Cancelled);
                Assert.Equal(0, (await connection.ListAsync($"SELECT count(*) FROM \"{table.Name}\" WHERE tenant_id = 'acme'", r => r.GetInt64(0), Cancelled))[0]);
                attacks++;
            }
            var denied = await Assert.ThrowsAsync<PostgresException>(() => connection.RunAsync($"ALTER TABLE \"{table.Name}\" DISABLE ROW LEVEL SECURITY", Cancelled));
            Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, denied.SqlState);
            attacks++;
        }
        TestContext.Current.SendDiagnosticMessage("{0} attacks on the tenant's own database, 0 leaks", attacks);
        // And what is written once goes only where the tenant is not served from.
        await using var held = await connection.BeginTransactionAsync(Cancelled);
        await connection.RunAsync(TenantBinding.Statement(TenantId.Parse("acme")), Cancelled);
        var served = await Assert.ThrowsAsync<PostgresException>(() => connection.RunAsync("SELECT strata_clear_billing()", Cancelled));
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, served.SqlState);
    }

    [Fact]
    public async Task Shredding_empties_its_own_database()
    {
        await MakeOwnAsync();
        var mine = await Acme.CreateDeviceAsync(new CreateDevice("t-1"), Cancelled);
        await MoveAsync("dedicated");
        await using (var publishing = await PublishingDevice.StartAsync(cloud.Node.Mqtt.Port, "acme", mine, Cancelled))
        {
            await publishing.MoreAsync(10, Cancelled);
            await publishing.StopAsync();
        }
        await cloud.Client.ShredTenantAsync("acme", Cancelled);
        Assert.Equal("", string.Join(", ", await LeftAsync(Own.With())));
        await cloud.StopAsync();
        await cloud.StartAsync();
        Assert.DoesNotContain((await cloud.Client.ListTenantsAsync(cancellationToken: Cancelled)).Items, t => t.Id == "acme");
    }

    /// <summary>As <c>strata database migrate --tenant acme</c> does; the tests' owner may make no database, so that a superuser has.</summary>
    private async Task MakeOwnAsync()
    {
        await TestDatabase.ExecuteAsync(cloud.Superuser, $"CREATE DATABASE \"{Own.Database}\" OWNER strata_owner TEMPLATE template0 ENCODING 'UTF8'");
        var own = await CloudDatabase.EnsureOwnAsync(DatabaseAddress.Parse(cloud.Server.Owner), TenantId.Parse("acme"), Cancelled);
        await CloudDatabase.Schema.MigrateAsync(own, null, Cancelled);
    }

    /// <summary>Tables that have rows of acme, and how many, seen by the superuser.</summary>
    private static async Task<List<string>> LeftAsync(string superuser)
    {
        await using var connection = await TestDatabase.OpenAsync(superuser);
        var left = new List<string>();
        foreach (var table in CloudDatabase.Schema.Parts.SelectMany(p => p.Tables).Where(t => t.WithoutTenant is null).Select(t => t.Name).Distinct().Order(StringComparer.Ordinal))
            if ((await connection.ListAsync($"SELECT count(*) FROM \"{table}\" WHERE tenant_id = 'acme'", r => r.GetInt64(0), Cancelled))[0] is > 0 and var rows)
                left.Add($"{table} {rows}");
        return left;
    }

    private async Task MoveAsync(string level)
    {
        var now = await cloud.Client.ChangeIsolationAsync("acme", new ChangeIsolation(level), Cancelled);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        deadline.CancelAfter(TimeSpan.FromSeconds(120));
        while (now.Changing)
        {
            try
            {
                await Task.Delay(TimeSpan.FromMilliseconds(30), TimeProvider.System, deadline.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"The move did not end: {now}");
            }
            now = await cloud.Client.GetIsolationAsync("acme", Cancelled);
        }
    }
}
