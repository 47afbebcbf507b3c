using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Strata.Edge.Watching;

/// <summary>
/// Tells who started this program that it is ready and, again and again, that it is alive: systemd, or the supervisor of the slots, by the protocol of
/// <see href="https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html">sd_notify</see> (<c>NOTIFY_SOCKET</c>, <c>WATCHDOG_USEC</c>). Nothing where nobody asks for it.
/// </summary>
internal sealed class ServiceNotifier : IAsyncDisposable
{
    public const string SocketVariable = "NOTIFY_SOCKET";
    public const string LimitVariable = "WATCHDOG_USEC";
    public const string Alive = "WATCHDOG=1";
    private const string ProcessVariable = "WATCHDOG_PID";

    /// <summary>Signs of life within the time after which the program is taken to hang.</summary>
    private const int SignsInLimit = 4;

    private readonly Socket? socket;
    private readonly TimeProvider time;
    private readonly CancellationTokenSource ending = new();
    private readonly Task signing;
    private volatile Func<CancellationToken, Task<bool>>? probe;

    private ServiceNotifier(string? path, TimeSpan? limit, TimeProvider time)
    {
        this.time = time;
        socket = path is null ? null : Connect(path);
        signing = socket is not null && limit is { } known ? SignAsync(known / SignsInLimit) : Task.CompletedTask;
    }

    /// <summary>Takes what the environment says, and takes it out of there: programs that this one starts are not the ones that are watched.</summary>
    public static ServiceNotifier OfEnvironment(TimeProvider time)
    {
        var (path, limit, watched) = (Take(SocketVariable), Take(LimitVariable), Take(ProcessVariable));
        var isWatched = watched is null || watched == Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        return new ServiceNotifier(path, isWatched && long.TryParse(limit, CultureInfo.InvariantCulture, out var micros) && micros > 0 ? TimeSpan.FromMicroseconds(micros) : null, time);
    }

    /// <summary>For tests, which cannot share an environment.</summary>
    internal static ServiceNotifier To(string path, TimeSpan limit, TimeProvider time) => new(path, limit, time);

    /// <summary>It takes readings, answers, whatever it is for.</summary>
    public void Ready() => Send("READY=1");

    /// <summary>What has to hold for a sign of life to be given, from now on; while it is not answered there is none. Null: that this program is scheduled is enough.</summary>
    public void Probe(Func<CancellationToken, Task<bool>>? alive) => probe = alive;

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        await signing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        ending.Dispose();
        socket?.Dispose();
    }

    private static string? Take(string variable)
    {
        var value = Environment.GetEnvironmentVariable(variable);
        Environment.SetEnvironmentVariable(variable, null);
        return string.IsNullOrEmpty(value) ? null : value;
    }

    private static Socket? Connect(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };
        try
        {
            // '@' stands for the zero byte of a name that is no file's.
            socket.Connect(new UnixDomainSocketEndPoint(path[0] == '@' ? '\0' + path[1..] : path));
            return socket;
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            socket.Dispose();
            return null; // Nobody listens, so nobody waits for signs.
        }
    }

    private async Task SignAsync(TimeSpan interval)
    {
        using var timer = new PeriodicTimer(interval, time);
        do
        {
            try
            {
                if (probe is not { } asked || await asked(ending.Token))
                    Send(Alive);
            }
            catch (ObjectDisposedException)
            {
                continue; // What was asked ended meanwhile.
            }
        }
        while (await timer.WaitForNextTickAsync(ending.Token));
    }

    private void Send(string state)
    {
        try
        {
            socket?.Send(Encoding.ASCII.GetBytes(state));
        }
        catch (SocketException)
        {
            return; // Its queue is full, or it is gone: the next sign says the same.
        }
    }
}
