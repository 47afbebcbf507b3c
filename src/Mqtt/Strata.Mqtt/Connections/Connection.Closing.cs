using Microsoft.AspNetCore.Connections;
using Strata.Mqtt.Delivery;

namespace Strata.Mqtt.Connections;

/// <summary>Deadlines and the ways to end.</summary>
internal sealed partial class Connection
{
    private int heardAt;
    private int patienceTicks;
    private volatile bool hostAtWork;
    private volatile bool stopping;

    /// <summary>The wheel's, under its lock.</summary>
    public Connection? WheelNext { get; set; }

    /// <summary>The wheel's, under its lock.</summary>
    public Connection? WheelPrevious { get; set; }

    /// <summary>The wheel's, under its lock; 0: not on the wheel, negative: never again.</summary>
    public int WheelTick { get; set; }

    private bool IsClosing => Outbox.IsClosed;

    /// <summary>Ends the connection; only the first call counts.</summary>
    /// <param name="reasonCode">For DISCONNECT; null when the peer needs no word.</param>
    /// <param name="serverReference">Where an MQTT 5 client should go instead.</param>
    public void Close(DisconnectCause why, MqttReasonCode? reasonCode, string? reason = null, string? serverReference = null)
    {
        if (!Outbox.Close(why, reasonCode, reason, serverReference))
            return;
        broker.Wheel.Schedule(this, broker.Wheel.After(Options.CloseTimeout));
        input.CancelPendingRead();
        EndWait();
    }

    /// <summary>Reads no further, waits for the acknowledgements that are due, then closes.</summary>
    public void BeginStop()
    {
        stopping = true;
        input.CancelPendingRead();
        EndWait();
        if (client is null)
            CloseForStop();
    }

    private void CloseForStop()
    {
        if (Options.StopServerReference is { } other)
            Close(DisconnectCause.ByServer, MqttReasonCode.UseAnotherServer, null, other);
        else
            Close(DisconnectCause.ByServer, MqttReasonCode.ServerShuttingDown);
    }

    /// <summary>Ends the connection without a word.</summary>
    public void Abort() => context.Abort(new ConnectionAbortedException("The connection outlived its deadline."));

    /// <summary>Called by the wheel, under its lock.</summary>
    /// <returns>The tick of the next deadline; null: none.</returns>
    public int? OnDeadline(int now)
    {
        if (IsClosing)
        {
            Abort();
            return null;
        }

        if (client is null)
        {
            broker.LogConnectTimeout(context.RemoteEndPoint);
            broker.Metrics.Refused(MqttReasonCode.MaximumConnectTime);
            Abort();
            return null;
        }

        if (patienceTicks == 0)
            return null;
        if (hostAtWork)
            Volatile.Write(ref heardAt, now);
        var deadline = Volatile.Read(ref heardAt) + patienceTicks;
        if (deadline > now)
            return deadline;
        broker.LogKeepAliveTimeout(context.RemoteEndPoint);
        ThreadPool.UnsafeQueueUserWorkItem(
            static connection => connection.Close(DisconnectCause.KeepAliveTimeout, MqttReasonCode.KeepAliveTimeout), this, preferLocal: false);
        return now + 1 + (patienceTicks / 4);
    }

    /// <summary>What the client said last is the host's although the connection is gone; the host gets a while for it.</summary>
    private async ValueTask EndLastBurstAsync(MqttClient of)
    {
        if (!burstOpen)
            return;
        using var limit = new CancellationTokenSource(Options.CloseTimeout, broker.Time);
        await EndBurstAsync(of, limit.Token).ConfigureAwait(false);
    }

    /// <summary>Lets go of the session, which ends or waits for the client.</summary>
    /// <returns>Whether the will is to be published now.</returns>
    private bool LeaveSession()
    {
        var left = session!.Leave(this);
        var willed = will is not null && (willAsked || Outbox.Cause is not DisconnectCause.ByClient);
        if (!left)
            return willed && (will!.DelaySeconds == 0 || session.IsEnded); // MQTT-3.1.3-9: the client is back.
        if (sessionExpirySeconds == 0)
        {
            @namespace!.Leave(session);
            broker.EndSession(session);
            return willed;
        }

        var now = broker.Clock.Now;
        var expiresAt = now + (sessionExpirySeconds * 1000L);
        var late = willed && will!.DelaySeconds > 0 ? new PendingWill(client!, will, now + (will.DelaySeconds * 1000L)) : null;
        @namespace!.Await(session, sessionExpirySeconds, expiresAt, late);
        broker.Sessions.Set(session, Math.Min(expiresAt, late?.At ?? long.MaxValue));
        return willed && late is null;
    }

    /// <summary>From now on the client must be heard from within one and a half keep-alives (MQTT-3.1.2-22).</summary>
    private void StartKeepAlive(TimeSpan keepAlive)
    {
        Heard();
        patienceTicks = keepAlive == TimeSpan.Zero ? 0 : DeadlineWheel.AfterTick(0, keepAlive * 1.5);
        if (patienceTicks > 0)
            broker.Wheel.Schedule(this, heardAt + patienceTicks);
        else
            broker.Wheel.Remove(this);
    }

    private void Heard() => Volatile.Write(ref heardAt, broker.Wheel.Now);
}
