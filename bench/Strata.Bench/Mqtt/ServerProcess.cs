using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Strata.Bench.Mqtt;

/// <summary>A broker as its own process, pinned to one core; ended by its id.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private readonly Process process;

    private ServerProcess(Process process, int port)
    {
        this.process = process;
        Port = port;
    }

    public int Port { get; }

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
        var port = FreePort();
        return await StartAsync(port, core, [Environment.ProcessPath!, "mqtt-serve", "--port", $"{port}", .. more]);
    }

    public static async Task<ServerProcess> StartMosquittoAsync(string core, string folder)
    {
        var port = FreePort();
        var configuration = Path.Combine(folder, "mosquitto.conf");
        await File.WriteAllTextAsync(
            configuration,
            $"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_inflight_messages 0\nlog_dest none\nset_tcp_nodelay true\n");
        return await StartAsync(port, core, ["/usr/sbin/mosquitto", "-c", configuration]);
    }

    /// <summary>The resident memory of the process, from the kernel.</summary>
    public long ResidentBytes()
    {
        var line = File.ReadLines($"/proc/{process.Id}/status").First(static line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], System.Globalization.CultureInfo.InvariantCulture) * 1024;
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private static async Task<ServerProcess> StartAsync(int port, string core, IEnumerable<string> command)
    {
        var start = new ProcessStartInfo("taskset") { RedirectStandardOutput = true };
        foreach (var argument in (string[])["-c", core, .. command])
            start.ArgumentList.Add(argument);
        var process = Process.Start(start)!;
        var deadline = Stopwatch.StartNew();
        while (!await AnswersAsync(port))
        {
            if (process.HasExited || deadline.Elapsed > TimeSpan.FromSeconds(15))
                throw new InvalidOperationException($"{string.Join(' ', command)} does not serve.");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }

        return new ServerProcess(process, port);
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

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
