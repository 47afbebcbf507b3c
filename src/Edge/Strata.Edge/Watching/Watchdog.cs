using System.Net.Sockets;
using System.Text;

namespace Strata.Edge.Watching;

/// <summary>
/// Notices that a program hangs: it hears the program's signs of life (<see cref="ServiceNotifier"/>) on a socket in a folder that only its owner enters. A program that has never given one is not watched, so that one that knows
/// nothing of it is let alone.
/// </summary>
internal sealed class Watchdog : IDisposable
{
    private readonly Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly byte[] buffer = new byte[512];
    private readonly TimeProvider time;

    private Watchdog(string path, TimeSpan limit, TimeProvider time)
    {
        (Path, Limit, this.time) = (path, limit, time);
        File.Delete(path);
        socket.Bind(new UnixDomainSocketEndPoint(path));
    }

    public string Path { get; }

    /// <summary>Without a sign for so long a program is taken to hang.</summary>
    public TimeSpan Limit { get; }

    /// <summary>Signs that were heard.</summary>
    internal long Heard { get; private set; }

    /// <param name="path">Of the socket; one that is there already is replaced.</param>
    /// <param name="limit">Without a sign for so long a program is taken to hang.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="IOException">The socket cannot be made there; the message says why.</exception>
    public static Watchdog Open(string path, TimeSpan limit, TimeProvider time)
    {
        try
        {
            return new Watchdog(path, limit, time);
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            throw new IOException($"A socket cannot be made at {path} (its path may have about 100 characters): {e.Message}", e);
        }
    }

    /// <summary>Forgets what a program before has said; called before the next is started.</summary>
    public async Task ForgetAsync()
    {
        while (socket.Available > 0)
            await socket.ReceiveAsync(buffer, SocketFlags.None, CancellationToken.None);
    }

    /// <summary>Completes when the program has given signs and gives none any more. One program at a time.</summary>
    public async Task UntilSilentAsync(CancellationToken cancellationToken)
    {
        for (long? last = null; ;)
        {
            using var silent = last is { } heard ? new CancellationTokenSource(Left(heard), time) : new CancellationTokenSource();
            using var either = CancellationTokenSource.CreateLinkedTokenSource(silent.Token, cancellationToken);
            try
            {
                var length = await socket.ReceiveAsync(buffer, SocketFlags.None, either.Token);
                if (!Encoding.ASCII.GetString(buffer, 0, length).Split('\n').Contains(ServiceNotifier.Alive))
                    continue;
                last = time.GetTimestamp();
                Heard++;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    public void Dispose()
    {
        socket.Dispose();
        File.Delete(Path);
    }

    private TimeSpan Left(long heard) => Limit - time.GetElapsedTime(heard) is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero;
}
