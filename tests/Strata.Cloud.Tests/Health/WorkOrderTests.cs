using System.Net;
using Strata.Cloud.Contracts;
using Strata.Cloud.Health.Work;
using Strata.Core.Tenancy;
using Strata.Testing.Postgres;

namespace Strata.Cloud.Tests.Health;

public abstract class WorkOrderTests(PostgresServer? server) : IAsyncLifetime
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

    private Task PlanAsync() => fleet.Get<WorkWatch>().PlanAsync(TenantId.Main, Cancel);

    private async Task<IReadOnlyList<WorkOrderInfo>> OrdersAsync(string? state = null) => (await cloud.Client.ListWorkOrdersAsync(state, cancellationToken: Cancel)).Items;

    /// <summary>Three devices with low batteries on two floors and a silent one, for long enough that somebody is sent.</summary>
    private async Task MakeIllAsync()
    {
        await fleet.RegisterAsync(TestFleet.Device("a", "hq/floor-1/z-1"), TestFleet.Device("b", "hq/floor-1/z-2"), TestFleet.Device("c", "hq/floor-2/z-1"), TestFleet.Device("gone", "hq/floor-1/z-1"), TestFleet.Device("well", "hq/floor-1/z-1"));
        foreach (var id in new[] { "a", "b", "c" })
            await fleet.ReportAsync(id, ("health.battery", 12));
        await fleet.ReportAsync("gone", ("health.battery", 64), ("health.rssi", -101));
        await fleet.ReportAsync("well", ("health.battery", 80));
        await fleet.LookAsync();
        fleet.Pass(TimeSpan.FromMinutes(11));
        foreach (var id in new[] { "a", "b", "c", "well" })
            fleet.Hear(id);
        await fleet.LookAsync();
        fleet.Pass(TimeSpan.FromMinutes(2));
        await fleet.LookAsync();
    }

    [Fact]
    public async Task Low_batteries_of_a_floor_are_one_order_and_a_silent_device_an_investigation_with_what_was_known()
    {
        await MakeIllAsync();
        await PlanAsync();
        await PlanAsync(); // Nothing is ordered twice.
        var orders = await OrdersAsync();
        Assert.Equal(["investigate hq/floor-1 gone", "replaceBattery hq/floor-1 a,b", "replaceBattery hq/floor-2 c"], orders.Select(o => $"{o.Kind} {o.Site} {string.Join(',', o.Items.Select(i => i.Device))}").Order(StringComparer.Ordinal));
        Assert.Equal(["2 x battery"], orders.Single(o => o.Items.Count == 2).Parts);
        var search = orders.Single(o => o.Kind == "investigate").Items[0].Detail;
        Assert.Contains("silent for 13 min", search, StringComparison.Ordinal);
        Assert.Contains("battery was at 64 %", search, StringComparison.Ordinal);
        Assert.Contains("signal -101 dBm", search, StringComparison.Ordinal);
        Assert.True(orders[0].Due <= orders[1].Due && orders[1].Due <= orders[2].Due);
    }

    [Fact]
    public async Task Scanning_a_device_closes_its_part_and_the_last_one_the_order_and_a_new_battery_is_a_new_battery()
    {
        await MakeIllAsync();
        await PlanAsync();
        var scanned = await cloud.Client.ScanAsync(new ScanDevice("https://strata.example/d/a"), Cancel);
        Assert.Equal(("a", "battery"), (scanned.Device, Assert.Single(scanned.Reset)));
        Assert.Equal("started", Assert.Single(scanned.Orders).State);
        Assert.Null((await cloud.Client.GetDeviceAsync("a", Cancel)).Health!.Battery); // Of the new one nothing is known yet.
        await fleet.LookAsync();
        Assert.Null((await cloud.Client.GetDeviceAsync("a", Cancel)).Health!.Battery); // And the old one's last word is not its.
        fleet.Pass(TimeSpan.FromSeconds(5));
        await fleet.ReportAsync("a", ("health.battery", 100));
        await fleet.LookAsync();
        Assert.Empty((await cloud.Client.GetDeviceAsync("a", Cancel)).Health!.Reasons);
        Assert.Equal("done", Assert.Single((await cloud.Client.ScanAsync(new ScanDevice("b", "cable was loose"), Cancel)).Orders).State);
        var done = Assert.Single(await OrdersAsync("done"));
        Assert.Equal("cable was loose", done.Note);
        Assert.All(done.Items, i => Assert.NotNull(i.Done));
        Assert.Equal(HttpStatusCode.NotFound, (await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.ScanAsync(new ScanDevice("b"), Cancel))).StatusCode);
        Assert.Contains((await cloud.Client.ListAuditAsync(new AuditQuery(Kind: "work-order"), cancellationToken: Cancel)).Items, a => a.Action == "scan");
    }

    [Fact]
    public async Task Orders_that_the_node_made_are_alerts_and_a_promise_says_how_soon_somebody_answers_them()
    {
        if (fleet.Now.AddHours(1).Month != fleet.Now.Month)
            fleet.Pass(TimeSpan.FromHours(1)); // All of it in one month.
        await cloud.Client.SetObjectiveAsync("alert-response", new SetObjective(90m, 15 * 60_000), Cancel);
        await MakeIllAsync();
        await PlanAsync();
        var orders = await OrdersAsync();
        Assert.All(orders, o => Assert.Null(o.Answered));
        await cloud.Client.CreateWorkOrderAsync(new CreateWorkOrder("inspect", ["well"]), Cancel); // Somebody's own wish is no alert.
        fleet.Pass(TimeSpan.FromMinutes(10));
        var first = await cloud.Client.ChangeWorkOrderAsync(orders.Single(o => o.Kind == "investigate").Id, new ChangeWorkOrder(Assignee: "anna"), Cancel);
        Assert.NotNull(first.Answered);
        fleet.Pass(TimeSpan.FromMinutes(6));
        Assert.NotNull(Assert.Single((await cloud.Client.ScanAsync(new ScanDevice("c"), Cancel)).Orders).Answered); // Too late.
        Assert.Equal(first.Answered, (await cloud.Client.ChangeWorkOrderAsync(first.Id, new ChangeWorkOrder(State: "started"), Cancel)).Answered);
        fleet.Pass(TimeSpan.FromMinutes(2));
        var report = Assert.Single((await cloud.Client.GetSlaReportAsync($"{fleet.Now:yyyy-MM}", Cancel)).Objectives);
        Assert.Equal(("alert-response", "alerts", 33.3333m, 2m, false, 0), (report.Kind, report.BudgetUnit, report.Measured, report.Spent, report.Met, report.Missing));
    }

    [Fact]
    public async Task A_device_that_is_well_again_is_withdrawn_unless_somebody_is_at_it()
    {
        await MakeIllAsync();
        await PlanAsync();
        var orders = await OrdersAsync();
        await cloud.Client.ChangeWorkOrderAsync(orders.Single(o => o.Site == "hq/floor-2").Id, new ChangeWorkOrder(State: "started"), Cancel);
        for (var i = 0; i < 3; i++)
        {
            foreach (var id in new[] { "a", "b", "c", "gone", "well" })
                await fleet.ReportAsync(id, ("health.battery", 90));
            await fleet.LookAsync();
            fleet.Pass(TimeSpan.FromMinutes(6));
        }
        foreach (var id in new[] { "a", "b", "c", "gone", "well" })
            fleet.Hear(id);
        await fleet.LookAsync();
        await PlanAsync();
        Assert.Equal(["hq/floor-2 c"], (await OrdersAsync()).Select(o => $"{o.Site} {string.Join("; ", o.Items.Where(i => i.Withdrawn is null).Select(i => i.Device))}"));
        Assert.Equal(2, (await OrdersAsync("cancelled")).Count);
        Assert.All((await OrdersAsync("cancelled")).SelectMany(o => o.Items), i => Assert.NotNull(i.Withdrawn));
    }

    [Fact]
    public async Task In_a_window_devices_are_in_maintenance_nobody_is_sent_and_orders_ahead_are_put_into_it()
    {
        var window = await cloud.Client.CreateWindowOfWorkAsync(new CreateSiteWindow("hq/floor-1", fleet.Now.AddMinutes(-1), fleet.Now.AddHours(4), "new ceiling"), Cancel);
        var ahead = await cloud.Client.CreateWindowOfWorkAsync(new CreateSiteWindow("hq", fleet.Now.AddDays(2), fleet.Now.AddDays(2.2), "service day"), Cancel);
        await MakeIllAsync();
        await PlanAsync();
        var report = await cloud.Client.GetFleetReportAsync(cancellationToken: Cancel);
        Assert.Equal((4, 1), (report.Buckets["maintenance"], report.Buckets["lowBattery"]));
        var order = Assert.Single(await OrdersAsync());
        Assert.Equal(("hq/floor-2", ahead.Id), (order.Site, order.Window));
        await cloud.Client.CancelWindowOfWorkAsync(window.Id, Cancel);
        Assert.Equal(3, (await cloud.Client.GetFleetReportAsync(cancellationToken: Cancel)).Buckets["lowBattery"]);
        Assert.Equal([ahead.Id], (await cloud.Client.ListWindowsOfWorkAsync(Cancel)).Items.Select(w => w.Id));
    }

    [Fact]
    public async Task Windows_and_orders_are_there_after_a_restart_and_in_the_calendar()
    {
        await cloud.Client.CreateWindowOfWorkAsync(new CreateSiteWindow("hq", fleet.Now.AddDays(1), fleet.Now.AddDays(1.1), "service, day"), Cancel);
        await MakeIllAsync();
        await PlanAsync();
        await cloud.StopAsync();
        await cloud.StartAsync();
        Assert.Equal(3, (await OrdersAsync()).Count);
        Assert.Single((await cloud.Client.ListWindowsOfWorkAsync(Cancel)).Items);
        var calendar = await cloud.Client.GetCalendarAsync(cancellationToken: Cancel);
        Assert.Equal(4, calendar.Split("BEGIN:VEVENT").Length - 1);
        Assert.Contains("SUMMARY:Maintenance: service\\, day", calendar, StringComparison.Ordinal);
        var csv = await cloud.Http.GetStringAsync("/api/v1/workorders?format=csv", Cancel);
        Assert.Equal(5, csv.TrimEnd().Split("\r\n").Length); // A head, and a line for each of four devices.
    }

    [Fact]
    public async Task A_day_is_divided_among_those_who_can()
    {
        await MakeIllAsync();
        await PlanAsync();
        var plan = await cloud.Client.PlanRoutesAsync("anna:battery,ben:diagnosis", cancellationToken: Cancel);
        Assert.Equal(["hq/floor-1", "hq/floor-2"], plan.Routes[0].Stops.Select(s => s.Site));
        Assert.Equal(["investigate"], plan.Routes[1].Stops.Select(s => s.Title is "Find out why it is silent" ? "investigate" : s.Title));
        Assert.Empty(plan.Left);
        foreach (var stop in plan.Routes[0].Stops)
            await cloud.Client.ChangeWorkOrderAsync(stop.Order, new ChangeWorkOrder(Assignee: "anna"), Cancel);
        Assert.Equal(2, (await cloud.Client.ListWorkOrdersAsync(assignee: "anna", cancellationToken: Cancel)).Items.Count(o => o.State == "assigned"));
        Assert.Equal(HttpStatusCode.BadRequest, (await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.PlanRoutesAsync(",", cancellationToken: Cancel))).StatusCode);
    }

    [Fact]
    public async Task Who_sees_one_floor_sees_and_changes_its_orders_only()
    {
        await MakeIllAsync();
        await PlanAsync();
        var there = (await OrdersAsync()).Single(o => o.Site == "hq/floor-2");
        var token = (await cloud.Client.CreateTokenAsync(new CreateToken([new GrantInfo("operator", ["hq/floor-1"])]), Cancel)).Token;
        using var http = cloud.NewClient();
        var client = new StrataClient(http, token);
        Assert.Equal(2, (await client.ListWorkOrdersAsync(cancellationToken: Cancel)).Items.Count);
        Assert.Equal(HttpStatusCode.NotFound, (await Assert.ThrowsAsync<StrataApiException>(() => client.GetWorkOrderAsync(there.Id, Cancel))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await Assert.ThrowsAsync<StrataApiException>(() => client.ChangeWorkOrderAsync(there.Id, new ChangeWorkOrder(State: "done"), Cancel))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await Assert.ThrowsAsync<StrataApiException>(() => client.ScanAsync(new ScanDevice("c"), Cancel))).StatusCode);
        await Assert.ThrowsAsync<StrataApiException>(() => client.CreateWindowOfWorkAsync(new CreateSiteWindow(null, fleet.Now, fleet.Now.AddHours(1), "everywhere"), Cancel));
    }

    [Fact]
    public async Task A_battery_that_will_be_used_up_is_ordered_ahead_and_the_fleets_failures_are_foretold()
    {
        await fleet.RegisterAsync([TestFleet.Device("a"), .. Enumerable.Range(0, 99).Select(i => TestFleet.Device($"d-{i}"))]);
        for (var day = 0; day < 20; day++)
        {
            await fleet.ReportAsync("a", ("health.battery", 70 - (2 * day)), ("temperature", 20.5));
            await fleet.LookAsync();
            fleet.Pass(TimeSpan.FromDays(1));
        }
        await fleet.ReportAsync("a", ("health.battery", 30));
        await fleet.LookAsync();
        fleet.Pass(TimeSpan.FromMinutes(2));
        await PlanAsync();
        var order = Assert.Single(await OrdersAsync());
        Assert.Equal(("replaceBattery", "a"), (order.Kind, order.Items.Single().Device));
        Assert.InRange((order.Due - fleet.Now).TotalDays, 4, 6);
        var forecast = await cloud.Client.GetFleetForecastAsync(cancellationToken: Cancel);
        Assert.Equal(100, forecast.Devices);
        Assert.Equal(0.3, forecast.PerDay, 0.05);
        Assert.Equal("a", Assert.Single(forecast.Batteries).Device);
        Assert.Equal(2, forecast.Batteries[0].PerDay, 0.1);
        Assert.Equal(("a", 1.0), (forecast.LikelyToFail[0].Device, forecast.LikelyToFail[0].WithinWeek));
    }
}

public sealed class WorkOrderInFilesTests() : WorkOrderTests(null);

public sealed class WorkOrderInPostgresTests(PostgresServer server) : WorkOrderTests(server);
