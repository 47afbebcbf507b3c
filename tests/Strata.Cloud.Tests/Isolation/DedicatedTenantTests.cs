using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Strata.Cloud.Contracts;
using Strata.Core.Tenancy;
using Strata.Telemetry;

namespace Strata.Cloud.Tests.Isolation;

/// <summary>The level <c>dedicated</c> on a real node with real devices.</summary>
public sealed class DedicatedTenantTests : IAsyncLifetime
{
    private readonly RunningCloud cloud = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private StrataClient Acme => new(cloud.Http, null, "acme");

    private StrataClient Other => new(cloud.Http, null, "other");

    public async ValueTask InitializeAsync()
    {
        await cloud.StartAsync();
        await cloud.Client.CreateTenantAsync(new CreateTenant("acme"), Cancelled);
        await cloud.Client.CreateTenantAsync(new CreateTenant("other"), Cancelled);
    }

    public async ValueTask DisposeAsync() => await cloud.DisposeAsync();

    [Fact]
    public async Task A_tenant_moves_while_its_devices_publish_nothing_is_lost_or_seen_twice_and_nothing_is_left_behind()
    {
        var mine = await Acme.CreateDeviceAsync(new CreateDevice("t-1"), Cancelled);
        var theirs = await Other.CreateDeviceAsync(new CreateDevice("t-1"), Cancelled);
        var token = await Acme.CreateTokenAsync(new CreateToken([new GrantInfo("tenant-admin")]), Cancelled);
        await using var publishing = await PublishingDevice.StartAsync(cloud.Node.Mqtt.Port, "acme", mine, Cancelled);
        await using var other = await PublishingDevice.StartAsync(cloud.Node.Mqtt.Port, "other", theirs, Cancelled);
        await publishing.MoreAsync(200, Cancelled);
        await other.MoreAsync(50, Cancelled);

        await MoveAsync("dedicated");
        await publishing.MoreAsync(50, Cancelled);
        await other.MoreAsync(20, Cancelled);
        await Acme.CreateDeviceAsync(new CreateDevice("t-2"), Cancelled);

        await CheckAsync(await publishing.StopAsync(), await other.StopAsync());
        Assert.Equal(0, Left("devices") + Left("tokens") + Left("audit") + Left("audit_seals") + Left("tenant_keys") + Left("device_presence"));
        Assert.True(File.Exists(Path.Combine(cloud.Folder, "tenants", "acme", "telemetry.duckdb")));
        Assert.Null((await Acme.VerifyAuditAsync(Cancelled)).Broken);
        var waited = (await cloud.Client.GetIsolationAsync("acme", Cancelled)).Detail;
        TestContext.Current.SendDiagnosticMessage("The move of {0} readings: {1}", publishing.Acknowledged, waited ?? "");

        await cloud.StopAsync();
        using (var shared = new DuckDB.NET.Data.DuckDBConnection($"Data Source={Path.Combine(cloud.Folder, "telemetry.duckdb")}"))
        {
            await shared.OpenAsync(Cancelled);
            Assert.Equal(0, Count(shared, "SELECT count(*) FROM tenants WHERE name = 'acme'"));
            Assert.Equal(0, Count(shared, "SELECT count(*) FROM readings r WHERE NOT EXISTS (SELECT 1 FROM tenants t WHERE t.tenant_id = r.tenant_id)"));
        }
        await cloud.StartAsync();
        await CheckAsync(publishing.Acknowledged, other.Acknowledged);
        Assert.Equal(2, (await Acme.ListDevicesAsync(cancellationToken: Cancelled)).Items.Count);
        using var http = cloud.NewClient();
        http.DefaultRequestHeaders.Authorization = new System.Net.Http.Headers.AuthenticationHeaderValue("Bearer", token.Token);
        Assert.Equal(2, (await new StrataClient(http, null).ListDevicesAsync(cancellationToken: Cancelled)).Items.Count);
        await using (var again = await PublishingDevice.StartAsync(cloud.Node.Mqtt.Port, "acme", mine, Cancelled))
            await again.MoreAsync(3, Cancelled); // The same times as the first three: repeats.
        await CheckAsync(publishing.Acknowledged, other.Acknowledged);

        await cloud.Client.ShredTenantAsync("acme", Cancelled);
        Assert.False(Directory.Exists(Path.Combine(cloud.Folder, "tenants", "acme")));
        await cloud.StopAsync();
        await cloud.StartAsync();
        Assert.DoesNotContain((await cloud.Client.ListTenantsAsync(cancellationToken: Cancelled)).Items, t => t.Id == "acme");
        Assert.Equal(other.Acknowledged, (await Other.CountReadingsAsync("t-1", Cancelled)).Count);
    }

