using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using MQTTnet;
using Strata.Bench.Mqtt;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Audit;
using Strata.Cloud.Shadows;
using Strata.Cloud.Shadows.Store;
using Strata.Core.Devices;
using Strata.Core.Shadows;
using Strata.Core.Tenancy;

namespace Strata.Bench.Node;

/// <summary>
/// Shadows on one core: updates a second that the store keeps (durable, history and all) and what 100,000 shadows take in memory, in a process of their own; then <c>strata cloud</c> by MQTT, acknowledged after the commit, and
/// the time from a change by the API to the device's delta at half of that load; with <c>--rate</c> this last alone, at that many updates a second. Who measures makes 20 changes a second (<c>--pause</c> ms between them), so that they are no load of
/// their own: one of the API costs as much as several reports.
/// </summary>
internal static class ShadowsVerb
{
    public static async Task<int> RunAsync(Arguments arguments)
    {
        var root = arguments.Text("folder", "") is { Length: > 0 } given ? Directory.CreateDirectory(given) : Directory.CreateTempSubdirectory("strata-bench-");
        try
        {
            await LeaveCoreAsync();
            if (arguments.Number("rate", 0) is > 0 and var rate)
            {
                var (load, delta) = await CloudAsync(arguments, root, rate, arguments.Number("deltas", 1_000));
                Console.WriteLine(JsonSerializer.Serialize(new { load, delta }));
                return 0;
            }
            var store = await StoreOnOneCoreAsync(arguments, Path.Combine(root.FullName, "store"));
            await Console.Error.WriteLineAsync(JsonSerializer.Serialize(store));
            var full = await CloudAsync(arguments, root, rate: 0, deltas: 0);
            await Console.Error.WriteLineAsync(JsonSerializer.Serialize(full));
            var half = await CloudAsync(arguments, root, rate: (int)Math.Min(full.Load.PerSecond, 10_000) / 2, deltas: arguments.Number("deltas", 1_000));
            return Results.Write("shadows", new
            {
                Case = "updates of reported (two values) of shadows with 12 values, SQLite, synchronous=FULL; the store in a process on core 0; strata cloud on core 0 with the load and who measures on core 1, QoS 1, acknowledged after the commit; ms",
                LoadAverage = (await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0],
                Store = store,
                ByMqtt = full.Load,
                AtHalf = half.Load,
                DeltaMs = half.Delta,
                BarUpdatesPerSecond = 10_000,
                BarBytes = 1_000_000_000,
                BarDeltaP99Ms = 5,
            });
        }
        finally
        {
            if (arguments.Text("folder", "").Length == 0)
                root.Delete(recursive: true);
        }
    }

    /// <summary>Takes this process, which measures deltas, off the core that is measured; processes it starts say theirs.</summary>
    private static async Task LeaveCoreAsync()
    {
        using var process = Process.Start(new ProcessStartInfo("taskset", ["-a", "-c", "-p", "1", $"{Environment.ProcessId}"]) { RedirectStandardOutput = true })!;
        await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException("This machine has no second core for who measures.");
    }

