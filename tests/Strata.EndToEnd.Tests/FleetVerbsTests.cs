using System.Globalization;

namespace Strata.EndToEnd.Tests;

/// <summary><c>strata fleet</c>, <c>strata workorders</c> and <c>strata windows</c> by the real program against a node.</summary>
public sealed class FleetVerbsTests
{
    [Fact]
    public async Task The_fleet_is_counted_work_is_ordered_routed_and_closed_by_a_scan_and_a_window_is_announced()
    {
        await using var installation = new Installation();
        await installation.StartCloudAsync();
        await installation.ApplyAsync("""
            apiVersion: strata/v1
            site: hq
            children: [ { site: floor-1 }, { site: floor-2 } ]
            devices: [ { id: a, site: hq/floor-1, model: th }, { id: b, site: hq/floor-2, model: th } ]
            """);
        using (var report = await installation.JsonAsync("fleet", "report", "--site", "hq/floor-1"))
        {
            Assert.Equal(1, report.RootElement.GetProperty("total").GetInt32());
            Assert.Equal(1, report.RootElement.GetProperty("buckets").GetProperty("waiting").GetInt32());
        }
        Assert.Contains("hq/floor-2", await installation.OkAsync("fleet", "report", "--by", "site", "--site", "hq"), StringComparison.Ordinal);
        using (var devices = await installation.JsonAsync("fleet", "devices", "--bucket", "waiting"))
            Assert.Equal(["a", "b"], devices.RootElement.EnumerateArray().Select(d => d.GetProperty("id").GetString()).Order());
        await installation.RefusedAsync("bucket", "fleet", "devices", "--bucket", "somewhere");
        using (var policy = await installation.JsonAsync("fleet", "policy", "--low-battery", "25"))
            Assert.Equal(25, policy.RootElement.GetProperty("lowBatteryPercent").GetDouble());
        await installation.RefusedAsync("lowBatteryPercent", "fleet", "policy", "--low-battery", "99");

        await installation.OkAsync("workorders", "create", "inspect", "a", "b", "--note", "behind the ceiling");
        await installation.RefusedAsync("nobody", "workorders", "create", "inspect", "nobody");
        string id;
        using (var orders = await installation.JsonAsync("workorders", "list", "--site", "hq/floor-1"))
            id = Assert.Single(orders.RootElement.EnumerateArray()).GetProperty("id").GetString()!;
        await installation.OkAsync("workorders", "change", id, "--assignee", "anna", "--part", "ladder");
        var shown = await installation.OkAsync("workorders", "show", id);
        Assert.Contains("anna", shown, StringComparison.Ordinal);
        Assert.Contains("ladder", shown, StringComparison.Ordinal);
        var day = TimeProvider.System.GetUtcNow().AddDays(7).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        Assert.Contains("ben", await installation.OkAsync("workorders", "routes", "--technicians", "ben", "--day", day), StringComparison.Ordinal);
        Assert.Contains("BEGIN:VCALENDAR", await installation.OkAsync("workorders", "calendar"), StringComparison.Ordinal);
        await installation.OkAsync("workorders", "scan", "a", "--note", "new screws");
        using (var done = await installation.JsonAsync("workorders", "list", "--state", "done"))
            Assert.Equal(id, Assert.Single(done.RootElement.EnumerateArray()).GetProperty("id").GetString());
        using (var forecast = await installation.JsonAsync("workorders", "forecast"))
            Assert.Equal(2, forecast.RootElement.GetProperty("devices").GetInt32());

        var now = TimeProvider.System.GetUtcNow();
        await installation.OkAsync("windows", "create", "--site", "hq/floor-2", "--from", Text(now.AddMinutes(-5)), "--to", Text(now.AddHours(1)), "--reason", "new ceiling");
        using (var during = await installation.JsonAsync("fleet", "report"))
            Assert.Equal((1, 1), (during.RootElement.GetProperty("buckets").GetProperty("maintenance").GetInt32(), during.RootElement.GetProperty("buckets").GetProperty("waiting").GetInt32()));
        using (var windows = await installation.JsonAsync("windows", "list"))
            await installation.OkAsync("windows", "cancel", Assert.Single(windows.RootElement.EnumerateArray()).GetProperty("id").GetString()!);
        using (var after = await installation.JsonAsync("fleet", "report"))
            Assert.Equal(2, after.RootElement.GetProperty("buckets").GetProperty("waiting").GetInt32());
    }

    private static string Text(DateTimeOffset time) => time.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