    [Theory]
    [InlineData("encrypted")]
    [InlineData("logical")]
    public async Task A_tenant_moves_back_while_its_devices_publish_and_its_own_files_are_gone(string level)
    {
        var mine = await Acme.CreateDeviceAsync(new CreateDevice("t-1"), Cancelled);
        var theirs = await Other.CreateDeviceAsync(new CreateDevice("t-1"), Cancelled);
        await using var publishing = await PublishingDevice.StartAsync(cloud.Node.Mqtt.Port, "acme", mine, Cancelled);
        await using var other = await PublishingDevice.StartAsync(cloud.Node.Mqtt.Port, "other", theirs, Cancelled);
        await publishing.MoreAsync(50, Cancelled);
        await other.MoreAsync(20, Cancelled);
        await MoveAsync("dedicated");
        await publishing.MoreAsync(100, Cancelled);
        await Acme.CreateDeviceAsync(new CreateDevice("t-2"), Cancelled);
        await cloud.Client.ChangeTenantAsync("acme", new ChangeTenant("Acme Corp."), Cancelled);

        await MoveAsync(level);
        await publishing.MoreAsync(50, Cancelled);
        await other.MoreAsync(20, Cancelled);
        await CheckAsync(await publishing.StopAsync(), await other.StopAsync());
        Assert.False(Directory.Exists(Path.Combine(cloud.Folder, "tenants", "acme")));
        Assert.Null((await Acme.VerifyAuditAsync(Cancelled)).Broken);
        Assert.Equal(2, Left("devices"));
        Assert.Equal(level == "logical" ? 0 : 1, Left("tenant_keys"));
        Assert.Equal("Acme Corp.", (await cloud.Client.GetTenantAsync("acme", Cancelled)).Name);
        var usage = await cloud.Node.Services.GetRequiredService<ITelemetryStore>().UsageAsync(TenantId.Parse("acme"), DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue.AddYears(-1), Cancelled);
        Assert.Equal(publishing.Acknowledged, usage.Sum(u => u.ReadingsStored));
        TestContext.Current.SendDiagnosticMessage("The way back of {0} readings to {1}: {2}", publishing.Acknowledged, level, (await cloud.Client.GetIsolationAsync("acme", Cancelled)).Detail ?? "");

        await cloud.StopAsync();
        await cloud.StartAsync();
        await CheckAsync(publishing.Acknowledged, other.Acknowledged);
        await using (var again = await PublishingDevice.StartAsync(cloud.Node.Mqtt.Port, "acme", mine, Cancelled))
            await again.MoreAsync(3, Cancelled); // The same times as the first three: repeats.
        await CheckAsync(publishing.Acknowledged, other.Acknowledged);
        await MoveAsync("dedicated"); // And there again.
        await CheckAsync(publishing.Acknowledged, other.Acknowledged);
    }

    [Fact]
    public async Task Health_names_the_tenant_whose_own_store_cannot_commit_and_the_others_are_served()
    {
        var mine = await Acme.CreateDeviceAsync(new CreateDevice("t-1"), Cancelled);
        await MoveAsync("dedicated");
        var store = cloud.Node.Services.GetRequiredService<RoutedTelemetryStore>();
        var folder = Path.Combine(cloud.Folder, "tenants", "acme");
        await using (await PublishingDevice.StartAsync(cloud.Node.Mqtt.Port, "acme", mine, Cancelled))
        {
            await store.CloseAsync(TenantId.Parse("acme"));
            // A store that fails at each commit, as on a disk that has gone.
            await store.PlaceAsync(TenantId.Parse("acme"), () => new FailingStore(folder), Cancelled);
            string? detail = null;
            while (detail?.Contains("acme", StringComparison.Ordinal) != true)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, Cancelled);
                detail = (await cloud.Client.GetHealthAsync(Cancelled)).Checks.Single(c => c.Name == "store").Detail;
            }
            var check = (await cloud.Client.GetHealthAsync(Cancelled)).Checks.Single(c => c.Name == "store");
            Assert.Equal("degraded", check.Status);
            Assert.Contains("the disk has gone", check.Detail, StringComparison.Ordinal);
        }
        await cloud.CommitAsync("d", ("m", 1, Core.Telemetry.ReadingValue.OfNumber(1)));
    }

    [Fact]
    public async Task The_first_tenant_stays_and_a_deployment_of_its_own_is_another_installation()
    {
        var first = await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.ChangeIsolationAsync("main", new ChangeIsolation("dedicated"), Cancelled));
        Assert.Contains("first tenant", first.Message, StringComparison.Ordinal);
        var physical = await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.ChangeIsolationAsync("acme", new ChangeIsolation("physical"), Cancelled));
        Assert.Contains("another installation", physical.Message, StringComparison.Ordinal);
    }

    private async Task CheckAsync(int mine, int theirs)
    {
        Assert.Equal(mine, (await Acme.CountReadingsAsync("t-1", Cancelled)).Count);
        Assert.Equal(theirs, (await Other.CountReadingsAsync("t-1", Cancelled)).Count);
        var store = cloud.Node.Services.GetRequiredService<ITelemetryStore>();
        var readings = await store.ReadAsync(TenantId.Parse("acme"), new ReadingRange { Limit = 100_000 }, Cancelled);
        Assert.Equal(Enumerable.Range(0, mine).Select(n => (double)n), readings.Select(r => r.Value.Number));
    }

    private async Task MoveAsync(string level)
    {
        var now = await cloud.Client.ChangeIsolationAsync("acme", new ChangeIsolation(level), Cancelled);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        deadline.CancelAfter(TimeSpan.FromSeconds(90));
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

    private long Left(string table)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(cloud.Folder, "registry.db")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // A constant of this test.
        command.CommandText = $"SELECT count(*) FROM {table} WHERE tenant_id = 'acme'";
#pragma warning restore CA2100
        return (long)command.ExecuteScalar()!;
    }

    private static long Count(DuckDB.NET.Data.DuckDBConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // A constant of this test.
        command.CommandText = sql;
#pragma warning restore CA2100
        return Convert.ToInt64(command.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture);
    }
}
