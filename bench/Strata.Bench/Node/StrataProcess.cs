using System.Diagnostics;
using System.Globalization;
using System.Net;
using Strata.Cloud.Contracts;

namespace Strata.Bench.Node;

/// <summary>One <c>strata</c> server as its own process, from its start to its ready line; ended by its id.</summary>
internal sealed class StrataProcess : IAsyncDisposable
{
    private readonly Process process;
    private readonly HttpClient http;
    private readonly string token;

    private StrataProcess(Process process, string ready, TimeSpan startedIn, string folder)
    {
        this.process = process;
        StartedIn = startedIn;
        Http = Endpoint(ready, "http=");
        Mqtt = Endpoint(ready, "mqtt=");
        Mqtts = ready.Contains(" mqtts=", StringComparison.Ordinal) ? Endpoint(ready, "mqtts=") : null;
        http = new HttpClient(new SocketsHttpHandler(), disposeHandler: true) { BaseAddress = new Uri($"http://{Http}"), Timeout = TimeSpan.FromMinutes(5) };
        token = File.ReadAllText(Path.Combine(folder, "admin.token")).Trim();
        Client = new StrataClient(http, token);
    }

    public IPEndPoint Http { get; }

    public IPEndPoint Mqtt { get; }

    /// <summary>Null where it serves none.</summary>
    public IPEndPoint? Mqtts { get; }

    /// <summary>From the start of the process to its ready line.</summary>
    public TimeSpan StartedIn { get; }

    public StrataClient Client { get; }

    /// <summary>The platform's owner acting for a tenant.</summary>
    public StrataClient For(string tenant) => new(http, token, tenant);

    /// <summary>Devices whose ids begin so and that are active.</summary>
    public async Task<int> ActiveAsync(string prefix) => (await Client.ListDevicesAsync(search: prefix + "-", state: "active", limit: 10_000)).Items.Count;

    /// <summary>Processor time used so far, all threads, from the kernel.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
    }

    /// <param name="core">The processor it may run on; null: any.</param>
    public static Task<StrataProcess> StartCloudAsync(Arguments arguments, string folder, string? core = null, params string[] options) =>
        StartAsync(arguments, core, folder, ["cloud", .. options]);

    public static Task<StrataProcess> StartFogAsync(Arguments arguments, string folder, StrataProcess cloud, string name, string token) =>
        StartAsync(arguments, null, folder, ["fog", "--cloud", $"http://{cloud.Http}", "--site", "hq", "--name", name, "--join-token", token]);

    /// <summary>The resident memory of the process, from the kernel.</summary>
    public long ResidentBytes()
    {
        var line = File.ReadLines($"/proc/{process.Id}/status").First(static line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) * 1024;
    }

    /// <summary>Asks it to stop (SIGTERM) and waits.</summary>
    public async Task StopAsync()
    {
        using (var kill = Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)]))
            await kill.WaitForExitAsync();
        await process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        if (!process.HasExited)
            process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private static async Task<StrataProcess> StartAsync(Arguments arguments, string? core, string folder, IEnumerable<string> command)
    {
        var program = Path.GetFullPath(arguments.Text("strata", "src/Cli/Strata.Cli/bin/Release/net10.0/strata"));
        if (!File.Exists(program))
            throw new InvalidOperationException($"{program} is not there; build src/Cli/Strata.Cli in Release, or give --strata PATH.");
        string[] all = [.. command, "--data", folder, "--http", "127.0.0.1:0", "--mqtt", "127.0.0.1:0", "--log-level", "Warning"];
        var start = core is null ? new ProcessStartInfo(program, all) : new ProcessStartInfo("taskset", ["-c", core, program, .. all]);
        start.RedirectStandardOutput = true;
        var clock = Stopwatch.StartNew();
        var process = Process.Start(start)!;
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (!line.StartsWith("ready ", StringComparison.Ordinal))
                continue;
            var elapsed = clock.Elapsed;
            return new StrataProcess(process, line, elapsed, folder);
        }

        await process.WaitForExitAsync();
        throw new InvalidOperationException($"strata {string.Join(' ', all)} ended with {process.ExitCode} before it was ready.");
    }

    private static IPEndPoint Endpoint(string ready, string name) =>
        IPEndPoint.Parse(ready.Split(' ').First(part => part.StartsWith(name, StringComparison.Ordinal))[name.Length..]);
}
