using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Strata.Node.Operations;

namespace Strata.Mqtt.Tests.Fuzz;

/// <summary>A mosquitto of the test's own on a free port of loopback.</summary>
internal sealed class Mosquitto : IAsyncDisposable
{
    private readonly Process process;
    private readonly string folder;

    private Mosquitto(Process process, string folder, int port) => (this.process, this.folder, Port) = (process, folder, port);

    public int Port { get; }

    public static async Task<Mosquitto> StartAsync()
    {
        var program = File.Exists("/usr/sbin/mosquitto") ? "/usr/sbin/mosquitto" : ForeignTool.Require("mosquitto");
        var folder = Directory.CreateTempSubdirectory("strata-mosquitto-").FullName;
        var port = FreePort.Draw();
        var configuration = Path.Combine(folder, "mosquitto.conf");
        await File.WriteAllTextAsync(
            configuration, $"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_inflight_messages 0\nmax_queued_messages 0\nlog_dest none\nset_tcp_nodelay true\n");
        var mosquitto = new Mosquitto(Process.Start(program, ["-c", configuration]), folder, port);
        await mosquitto.ServesAsync();
        return mosquitto;
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private async Task ServesAsync()
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(IPAddress.Loopback, Port);
                return;
            }
            catch (SocketException) when (attempt < 200)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(25), TimeProvider.System);
            }
        }
    }
}
