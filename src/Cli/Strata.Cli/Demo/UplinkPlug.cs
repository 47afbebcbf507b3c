using System.Net;
using System.Net.Sockets;

namespace Strata.Cli.Demo;

/// <summary>
/// The cable between the gateways and the cloud: a TCP relay on loopback. Cut, it resets every connection and refuses new ones, as a pulled plug and
/// a dead router do; nothing tells the sender.
/// </summary>
internal sealed class UplinkPlug : IAsyncDisposable
{
    private readonly Lock gate = new();
    private readonly HashSet<Socket> sockets = [];
    private readonly CancellationTokenSource stopping = new();
    private readonly IPEndPoint target;
    private Socket? listener;
    private Task accepting = Task.CompletedTask;

    public UplinkPlug(IPEndPoint target) => this.target = target;

    /// <summary>Where the gateways dial.</summary>
    public IPEndPoint EndPoint { get; private set; } = new(IPAddress.Loopback, 0);

    public bool IsCut => listener is null;

    /// <summary>Plugs in. The port stays the same over cuts.</summary>
    public void Restore()
    {
        if (listener is not null)
            return;
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        socket.Bind(EndPoint);
        socket.Listen(64);
        EndPoint = (IPEndPoint)socket.LocalEndPoint!;
        listener = socket;
        accepting = AcceptAsync(socket);
    }

    /// <summary>Pulls the plug.</summary>
    public void Cut()
    {
        listener?.Dispose();
        listener = null;
        lock (gate)
        {
            foreach (var socket in sockets)
                Reset(socket);
            sockets.Clear();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        Cut();
        await accepting;
        stopping.Dispose();
    }

    private async Task AcceptAsync(Socket socket)
    {
        var relays = new List<Task>();
        try
        {
            while (true)
            {
                relays.RemoveAll(r => r.IsCompleted);
                relays.Add(RelayAsync(await socket.AcceptAsync(stopping.Token)));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            await Task.WhenAll(relays); // The plug was pulled: the relays end with their sockets.
        }
    }

    private async Task RelayAsync(Socket near)
    {
        using var far = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using (near)
        {
            near.NoDelay = true;
            lock (gate)
            {
                sockets.Add(near);
                sockets.Add(far);
            }
            try
            {
                await far.ConnectAsync(target, stopping.Token);
                await Task.WhenAll(PumpAsync(near, far), PumpAsync(far, near));
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
            {
                Reset(near); // One side is gone; the other learns it the hard way.
            }
            lock (gate)
            {
                sockets.Remove(near);
                sockets.Remove(far);
            }
        }
    }

    private async Task PumpAsync(Socket from, Socket to)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer, stopping.Token) is > 0 and var count)
            {
                for (var sent = 0; sent < count;)
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), stopping.Token);
            }
            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            Reset(from);
            Reset(to);
        }
    }

    private static void Reset(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return; // It is closed already.
        }
        socket.Dispose();
    }
}
