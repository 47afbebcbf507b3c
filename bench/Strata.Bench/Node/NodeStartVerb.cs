using System.Globalization;
using Strata.Cloud.Contracts;

namespace Strata.Bench.Node;

/// <summary>
/// From the start of the process to the ready line, with a new data folder and with the one it left, and the resident memory when it has had nothing
/// to do for a while: <c>strata cloud</c>, and <c>strata fog</c> beside a cloud node. Medians. The program's files are in the page cache.
/// </summary>
internal static class NodeStartVerb
{
    private const string Description = "apiVersion: strata/v1\nsite: hq\n";

    public static async Task<int> RunAsync(Arguments arguments)
    {
        var rounds = arguments.Number("rounds", 5);
        var idle = TimeSpan.FromSeconds(arguments.Number("idle", 10));
        var edge = arguments.Text("edge", "");
        var root = Directory.CreateTempSubdirectory("strata-bench-");
        var cloud = new List<Start>();
        var fog = new List<Start>();
        for (var round = 0; round < rounds; round++)
        {
            var folder = Path.Combine(root.FullName, string.Create(CultureInfo.InvariantCulture, $"cloud-{round}"));
            cloud.Add(await MeasureAsync(idle, () => StrataProcess.StartCloudAsync(arguments, folder)));
            await Console.Error.WriteLineAsync($"cloud {cloud[^1]}");
        }

        await using (var parent = await StrataProcess.StartCloudAsync(arguments, Path.Combine(root.FullName, "parent")))
        {
            await parent.Client.ApplyAsync(Description, dryRun: false, prune: false);
            for (var round = 0; round < rounds; round++)
            {
                var folder = Path.Combine(root.FullName, string.Create(CultureInfo.InvariantCulture, $"fog-{round}"));
                var token = await parent.Client.CreateJoinTokenAsync(new CreateJoinToken("hq", null, null));
                var name = string.Create(CultureInfo.InvariantCulture, $"gw-{round}");
                fog.Add(await MeasureAsync(idle, () => StrataProcess.StartFogAsync(arguments, folder, parent, name, token.Token)));
                await Console.Error.WriteLineAsync($"fog {fog[^1]}");
            }
        }

        root.Delete(recursive: true);
        return Results.Write("node-start", new
        {
            Case = "process start to ready line, and resident memory after some seconds without work; medians",
            Rounds = rounds,
            IdleSeconds = idle.TotalSeconds,
            LoadAverage = (await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0],
            Cloud = Median(cloud),
            Fog = Median(fog),
            BarStartMs = 2000,
            BarResidentMB = 200,
            EdgeBytes = edge.Length > 0 ? new FileInfo(edge).Length : (long?)null,
            CloudRuns = cloud,
            FogRuns = fog,
        });
    }

    private static async Task<Start> MeasureAsync(TimeSpan idle, Func<Task<StrataProcess>> start)
    {
        var (first, firstResident) = await OnceAsync(idle, start);
        var (again, againResident) = await OnceAsync(idle, start);
        return new Start(first, again, firstResident, againResident);
    }

    private static async Task<(long Ms, long Resident)> OnceAsync(TimeSpan idle, Func<Task<StrataProcess>> start)
    {
        await using var process = await start();
        await Task.Delay(idle, TimeProvider.System);
        var resident = process.ResidentBytes();
        await process.StopAsync();
        return ((long)process.StartedIn.TotalMilliseconds, resident);
    }

    private static Start Median(List<Start> starts)
    {
        return new Start(Of(static s => s.NewMs), Of(static s => s.AgainMs), Of(static s => s.NewResidentBytes), Of(static s => s.AgainResidentBytes));

        long Of(Func<Start, long> figure) => starts.Select(figure).Order().ElementAt(starts.Count / 2);
    }

    /// <param name="NewMs">With a new data folder.</param>
    /// <param name="AgainMs">With the folder that the first left at SIGTERM.</param>
    private sealed record Start(long NewMs, long AgainMs, long NewResidentBytes, long AgainResidentBytes);
}
