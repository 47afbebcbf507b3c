using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Strata.Bench.Node;

/// <summary>60,000 devices in one tenant: how long the API takes to find some of them by query and to list a page. Medians of the whole request.</summary>
internal static class FleetSearchVerb
{
    private static readonly string[] Queries =
    [
        "state:provisioning", "site:hq/floor-7 model:P2", "spot-59999", "tag.row=7 or serial:x or model:P9", "seen>1h not site:hq/floor-1", "health.battery<20",
    ];

    public static async Task<int> RunAsync(Arguments arguments)
    {
        var (count, rounds) = (arguments.Number("devices", 60_000), arguments.Number("rounds", 15));
        var root = Directory.CreateTempSubdirectory("strata-bench-");
        await using var cloud = await StrataProcess.StartCloudAsync(arguments, Path.Combine(root.FullName, "cloud"));
        var filled = Stopwatch.StartNew();
        await cloud.Client.ApplyAsync(Describe(count), dryRun: false, prune: false);
        filled.Stop();
        var results = new List<object>();
        foreach (var query in Queries)
        {
            var found = 0;
            results.Add(new { Query = query, Ms = await MedianAsync(rounds, async () => found = (await cloud.Client.FindDevicesAsync(query, limit: 200)).Items.Count), FirstPage = found });
        }
        var listed = await MedianAsync(rounds, () => cloud.Client.ListDevicesAsync(limit: 200));
        await cloud.StopAsync();
        root.Delete(recursive: true);
        return Results.Write("fleet-search", new
        {
            Case = "devices of one tenant found by query through the HTTP API of one node, a page of 200; median milliseconds of a whole request",
            Devices = count,
            Rounds = rounds,
            RegisteredInSeconds = Math.Round(filled.Elapsed.TotalSeconds, 1),
            ListMs = listed,
            Queries = results,
            LoadAverage = (await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0],
        });
    }

    private static async Task<double> MedianAsync(int rounds, Func<Task> ask)
    {
        var times = new List<double>();
        for (var round = 0; round < rounds + 2; round++)
        {
            var watch = Stopwatch.StartNew();
            await ask();
            if (round >= 2) // The first ones compile what is hot.
                times.Add(watch.Elapsed.TotalMilliseconds);
        }
        times.Sort();
        return Math.Round(times[times.Count / 2], 1);
    }

    private static string Describe(int count)
    {
        var yaml = new StringBuilder("apiVersion: strata/v1\nsite: hq\nchildren: [");
        yaml.AppendJoin(", ", Enumerable.Range(0, 20).Select(static floor => string.Create(CultureInfo.InvariantCulture, $"{{site: floor-{floor}}}"))).Append("]\ndevices:\n");
        for (var i = 0; i < count; i++)
            yaml.Append(CultureInfo.InvariantCulture, $"  - {{id: spot-{i:00000}, site: hq/floor-{i % 20}, model: P{i % 10}}}\n");
        return yaml.ToString();
    }
}