    /// <summary>The store alone, in this process.</summary>
    public static async Task<int> StoreAsync(Arguments arguments)
    {
        var (devices, seconds, inFlight) = (arguments.Number("devices", 100_000), arguments.Number("seconds", 10), arguments.Number("in-flight", 2_000));
        var folder = Directory.CreateDirectory(arguments.Required("folder")).FullName;
        var options = new ShadowOptions();
        using var registry = RegistryFile.Open(new RegistryOptions { DataFolder = folder });
        using var tables = new ShadowTables(registry, new AuditNumbers(), TimeProvider.System, NullLogger<ShadowTables>.Instance);
        await tables.PrepareAsync(CancellationToken.None);
        var cache = new ShadowCache(options.CacheBytes);
        var writer = new ShadowWriter(tables, registry, cache, options, new Lazy<IEnumerable<IShadowObserver>>([]), TimeProvider.System, NullLogger<ShadowWriter>.Instance);
        await writer.StartAsync(CancellationToken.None);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var first = Request("""{"state":{"desired":{"interval":60,"mode":"eco","limits":{"low":18.5,"high":24},"schedule":[6,22],"led":true},"reported":{"interval":60,"mode":"eco","limits":{"low":18.5,"high":24},"firmware":"1.4.2","temp":21.4}}}""");
        var filling = Stopwatch.GetTimestamp();
        await RunAsync(devices, inFlight, i => writer.RunAsync(new ShadowWork(Key(i), ShadowVerb.Update) { Request = first, Author = new ShadowAuthor("bench", false) }, CancellationToken.None));
        var filled = devices / Stopwatch.GetElapsedTime(filling).TotalSeconds;
        var held = GC.GetTotalMemory(forceFullCollection: true) - before;
        var (stop, done) = (Stopwatch.GetTimestamp() + (seconds * Stopwatch.Frequency), 0L);
        var began = Stopwatch.GetTimestamp();
        var cpu = Process.GetCurrentProcess().TotalProcessorTime;
        await Task.WhenAll(Enumerable.Range(0, inFlight).Select(async lane =>
        {
            for (var i = lane; Stopwatch.GetTimestamp() < stop; i += inFlight)
            {
                var request = Request($$$"""{"state":{"reported":{"temp":{{{20 + (i % 50 / 10.0)}}},"n":{{{i}}} } },"clientToken":"t{{{i}}}"}""");
                var result = await writer.RunAsync(new ShadowWork(Key(i % devices), ShadowVerb.Update) { Request = request, Author = new ShadowAuthor("device", true) }, CancellationToken.None);
                if (result.Problem is { } problem)
                    throw new InvalidOperationException(problem.Detail);
                Interlocked.Increment(ref done);
            }
        }));
        var perSecond = done / Stopwatch.GetElapsedTime(began).TotalSeconds;
        var used = Process.GetCurrentProcess().TotalProcessorTime - cpu;
        await writer.StopAsync(CancellationToken.None);
        Console.WriteLine(JsonSerializer.Serialize(new StoreResult(
            devices, (long)filled, (long)perSecond, (long)(done / used.TotalSeconds), Math.Round(used.TotalSeconds / seconds, 2), held, cache.Count, Process.GetCurrentProcess().WorkingSet64, new FileInfo(Path.Combine(folder, "registry.db")).Length)));
        return 0;
    }

