using System.Globalization;
using System.Text.Json;

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
        using (var report = await JsonAsync(installation, "fleet", "report", "--site", "hq/floor-1"))
        {
            Assert.Equal(1, report.RootElement.GetProperty("total").GetInt32());
            Assert.Equal(1, report.RootElement.GetProperty("buckets").GetProperty("waiting").GetInt32());
        }
        Assert.Contains("hq/floor-2", await OkAsync(installation, "fleet", "report", "--by", "site", "--site", "hq"), StringComparison.Ordinal);
        using (var devices = await JsonAsync(installation, "fleet", "devices", "--bucket", "waiting"))
            Assert.Equal(["a", "b"], devices.RootElement.EnumerateArray().Select(d => d.GetProperty("id").GetString()).Order());
        await RefusedAsync(installation, "bucket", "fleet", "devices", "--bucket", "somewhere");
        using (var policy = await JsonAsync(installation, "fleet", "policy", "--low-battery", "25"))
            Assert.Equal(25, policy.RootElement.GetProperty("lowBatteryPercent").GetDouble());
        await RefusedAsync(installation, "lowBatteryPercent", "fleet", "policy", "--low-battery", "99");

        await OkAsync(installation, "workorders", "create", "inspect", "a", "b", "--note", "behind the ceiling");
        await RefusedAsync(installation, "nobody", "workorders", "create", "inspect", "nobody");
        string id;
        using (var orders = await JsonAsync(installation, "workorders", "list", "--site", "hq/floor-1"))
            id = Assert.Single(orders.RootElement.EnumerateArray()).GetProperty("id").GetString()!;
        await OkAsync(installation, "workorders", "change", id, "--assignee", "anna", "--part", "ladder");
        var shown = await OkAsync(installation, "workorders", "show", id);
        Assert.Contains("anna", shown, StringComparison.Ordinal);
        Assert.Contains("ladder", shown, StringComparison.Ordinal);
        var day = TimeProvider.System.GetUtcNow().AddDays(7).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        Assert.Contains("ben", await OkAsync(installation, "workorders", "routes", "--technicians", "ben", "--day", day), StringComparison.Ordinal);
        Assert.Contains("BEGIN:VCALENDAR", await OkAsync(installation, "workorders", "calendar"), StringComparison.Ordinal);
        await OkAsync(installation, "workorders", "scan", "a", "--note", "new screws");
        using (var done = await JsonAsync(installation, "workorders", "list", "--state", "done"))
            Assert.Equal(id, Assert.Single(done.RootElement.EnumerateArray()).GetProperty("id").GetString());
        using (var forecast = await JsonAsync(installation, "workorders", "forecast"))
            Assert.Equal(2, forecast.RootElement.GetProperty("devices").GetInt32());

        var now = TimeProvider.System.GetUtcNow();
        await OkAsync(installation, "windows", "create", "--site", "hq/floor-2", "--from", Text(now.AddMinutes(-5)), "--to", Text(now.AddHours(1)), "--reason", "new ceiling");
        using (var during = await JsonAsync(installation, "fleet", "report"))
            Assert.Equal((1, 1), (during.RootElement.GetProperty("buckets").GetProperty("maintenance").GetInt32(), during.RootElement.GetProperty("buckets").GetProperty("waiting").GetInt32()));
        using (var windows = await JsonAsync(installation, "windows", "list"))
            await OkAsync(installation, "windows", "cancel", Assert.Single(windows.RootElement.EnumerateArray()).GetProperty("id").GetString()!);
        using (var after = await JsonAsync(installation, "fleet", "report"))
            Assert.Equal(2, after.RootElement.GetProperty("buckets").GetProperty("waiting").GetInt32());
    }

    private static string Text(DateTimeOffset time) => time.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static async Task<JsonDocument> JsonAsync(Installation installation, params string[] arguments) => JsonDocument.Parse(await OkAsync(installation, [.. arguments, "-o", "json"]));

    private static async Task<string> OkAsync(Installation installation, params string[] arguments)
    {
        var run = await RunAsync(installation, arguments);
        Assert.True(run.ExitCode == 0, $"strata {string.Join(' ', arguments)}: {run.Output}{run.Error}");
        return run.Output;
    }

    private static async Task RefusedAsync(Installation installation, string says, params string[] arguments)
    {
        var run = await RunAsync(installation, arguments);
        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains(says, run.Error, StringComparison.Ordinal);
    }

    private static Task<Tool.Outcome> RunAsync(Installation installation, string[] arguments) => Tool.RunAsync(Installation.Executable, [.. arguments, "--data", installation.CloudFolder]);
}
