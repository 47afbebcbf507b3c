using System.CommandLine;
using System.Globalization;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata fleet</c>: how the fleet is.</summary>
internal static class FleetCommand
{
    public static Command Create() => new("fleet", "The fleet: how it is, counted, and the devices behind each count.") { CreateReport(), CreateDevices(), CreateTrend(), CreatePolicy() };

    private static Command CreateReport()
    {
        var site = new Option<string?>("--site") { Description = "This place and below." };
        var by = new Option<string?>("--by") { Description = "Also by site, sku, firmware or gateway." };
        by.AcceptOnlyFromAmong("site", "sku", "firmware", "gateway");
        var command = new Command("report", "Count the fleet: each device that is not decommissioned in exactly one bucket.") { site, by };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var report = await node.Connect(parsed).GetFleetReportAsync(parsed.GetValue(site), parsed.GetValue(by), cancellationToken);
            var output = node.Writer(parsed);
            if (output.Format == OutputFormat.Json)
            {
                output.One(report, ContractsJson.Default.FleetReportInfo);
                return ExitCode.Success;
            }
            output.Note($"{report.Summary}, of {report.Total.ToString("N0", CultureInfo.InvariantCulture)}");
            foreach (var cause in report.Causes)
                output.Note($"gateway {cause.Gateway} at {cause.Site} is down since {OutputWriter.Time(cause.Since)}: {cause.Devices} devices");
            output.Note("");
            FleetGroupInfo[] all = [new("(all)", report.Total, report.Buckets.GetValueOrDefault("healthy"), report.Buckets), .. report.Groups ?? []];
            output.List(all, ContractsJson.Default.FleetGroupInfo, "",
                [new("group", g => g.Key.Length == 0 ? "(none)" : g.Key), new("total", g => Number(g.Total), true), .. report.Buckets.Keys.Reverse().Select(b => new Column<FleetGroupInfo>(b, g => Number(g.Buckets.GetValueOrDefault(b)), true))]);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata fleet report", "strata fleet report --site hq --by site", "strata fleet report -o json");
    }

    private static Command CreateDevices()
    {
        var bucket = new Option<string?>("--bucket") { Description = "maintenance, waiting, behindGateway, offline, lowBattery, faulty, badData, weakSignal, unstable or healthy." };
        var reason = new Option<string?>("--reason") { Description = "lowBattery, offline, gatewayDown, errors, ..." };
        var site = new Option<string?>("--site") { Description = "In this place or below." };
        var sku = new Option<string?>("--sku") { Description = "Of this model." };
        var firmware = new Option<string?>("--firmware") { Description = "That say they run this." };
        var gateway = new Option<string?>("--gateway") { Description = "Served by this gateway." };
        var command = new Command("devices", "List the devices behind a report's counts, with their reasons.") { bucket, reason, site, sku, firmware, gateway };
        var paging = new PagingOptions(command);
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            var query = new FleetDevicesQuery(parsed.GetValue(bucket), parsed.GetValue(reason), parsed.GetValue(site), parsed.GetValue(sku), parsed.GetValue(firmware), parsed.GetValue(gateway));
            var items = await paging.CollectAsync(parsed, (cursor, limit) => client.ListFleetDevicesAsync(query, cursor, limit, cancellationToken));
            node.Writer(parsed).List(items, ContractsJson.Default.FleetDeviceInfo, "no device is so",
                new("id", d => d.Id), new("site", d => d.Site ?? ""), new("model", d => d.Model ?? ""), new("bucket", d => d.Bucket), new("score", d => Number(d.Score), true),
                new("last seen", d => OutputWriter.Time(d.LastSeen)), new("reasons", d => string.Join("; ", d.Reasons.Select(r => r.Detail))));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata fleet devices --bucket lowBattery --site hq", "strata fleet devices --bucket offline -o csv");
    }

    private static Command CreateTrend()
    {
        var days = new Option<int>("--days") { Description = "How far back; 1 to 400.", DefaultValueFactory = _ => 30 };
        var command = new Command("trend", "The fleet's counts by the hour.") { days };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var page = await node.Connect(parsed).GetFleetTrendAsync(parsed.GetValue(days), cancellationToken);
            node.Writer(parsed).List(page.Items, ContractsJson.Default.FleetTrendInfo, "no hour has been counted yet",
                new("hour", t => OutputWriter.Time(t.Time)), new("total", t => Number(t.Total), true), new("healthy", t => Number(t.Buckets.GetValueOrDefault("healthy")), true),
                new("others", t => string.Join(", ", t.Buckets.Where(b => b.Key != "healthy").Select(b => $"{Number(b.Value)} {b.Key}"))));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata fleet trend --days 7");
    }

    private static Command CreatePolicy()
    {
        var battery = new Option<double?>("--low-battery") { Description = "A battery below this is low, percent." };
        var offline = new Option<TimeSpan?>("--offline-after") { Description = "A device is offline after this silence at the earliest, as hh:mm:ss." };
        var rssi = new Option<double?>("--weak-rssi") { Description = "A signal below this is weak, dBm." };
        var degrade = new Option<TimeSpan?>("--degrade-after") { Description = "How long a bad score must hold, as hh:mm:ss." };
        var recover = new Option<TimeSpan?>("--recover-after") { Description = "How long a good one must, as hh:mm:ss." };
        var command = new Command("policy", "Show, or with options change, what counts as ill in the tenant. The API takes every threshold.") { battery, offline, rssi, degrade, recover };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            var change = new HealthPolicyInfo
            {
                LowBatteryPercent = parsed.GetValue(battery), OfflineAfter = parsed.GetValue(offline), WeakRssi = parsed.GetValue(rssi), DegradeAfter = parsed.GetValue(degrade), RecoverAfter = parsed.GetValue(recover),
            };
            var policy = change == new HealthPolicyInfo() ? await client.GetHealthPolicyAsync(cancellationToken) : await client.ChangeHealthPolicyAsync(change, cancellationToken);
            node.Writer(parsed).One(policy, ContractsJson.Default.HealthPolicyInfo,
                new("low battery %", p => OutputWriter.Number(p.LowBatteryPercent)), new("offline after", p => $"{p.OfflineAfter}"), new("weak rssi dBm", p => OutputWriter.Number(p.WeakRssi)),
                new("errors a day", p => OutputWriter.Number(p.ErrorsPerDay)), new("restarts a day", p => OutputWriter.Number(p.RebootsPerDay)), new("degraded below", p => $"{p.DegradedBelow}"),
                new("active from", p => $"{p.ActiveFrom}"), new("degrade after", p => $"{p.DegradeAfter}"), new("recover after", p => $"{p.RecoverAfter}"));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata fleet policy", "strata fleet policy --low-battery 25 --offline-after 00:15:00");
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