    private static async Task RunAsync(int count, int inFlight, Func<int, Task> run)
    {
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, inFlight).Select(async _ =>
        {
            for (var i = Interlocked.Increment(ref next); i < count; i = Interlocked.Increment(ref next))
                await run(i);
        }));
    }

    private static ShadowKey Key(int i) => new(TenantId.Main, DeviceId.Parse(string.Create(CultureInfo.InvariantCulture, $"device-{i:000000}")), "");

    private static ShadowRequest Request(string json) => ShadowRequest.Parse(Encoding.UTF8.GetBytes(json), ShadowLimits.Default).Value!;

    private static async Task<StoreResult> StoreOnOneCoreAsync(Arguments arguments, string folder)
    {
        var start = new ProcessStartInfo("taskset", ["-c", "0", Environment.ProcessPath!, "shadows-store", "--folder", folder, "--devices", arguments.Text("devices", "100000"), "--seconds", arguments.Text("seconds", "10")]) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? JsonSerializer.Deserialize<StoreResult>(output)! : throw new InvalidOperationException("The store's run failed.");
    }

    private static async Task<(CloudResult Load, DeltaTimes? Delta)> CloudAsync(Arguments arguments, DirectoryInfo root, int rate, int deltas)
    {
        var data = Path.Combine(root.FullName, $"cloud-{rate}");
        await using var cloud = await StrataProcess.StartCloudAsync(arguments, data, "0");
        var users = new List<string>();
        for (var number = 0; number < 50; number++)
        {
            var device = await cloud.Client.CreateDeviceAsync(new CreateDevice($"bench-{number}"));
            await cloud.Client.UpdateShadowAsync(device.Id, """{"state":{"desired":{"interval":60,"mode":"eco","limits":{"low":18.5,"high":24},"schedule":[6,22],"led":true}}}""");
            users.Add($"{device.Id} {device.Secret}");
        }
        var file = Path.Combine(root.FullName, "users.txt");
        await File.WriteAllLinesAsync(file, users);
        var watched = await cloud.Client.CreateDeviceAsync(new CreateDevice("watched"));
        var before = cloud.ProcessorTime;
        var pause = arguments.Number("pause", 45);
        var load = LoadAsync(arguments, cloud.Mqtt.ToString(), file, rate, Math.Max(arguments.Number("seconds", 10), deltas * (pause + 5) / 1000));
        var delta = deltas == 0 ? null : await DeltasAsync(cloud, watched, deltas, TimeSpan.FromSeconds(Warmup(arguments)), TimeSpan.FromMilliseconds(pause));
        var done = await load;
        var result = (new CloudResult(done.PerSecond, (long)(done.Total / (cloud.ProcessorTime - before).TotalSeconds), done.Refused, done.P50Ms, done.P99Ms), delta);
        await cloud.StopAsync();
        return result;
    }

    /// <summary>From the request of a change to the delta that the device hears, while the load runs.</summary>
    private static async Task<DeltaTimes> DeltasAsync(StrataProcess cloud, DeviceSecret watched, int count, TimeSpan warmup, TimeSpan pause)
    {
        var began = Stopwatch.GetTimestamp();
        using var client = new MqttClientFactory().CreateMqttClient();
        var heard = System.Threading.Channels.Channel.CreateUnbounded<long>();
        client.ApplicationMessageReceivedAsync += _ =>
        {
            heard.Writer.TryWrite(Stopwatch.GetTimestamp());
            return Task.CompletedTask;
        };
        await client.ConnectAsync(new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", cloud.Mqtt.Port).WithCredentials(watched.Id, watched.Secret).WithClientId("watched").Build());
        await client.SubscribeAsync("devices/watched/shadow/update/delta", MQTTnet.Protocol.MqttQualityOfServiceLevel.AtMostOnce);
        var changes = 0;
        async Task<(long Asked, long Heard)> NextAsync()
        {
            var asked = Stopwatch.GetTimestamp();
            var change = cloud.Client.UpdateShadowAsync("watched", $$$"""{"state":{"desired":{"n":{{{changes++}}} } } }""");
            var delta = await heard.Reader.ReadAsync();
            await change;
            await Task.Delay(pause, TimeProvider.System);
            return (asked, delta);
        }
        while (Stopwatch.GetElapsedTime(began) < warmup)
            await NextAsync();
        var deltas = new (long Asked, long Heard)[count];
        var witness = new MachineWitness();
        using (witness)
        {
            for (var i = 0; i < count; i++)
                deltas[i] = await NextAsync();
        }
        await client.DisconnectAsync();
        var machine = witness.Seen();
        return new DeltaTimes(Of(deltas), Of(deltas.Where(d => !machine.Touch(d.Asked, d.Heard))), machine.Slow.Count, Math.Round(machine.Share, 3));
    }

    private static Times Of(IEnumerable<(long Asked, long Heard)> deltas)
    {
        var ms = deltas.Select(d => Stopwatch.GetElapsedTime(d.Asked, d.Heard).TotalMilliseconds).Order().ToList();
        return new Times(ms.Count, Math.Round(ms[ms.Count / 2], 2), Math.Round(ms[ms.Count * 99 / 100], 2), Math.Round(ms[^1], 2));
    }

    /// <summary>Seconds: on one core the compiler works beside the load for about a minute.</summary>
    private static int Warmup(Arguments arguments) => arguments.Number("warmup", 75);

    private static async Task<LoadResult> LoadAsync(Arguments arguments, string target, string users, int rate, int seconds)
    {
        var start = new ProcessStartInfo("taskset",
            [
                "-c", "1", Environment.ProcessPath!, "mqtt-load", "--target", target, "--users", users, "--connections", "50", "--window", "64", "--topic", "devices/{client}/shadow/update",
                "--template", """{"state":{"reported":{"temp":22.4,"n":1{n}}}}""", "--mqtt", "5", "--rate", $"{rate}", "--seconds", $"{seconds}", "--warmup", $"{Warmup(arguments)}",
            ])
        { RedirectStandardOutput = true };
        using var load = Process.Start(start)!;
        var output = await load.StandardOutput.ReadToEndAsync();
        await load.WaitForExitAsync();
        return load.ExitCode == 0 ? JsonSerializer.Deserialize<LoadResult>(output)! : throw new InvalidOperationException("The load failed.");
    }

    private sealed record StoreResult(int Devices, long NewPerSecond, long UpdatesPerSecond, long UpdatesPerCpuSecond, double CoresUsed, long HeapBytesOfShadows, int InMemory, long ResidentBytes, long FileBytes);

    /// <param name="PerCpuSecond">Updates by second of the node's processor time: what one core of its own would take.</param>
    private sealed record CloudResult(long PerSecond, long PerCpuSecond, long Refused, double AcknowledgedP50Ms, double AcknowledgedP99Ms);

    /// <param name="Apart">Those that no slow stretch of the machine touched (<see cref="MachineWitness"/>).</param>
    /// <param name="SlowShare">Part of the time that lay in such stretches, and in the 20 ms after each.</param>
    private sealed record DeltaTimes(Times All, Times Apart, int SlowStretches, double SlowShare);

    private sealed record Times(int Count, double Median, double P99, double Most);
}
