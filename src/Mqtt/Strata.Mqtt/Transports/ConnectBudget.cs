using Microsoft.AspNetCore.Connections;

namespace Strata.Mqtt.Transports;

/// <summary>
/// The time that a connection has until its CONNECT is answered, running since accept, through whatever stands before the engine: PROXY header, TLS handshake, WebSocket upgrade. A feature
/// of the connection. When it is over the connection is cut off, unless the engine has taken over (<see cref="Take"/>).
/// </summary>
internal sealed class ConnectBudget : IDisposable
{
    private readonly TimeProvider time;
    private readonly TimeSpan within;
    private readonly long since;
    private readonly ITimer timer;

    /// <param name="cut">Cuts the connection off; called once at most.</param>
    public ConnectBudget(TimeSpan within, TimeProvider time, Action cut)
    {
        (this.within, this.time, since) = (within, time, time.GetTimestamp());
        timer = time.CreateTimer(static cut => ((Action)cut!)(), cut, within, Timeout.InfiniteTimeSpan);
    }

    /// <summary>What is left of a connection's time; the engine watches over it from here on. All of it when nothing stood before the engine.</summary>
    /// <param name="all">The time a connection has when none has been counted.</param>
    public static TimeSpan Take(ConnectionContext connection, TimeSpan all)
    {
        if (connection.Features.Get<ConnectBudget>() is not { } budget)
            return all;
        budget.timer.Dispose();
        connection.Features.Set<ConnectBudget>(null);
        var left = budget.within - budget.time.GetElapsedTime(budget.since);
        return left < TimeSpan.Zero ? TimeSpan.Zero : left;
    }

    public void Dispose() => timer.Dispose();
}
