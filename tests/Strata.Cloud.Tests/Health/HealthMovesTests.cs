using Strata.Cloud.Platform.Fleet;
using Strata.Core.Devices;
using Strata.Testing.Postgres;

namespace Strata.Cloud.Tests.Health;

/// <summary>What health does by itself.</summary>
public abstract class HealthMovesTests(PostgresServer? server) : IAsyncLifetime
{
    private readonly MovedCloud cloud = new(server);
    private TestFleet fleet = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await cloud.InitializeAsync();
        fleet = new TestFleet(cloud);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await cloud.DisposeAsync();
    }

    [Fact]
    public async Task A_sick_device_is_degraded_after_a_while_and_active_again_when_it_has_been_well_for_longer()
    {
        var moved = new List<DeviceTransition>();
        fleet.Get<IFleet>().Moved += (_, _, step) => moved.Add(step);
        await fleet.RegisterAsync(TestFleet.Device("d-1"));
        await fleet.ReportAsync("d-1", ("health.battery", 10));
        await fleet.ActivateAsync();
        await fleet.LookAsync();
        Assert.Equal(DeviceState.Active, fleet.StateOf("d-1"));
        fleet.Pass(TimeSpan.FromSeconds(61));
        await fleet.LookAsync();
        Assert.Equal(DeviceState.Degraded, fleet.StateOf("d-1"));
        Assert.Equal("health 55: battery 10 %; low below 20 %", moved[^1].Cause);

        await fleet.ReportAsync("d-1", ("health.battery", 99));
        await fleet.LookAsync();
        for (var i = 0; i < 9; i++)
        {
            fleet.Pass(TimeSpan.FromMinutes(1));
            await fleet.ReportAsync("d-1", ("health.battery", 99));
            await fleet.LookAsync();
        }
        Assert.Equal(DeviceState.Degraded, fleet.StateOf("d-1"));
        fleet.Pass(TimeSpan.FromMinutes(1.1));
        await fleet.ReportAsync("d-1", ("health.battery", 99));
        await fleet.LookAsync();
        Assert.Equal(DeviceState.Active, fleet.StateOf("d-1"));
        Assert.Equal("health 100 again", moved[^1].Cause);
    }

    [Fact]
    public async Task A_score_that_swings_moves_nothing()
    {
        await fleet.RegisterAsync(TestFleet.Device("d-1"));
        fleet.Hear("d-1");
        await fleet.ActivateAsync();
        for (var i = 0; i < 10; i++)
        {
            await fleet.ReportAsync("d-1", ("health.battery", i % 2 == 0 ? 19 : 21));
            await fleet.LookAsync();
            fleet.Pass(TimeSpan.FromSeconds(50));
        }
        Assert.Equal(DeviceState.Active, fleet.StateOf("d-1"));
    }

    [Fact]
    public async Task A_gateway_that_is_down_explains_its_children()
    {
        const string site = """
            apiVersion: strata/v1
            site: hq
            kind: building
            gateways: [{ id: gw-1, site: hq }]
            """;
        await fleet.RegisterAsync([.. Enumerable.Range(0, 240).Select(i => TestFleet.Device($"d-{i:000}", "hq/floor-1")), TestFleet.Device("own", "hq/floor-1")]);
        await cloud.Client.ApplyAsync(site, dryRun: false, prune: false, cancellationToken: Cancel);
        for (var i = 0; i < 240; i++)
            fleet.Hear($"d-{i:000}", "gw-1");
        fleet.Hear("own");
        await fleet.ActivateAsync();
        fleet.Pass(TimeSpan.FromMinutes(11));
        await fleet.LookAsync();
        fleet.Pass(TimeSpan.FromMinutes(2));
        await fleet.LookAsync();
        var report = await cloud.Client.GetFleetReportAsync(cancellationToken: Cancel);
        Assert.Equal((240, 1), (report.Buckets["behindGateway"], report.Buckets["offline"]));
        var cause = Assert.Single(report.Causes);
        Assert.Equal(("gatewayDown", "gw-1", "hq", 240), (cause.Kind, cause.Gateway, cause.Site, cause.Devices));
        Assert.Equal(DeviceState.Active, fleet.StateOf("d-007")); // It is no fault of its own.
        Assert.Equal(DeviceState.Degraded, fleet.StateOf("own"));
    }
}

public sealed class HealthMovesInFilesTests() : HealthMovesTests(null);

public sealed class HealthMovesInPostgresTests(PostgresServer server) : HealthMovesTests(server);
