using System.Diagnostics;
using System.Text.Json;
using Strata.Bench.Mqtt;
using Strata.Cloud.Contracts;

namespace Strata.Bench.Node;

/// <summary>
/// Two tenants of one node: the quiet one's devices publish at a steady rate, QoS 1, acknowledged after the commit; alone, and beside a tenant whose devices publish as fast
/// as they are acknowledged, once on the plan <c>standard</c> and once without quotas. In turns; medians. The node runs on core 0 and both loads on core 1, the flood with less right to it, so that it does not delay what measures.
/// </summary>
internal static class NoisyTenantVerb
{
    private const string Quiet = "quiet";
    private const string Noisy = "noisy";
    private const string Template = """{"temperature":22.4}""";

    public static async Task<int> RunAsync(Arguments arguments)
    {
        var folder = arguments.Text("folder", "") is { Length: > 0 } given ? Directory.CreateDirectory(given) : Directory.CreateTempSubdirectory("strata-bench-");
        var (rate, connections, flooders, seconds) =
            (arguments.Number("rate", 5_000), arguments.Number("connections", 20), arguments.Number("flood", 50), arguments.Number("seconds", 8));
        var data = Path.Combine(folder.FullName, "cloud");
        if (Directory.Exists(data))
            Directory.Delete(data, recursive: true);
        await using var cloud = await StrataProcess.StartCloudAsync(arguments, data, "0");
        var quiet = await DevicesAsync(cloud, folder, Quiet, connections);
        var noisy = await DevicesAsync(cloud, folder, Noisy, flooders);
        var runs = new List<LoadResult>();
        runs.AddRange(await Task.WhenAll(FloodAsync(10), QuietAsync(10))); // The runtime compiles what is hot while it runs.
        var limited = await CaseAsync("standard");
        var unlimited = await CaseAsync("unlimited");
        var stored = (await cloud.For(Quiet).CountReadingsAsync()).Count + (await cloud.For(Noisy).CountReadingsAsync()).Count;
        var acknowledged = runs.Sum(static run => run.Total);
        if (stored != acknowledged)
            throw new InvalidOperationException($"{acknowledged} publishes were acknowledged and {stored} are stored.");
        await cloud.StopAsync();
        var written = Results.Write("noisy-tenant", new
        {
            Case = "a tenant's QoS 1 telemetry at a steady rate, alone and beside a tenant that publishes as fast as it is acknowledged and follows the quota plan named; one node on core 0, loads on core 1; medians of rounds",
            QuietConnections = connections,
            QuietRate = rate,
            FloodConnections = flooders,
            FloodWindow = 200,
            LoadAverage = (await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0],
            BarThroughput = 0.9,
            BarP99 = 2.0,
            Stored = stored,
            Standard = limited,
            Unlimited = unlimited,
        });
        if (arguments.Text("folder", "").Length == 0)
            folder.Delete(recursive: true);
        return written;

        Task<LoadResult> QuietAsync(int time) => LoadAsync(cloud, quiet, connections, rate, time, 0);
        Task<LoadResult> FloodAsync(int time) => LoadAsync(cloud, noisy, flooders, 0, time, 10);

        async Task<CaseResult> CaseAsync(string plan)
        {
            await cloud.For(Noisy).ChangeQuotasAsync(new ChangeQuotas(Plan: plan));
            var (alone, beside, flood) = (new List<LoadResult>(), new List<LoadResult>(), new List<LoadResult>());
            for (var round = 0; round < arguments.Number("rounds", 5); round++)
            {
                alone.Add(await QuietAsync(seconds));
                var flooding = FloodAsync(seconds + 2);
                beside.Add(await QuietAsync(seconds));
                flood.Add(await flooding);
                await Console.Error.WriteLineAsync(
                    $"{plan} {round + 1}: alone {alone[^1].PerSecond}/s p99 {alone[^1].P99Ms} ms; beside {beside[^1].PerSecond}/s p99 {beside[^1].P99Ms} ms; flood {flood[^1].PerSecond}/s p99 {flood[^1].P99Ms} ms");
            }

            runs.AddRange([.. alone, .. beside, .. flood]);
            return new CaseResult(
                Ratio(beside, alone, static run => run.PerSecond, 3), Ratio(beside, alone, static run => run.P99Ms, 2), Median(alone, static run => run.PerSecond),
                Median(beside, static run => run.PerSecond), Median(flood, static run => run.PerSecond), Median(alone, static run => run.P50Ms), Median(beside, static run => run.P50Ms),
                Median(alone, static run => run.P99Ms), Median(beside, static run => run.P99Ms), alone, beside, flood);
        }
    }

    private static async Task<string> DevicesAsync(StrataProcess cloud, DirectoryInfo folder, string tenant, int count)
    {
        await cloud.Client.CreateTenantAsync(new CreateTenant(tenant));
        var users = new List<string>();
        for (var number = 0; number < count; number++)
        {
            var device = await cloud.For(tenant).CreateDeviceAsync(new CreateDevice($"{tenant}-{number}"));
            users.Add($"{tenant}/{device.Id} {device.Secret}");
        }

        var file = Path.Combine(folder.FullName, $"{tenant}.txt");
        await File.WriteAllLinesAsync(file, users);
        return file;
    }

    private static async Task<LoadResult> LoadAsync(StrataProcess cloud, string users, int connections, int rate, int seconds, int nice)
    {
        var start = new ProcessStartInfo("taskset",
            [
                "-c", "1", "nice", "-n", $"{nice}", Environment.ProcessPath!, "mqtt-load", "--target", cloud.Mqtt.ToString(), "--users", users, "--connections", $"{connections}",
                "--window", "200", "--template", Template, "--mqtt", "5", "--rate", $"{rate}", "--seconds", $"{seconds}", "--warmup", "2",
            ])
        { RedirectStandardOutput = true };
        using var load = Process.Start(start)!;
        var output = await load.StandardOutput.ReadToEndAsync();
        await load.WaitForExitAsync();
        return load.ExitCode == 0 ? JsonSerializer.Deserialize<LoadResult>(output)! : throw new InvalidOperationException("The load failed.");
    }

    private static double Median(List<LoadResult> runs, Func<LoadResult, double> figure) => runs.Select(figure).Order().ElementAt(runs.Count / 2);

    private static double Ratio(List<LoadResult> beside, List<LoadResult> alone, Func<LoadResult, double> figure, int digits) => Math.Round(Median(beside, figure) / Median(alone, figure), digits);

    private sealed record CaseResult(
        double Throughput, double P99, double AlonePerSecond, double BesidePerSecond, double FloodPerSecond, double AloneP50Ms, double BesideP50Ms, double AloneP99Ms, double BesideP99Ms,
        List<LoadResult> Alone, List<LoadResult> Beside, List<LoadResult> Flood);
}
