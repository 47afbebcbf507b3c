using System.CommandLine;
using System.Globalization;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata readings</c>.</summary>
internal static class ReadingsCommand
{
    public static Command Create() => new("readings", "Raw readings, their aggregates, and windows of a place.") { CreateList(), CreateCount() };

    private static Command CreateList()
    {
        var device = new Option<string[]>("--device") { Description = "Device id; may be repeated." };
        var metric = new Option<string[]>("--metric") { Description = "Metric; may be repeated." };
        var site = new Option<string?>("--site") { Description = "Read the windows of this place and below instead of raw readings." };
        var from = new Option<string?>("--from") { Description = "ISO 8601 UTC or ms since 1970; inclusive." };
        var to = new Option<string?>("--to") { Description = "The same; exclusive." };
        var every = new Option<string?>("--every") { Description = "Bucket length: 30s, 5m, 1h, 1d." };
        var aggregate = new Option<string?>("--aggregate") { Description = "Functions, in the order wanted: avg,min,max,count,last,sum,stddev." };
        var gateway = new Option<bool>("--at-gateway") { Description = "Ask the device's gateway, for raw readings that stay there." };
        var command = new Command("list", "List readings in time order.") { device, metric, site, from, to, every, aggregate, gateway };
        var paging = new PagingOptions(command, 10_000);
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var query = new ReadingsQuery
            {
                Devices = parsed.GetValue(device) ?? [], Metrics = parsed.GetValue(metric) ?? [],
                From = Time(parsed.GetValue(from), "--from"), To = Time(parsed.GetValue(to), "--to"),
                Every = parsed.GetValue(every), Aggregate = parsed.GetValue(aggregate), AtGateway = parsed.GetValue(gateway),
            };
            if (query.Every is null != query.Aggregate is null)
                throw new CliException(ExitCode.Usage, "--every and --aggregate belong together.");
            var client = node.Connect(parsed);
            var output = node.Writer(parsed);
            if (parsed.GetValue(site) is { } place)
                WriteWindows(output, await paging.CollectAsync(parsed, (cursor, limit) => client.ListWindowsAsync(place, null, query.From, query.To, cursor, limit, cancellationToken)));
            else if (query.Aggregate is { } functions)
                WriteAggregates(output, functions, await paging.CollectAsync(parsed, (cursor, limit) => client.AggregateReadingsAsync(query with { Cursor = cursor, Limit = limit }, cancellationToken)));
            else
                WriteReadings(output, await paging.CollectAsync(parsed, (cursor, limit) => client.ListReadingsAsync(query with { Cursor = cursor, Limit = limit }, cancellationToken)));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(
            command,
            "strata readings list --device t-101 --from 2026-01-01T00:00:00Z -o csv",
            "strata readings list --device t-101 --metric temperature --every 5m --aggregate avg,min,max",
            "strata readings list --site hq/floor-1");
    }

    private static Command CreateCount()
    {
        var device = new Option<string?>("--device") { Description = "Only this device's." };
        var command = new Command("count", "Count the raw readings stored.") { device };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var count = await node.Connect(parsed).CountReadingsAsync(parsed.GetValue(device), cancellationToken);
            node.Writer(parsed).One(count, ContractsJson.Default.ReadingCount, new Column<ReadingCount>("count", c => c.Count.ToString()));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata readings count --device t-101 -o json");
    }

    private static void WriteReadings(OutputWriter output, IReadOnlyList<ReadingInfo> items) =>
        output.List(items, ContractsJson.Default.ReadingInfo, "no readings match",
            new("time", r => OutputWriter.Time(r.Time)), new("device", r => r.Device), new("metric", r => r.Metric), new("value", r => r.Value.ToString(), true));

    private static void WriteAggregates(OutputWriter output, string functions, IReadOnlyList<AggregateInfo> items)
    {
        var columns = new List<Column<AggregateInfo>>
        {
            new("time", r => OutputWriter.Time(r.Time)), new("device", r => r.Device), new("metric", r => r.Metric),
        };
        var names = functions.Split(',', StringSplitOptions.TrimEntries);
        for (var i = 0; i < names.Length; i++)
        {
            var at = i;
            columns.Add(new(names[i], r => OutputWriter.Number(r.Values[at]), true));
        }
        output.List(items, ContractsJson.Default.AggregateInfo, "no readings match", System.Runtime.InteropServices.CollectionsMarshal.AsSpan(columns));
    }

    private static void WriteWindows(OutputWriter output, IReadOnlyList<WindowInfo> items)
    {
        if (output.Format == OutputFormat.Json)
        {
            output.List(items, ContractsJson.Default.WindowInfo, "");
            return;
        }
        var rows = items.SelectMany(w => w.Metrics.Select(m => (Window: w, Name: m.Key, m.Value))).ToList();
        output.List(rows, null!, "no windows for this place yet",
            new("time", r => OutputWriter.Time(r.Window.Start)), new("group", r => r.Window.Group), new("metric", r => r.Name), new("count", r => r.Value.Count.ToString(), true),
            new("avg", r => OutputWriter.Number(r.Value.Mean), true), new("min", r => OutputWriter.Number(r.Value.Min), true), new("max", r => OutputWriter.Number(r.Value.Max), true),
            new("stddev", r => OutputWriter.Number(r.Value.Deviation), true), new("last", r => OutputWriter.Number(r.Value.Last), true),
            new("heard", r => $"{r.Window.Heard}/{r.Window.Members}", true), new("revision", r => r.Window.Revision.ToString(), true));
    }

    /// <summary>What an option says; null when it is not given.</summary>
    internal static DateTimeOffset? Time(string? text, string option)
    {
        if (text is null)
            return null;
        if (long.TryParse(text, CultureInfo.InvariantCulture, out var ms) && Math.Abs(ms) < 253_402_300_800_000)
            return DateTimeOffset.FromUnixTimeMilliseconds(ms);
        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time))
            return time;
        throw new CliException(ExitCode.Usage, $"{option}: '{text}' is not a time; use ISO 8601 UTC (2026-01-01T00:00:00Z) or ms since 1970.");
    }
}
