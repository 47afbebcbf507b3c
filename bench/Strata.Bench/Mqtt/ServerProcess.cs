using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Strata.Node.Operations;

namespace Strata.Bench.Mqtt;

/// <summary>A broker as its own process, pinned to one core; ended by its id.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private readonly Process process;

    private ServerProcess(Process process, int port, TimeSpan startedIn)
    {
        StartedIn = startedIn;
        this.process = process;
        Port = port;
    }

    public int Port { get; }

    /// <summary>From the start of the process to its first accepted connection, to 10 ms.</summary>
    public TimeSpan StartedIn { get; }

    public int Id => process.Id;

    /// <summary>Processor time used so far, from the kernel.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
    }

    public static async Task<ServerProcess> StartEngineAsync(string core, params IEnumerable<string> more)
    {
        var port = FreePort.Draw();
        return await StartAsync(port, core, [Environment.ProcessPath!, "mqtt-serve", "--port", $"{port}", .. more]);
    }

    /// <param name="more">Lines of its configuration, after those that everyone needs.</param>
    public static async Task<ServerProcess> StartMosquittoAsync(string core, string folder, params IEnumerable<string> more)
    {
        var port = FreePort.Draw();
        var configuration = Path.Combine(folder, "mosquitto.conf");
        await File.WriteAllLinesAsync(configuration,
            [$"listener {port} 127.0.0.1", "allow_anonymous true", "max_inflight_messages 0", "log_dest none", "set_tcp_nodelay true", "user root", .. more]);
        return await StartAsync(port, core, ["/usr/sbin/mosquitto", "-c", configuration]);
    }

    /// <param name="program">FlashMQ's binary; README.md says how one builds it.</param>
    /// <param name="more">Lines of its configuration, after those that everyone needs.</param>
    public static async Task<ServerProcess> StartFlashMqAsync(string core, string program, string folder, params IEnumerable<string> more)
    {
        var port = FreePort.Draw();
        var configuration = Path.Combine(folder, "flashmq.conf");
        await File.WriteAllLinesAsync(configuration,
            [
                "allow_anonymous true", "log_level none", "thread_count 1", "max_qos_msg_pending_per_client 65535", .. more,
                "listen {", "  protocol mqtt", "  inet_protocol ip4", "  inet4_bind_address 127.0.0.1", $"  port {port}", "}",
            ]);
        return await StartAsync(port, core, [program, "--config-file", configuration]);
    }

    /// <summary>The resident memory of the process, from the kernel.</summary>
    public long ResidentBytes()
    {
        var line = File.ReadLines($"/proc/{process.Id}/status").First(static line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], System.Globalization.CultureInfo.InvariantCulture) * 1024;
    }

    /// <summary>Asks it to end (SIGTERM), so that it stores what it has, and waits.</summary>
    public async Task StopAsync()
    {
        using (var kill = Process.Start("kill", ["-TERM", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]))
            await kill.WaitForExitAsync();
        await process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private static async Task<ServerProcess> StartAsync(int port, string core, IEnumerable<string> command)
    {
        var start = new ProcessStartInfo("taskset") { RedirectStandardOutput = true };
        foreach (var argument in (string[])["-c", core, .. command])
            start.ArgumentList.Add(argument);
        var deadline = Stopwatch.StartNew();
        var process = Process.Start(start)!;
        while (!await AnswersAsync(port))
        {
            if (process.HasExited || deadline.Elapsed > TimeSpan.FromMinutes(2))
                throw new InvalidOperationException($"{string.Join(' ', command)} does not serve.");
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
        }

        return new ServerProcess(process, port, deadline.Elapsed);
    }

    private static async Task<bool> AnswersAsync(int port)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
