using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Strata.Cloud.Contracts;
using Strata.Core.Telemetry;
using Strata.Postgres;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;
using Strata.Telemetry.Postgres;
using Strata.Testing;
using Strata.Testing.Postgres;

namespace Strata.Cloud.Tests;

/// <summary>What a node does while its PostgreSQL server is stopped, and after it.</summary>
public sealed class DatabaseAwayTests : IAsyncLifetime
{
    private readonly PostgresServer server = PostgresServer.Own();
    private TestDatabase? database;
    private OnServer? cloud;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private OnServer Cloud => cloud!;

    public async ValueTask InitializeAsync()
    {
        database = await server.CreateAsync();
        await CloudDatabase.Schema.MigrateAsync(DatabaseAddress.Parse(database.Owner), null, Cancelled);
        cloud = new OnServer(database.Node);
        await cloud.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (cloud is not null)
            await cloud.DisposeAsync();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task A_node_says_why_it_takes_nothing_serves_what_it_knows_and_goes_on_by_itself()
    {
        await Cloud.Client.CreateDeviceAsync(new CreateDevice("t-1"), Cancelled);
        await StoreAsync(1);

        await server.StopAsync();
        await Assert.ThrowsAsync<TelemetryStoreException>(() => StoreAsync(2));
        foreach (var change in Changes(2))
            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await Assert.ThrowsAsync<StrataApiException>(change)).StatusCode);
        Assert.Equal("t-1", Assert.Single((await Cloud.Client.ListDevicesAsync(cancellationToken: Cancelled)).Items).Id);
        using (var audit = await Cloud.Http.GetAsync("api/v1/audit", Cancelled))
            Assert.Equal(HttpStatusCode.ServiceUnavailable, audit.StatusCode);
        using (var readings = await Cloud.Http.GetAsync("api/v1/readings", Cancelled))
            Assert.Equal(HttpStatusCode.ServiceUnavailable, readings.StatusCode);
        var health = await Cloud.Client.GetHealthAsync(Cancelled);
        foreach (var check in health.Checks.Where(c => c.Name is "store" or "database"))
            Assert.Equal(("failing", true), (check.Status, check.Detail.Contains("acknowledged", StringComparison.Ordinal)));
        using (var ready = await Cloud.Http.GetAsync("health/ready", Cancelled))
            Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);

        await server.StartAgainAsync();
        await Deadline.For(UntilAsync(() => StoreAsync(3)), "readings are stored again");
        foreach (var change in Changes(2))
            await Deadline.For(UntilAsync(change), "a device, a token and an invitation are made again");
        Assert.DoesNotContain((await Cloud.Client.GetHealthAsync(Cancelled)).Checks, c => c.Status == "failing");
        Assert.Equal(2, (await Cloud.Client.CountReadingsAsync("t-1", Cancelled)).Count);
    }

    [Fact]
    public async Task A_node_whose_server_hangs_says_that_it_is_slow_then_that_it_is_away_and_goes_on_by_itself()
    {
        await Cloud.Client.CreateDeviceAsync(new CreateDevice("t-1"), Cancelled);
        await StoreAsync(1);

        await server.FreezeAsync();
        var waiting = StoreAsync(2);
        var slow = await HealthAsync(c => c.Name == "store" && c.Status == "degraded");
        Assert.Contains("a commit has been running for", slow.Detail, StringComparison.Ordinal);
        Assert.Contains("The database does not answer", (await HealthAsync(c => c.Name == "database" && c.Status == "failing")).Detail, StringComparison.Ordinal);
        await Assert.ThrowsAsync<TelemetryStoreException>(() => Deadline.For(waiting, "the commit fails when it takes too long"));
        Assert.Contains("Nothing is acknowledged", (await HealthAsync(c => c.Name == "store" && c.Status == "failing")).Detail, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("t-1", Assert.Single((await Cloud.Client.ListDevicesAsync(cancellationToken: Cancelled)).Items).Id);

        await server.ThawAsync();
        await Deadline.For(UntilAsync(() => StoreAsync(3)), "readings are stored again");
        await Deadline.For(UntilAsync(() => Cloud.Client.CreateDeviceAsync(new CreateDevice("t-2"), Cancelled)), "a device is made again");
        foreach (var name in (string[])["store", "database"])
            await Deadline.For(HealthAsync(c => c.Name == name && c.Status == "ok"), $"{name} is well");
        // The commit whose answer did not come may be there, with its one reading.
        Assert.InRange((await Cloud.Client.CountReadingsAsync("t-1", Cancelled)).Count, 2, 3);
    }

    private async Task<HealthCheck> HealthAsync(Func<HealthCheck, bool> wanted)
    {
        while (true)
        {
            if ((await Cloud.Client.GetHealthAsync(Cancelled)).Checks.FirstOrDefault(wanted) is { } found)
                return found;
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, Cancelled);
        }
    }

    /// <summary>A change of each part of the registry that has a memory of its own.</summary>
    private Func<Task>[] Changes(int number) =>
    [
        () => Cloud.Client.CreateDeviceAsync(new CreateDevice($"t-{number}"), Cancelled),
        () => Cloud.Client.CreateTokenAsync(new CreateToken([new GrantInfo("viewer")], $"token-{number}"), Cancelled),
        () => Cloud.Client.InviteUserAsync(new InviteUser($"u-{number}@example.com", [new GrantInfo("viewer")]), Cancelled),
    ];

    private Task StoreAsync(long second) => Cloud.CommitAsync("t-1", ("temperature", 1_767_225_600_000_000 + second * 1_000_000, ReadingValue.OfNumber(second)));

    private static async Task UntilAsync(Func<Task> attempt)
    {
        while (true)
        {
            try
            {
                await attempt();
                return;
            }
            catch (Exception e) when (e is TelemetryStoreException or StrataApiException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, Cancelled);
            }
        }
    }

    private sealed class OnServer : RunningCloud
    {
        public OnServer(string database) => Database = database;

        protected override void Configure(WebApplicationBuilder builder) => builder.Services
            .Configure<PostgresTelemetryOptions>(o => o.CommitTimeout = TimeSpan.FromSeconds(3)).Configure<IngestOptions>(o => o.SlowCommit = TimeSpan.FromMilliseconds(300));
    }
}
