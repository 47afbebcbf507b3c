using System.Buffers;
using System.IO.Pipelines;
using Strata.Mqtt.Delivery;
using Strata.Mqtt.Durability;
using Strata.Mqtt.Inspection;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Connections;

/// <summary>The read loop: what has arrived together is one burst, answered and sent together.</summary>
internal sealed partial class Connection
{
    /// <returns>False: the connection ends.</returns>
    private ValueTask<bool> TakeAsync(in ReadResult result)
    {
        if (stopping)
        {
            input.AdvanceTo(result.Buffer.Start);
            return StopAsync();
        }

        LookAtRates(result.Buffer.Length, result.IsCompleted);
        var full = TakeBurst(result.Buffer);
        var mustWait = full || authToTake is not null || burstOpen || broker.Store is { Journal.IsFull: true } || Outbox.IsBlocked || IsRated;
        return mustWait ? AfterBurstAsync(full, result.IsCompleted) : new ValueTask<bool>(!result.IsCompleted);
    }

    /// <summary>Waits for whatever the burst asks for.</summary>
    /// <param name="full">See <see cref="TakeBurst"/>.</param>
    private async ValueTask<bool> AfterBurstAsync(bool full, bool isLast)
    {
        if (authToTake is not null && !IsClosing)
            await TakeAuthAsync().ConfigureAwait(false);
        if (burstOpen)
            await EndBurstAsync(client!, context.ConnectionClosed).ConfigureAwait(false);
        if (broker.Store is { Journal.IsFull: true } store)
            await AwaitDiskAsync(store).ConfigureAwait(false);
        if (full || Outbox.IsBlocked)
            await MakeRoomAsync().ConfigureAwait(false);
        else if (isLast && !IsSpent)
            return false;
        await KeepToRatesAsync().ConfigureAwait(false);
        return true;
    }

    /// <summary>Handles every whole packet in the buffer, then sends what that brought about.</summary>
    /// <returns>True: it stopped early, because a 3.1.1 client has as many unacknowledged publishes as it may.</returns>
    private bool TakeBurst(ReadOnlySequence<byte> buffer)
    {
        var frames = new FrameReader(buffer, Options.MaxPacketSize, shortestForm: version == MqttProtocolVersion.V500);
        var full = false;
        publishes = duplicates = acknowledgements = 0;
        publishedBytes = 0;
        try
        {
            while (!IsClosing && !IsSpent && !(full = IsFull()) && frames.TryRead(out var first, out var body))
                Handle(first, body);
        }
        finally
        {
            var consumed = frames.Consumed;
            frames.Dispose();
            Heard(buffer, consumed);
            input.AdvanceTo(consumed, full || IsClosing || IsSpent ? consumed : buffer.End);
            Outbox.EndBurst();
            Router.Current.Flush(broker.Metrics);
        }

        return full;
    }

    private void Handle(byte first, ReadOnlySpan<byte> body)
    {
        if (session!.Traces is { } traces)
            PacketTrace.In(traces, first, body, version);
        var type = (PacketType)(first >> 4);
        if (type == PacketType.Publish)
        {
            Publish(first, body);
            return;
        }

        if (type == PacketType.PubAck)
            acknowledgements++;
        else
            @namespace!.Totals.PacketsIn((int)type, 1);

        var flags = type is PacketType.PubRel or PacketType.Subscribe or PacketType.Unsubscribe ? 2 : 0;
        if ((first & 0x0F) != flags)
            throw MqttProtocolException.Malformed($"{type} has wrong flags.", "MQTT-2.1.3-1");
        switch (type)
        {
            case PacketType.PubAck:
                Outbox.Acknowledged(ReasonPackets.ReadAck(body, version, out _));
                break;
            case PacketType.PubRec:
                var received = ReasonPackets.ReadAck(body, version, out var reasonCode);
                Outbox.Received2(received, reasonCode);
                break;
            case PacketType.PubRel:
                Release(ReasonPackets.ReadAck(body, version, out _));
                break;
            case PacketType.PubComp:
                Outbox.Completed(ReasonPackets.ReadAck(body, version, out _));
                break;
            case PacketType.Subscribe:
                Subscribe(body);
                break;
            case PacketType.Unsubscribe:
                Unsubscribe(body);
                break;
            case PacketType.PingReq:
                if (!body.IsEmpty)
                    throw MqttProtocolException.Malformed("PINGREQ has a body.", "5.0 3.12.1");
                Outbox.Send(ServerPackets.PingResp);
                break;
            case PacketType.Disconnect:
                Disconnect(body);
                break;
            case PacketType.Auth:
                Authenticate(first, body);
                break;
            case PacketType.Connect:
                throw MqttProtocolException.Violation("A second CONNECT.", "MQTT-3.1.0-2");
            default:
                throw MqttProtocolException.Violation($"A client may not send {type} here.", "5.0 2.1.2");
        }
    }

    private void Disconnect(ReadOnlySpan<byte> body)
    {
        var reasonCode = ReasonPackets.ReadDisconnect(body, version, out var expiry);
        if (expiry is > 0 && sessionExpirySeconds == 0)
            throw MqttProtocolException.Violation("DISCONNECT gives an expiry to a session that had none.", "5.0 3.14.2.2.2");

        if (expiry is { } seconds)
            sessionExpirySeconds = Math.Min(seconds, (uint)Math.Min(uint.MaxValue, Options.MaxSessionExpiry.TotalSeconds));

        // MQTT-3.14.4-3: with the normal code the will is discarded; with any other it is published.
        if (reasonCode != MqttReasonCode.Success && will is not null)
            willAsked = true;
        Close(DisconnectCause.ByClient, null);
    }

    /// <summary>Hands the burst to the host. While it works the client may not be blamed for silence.</summary>
    private async ValueTask EndBurstAsync(MqttClient of, CancellationToken cancellationToken)
    {
        burstOpen = false;
        hostAtWork = true;
        try
        {
            await broker.Host.EndBurstAsync(of, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The host gave the burst up because the client is gone.
        }
#pragma warning disable CA1031 // Whatever the host's fault, this client's messages were not taken: it is told to come again.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            broker.LogFault(fault);
            Close(DisconnectCause.ByServer, MqttReasonCode.UnspecifiedError);
        }
        finally
        {
            Heard();
            hostAtWork = false;
        }
    }

    /// <summary>The disk is slower than the clients: nothing more is read meanwhile.</summary>
    private async ValueTask AwaitDiskAsync(SessionStore store)
    {
        hostAtWork = true;
        while (!IsClosing && store.Journal.IsFull && !broker.IsFaulted)
            await store.Journal.RoomAsync().WaitAsync(context.ConnectionClosed).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Heard();
        hostAtWork = false;
    }

    /// <summary>Waits until the socket has taken what is due to the client and there is room for more publishes.</summary>
    private async ValueTask MakeRoomAsync()
    {
        while (!IsClosing && !stopping)
        {
            var progress = Outbox.NextProgress();
            var full = IsFull();
            if (!full && !Outbox.IsBlocked)
                break;
            hostAtWork = full;
            await progress.ConfigureAwait(false);
        }

        Heard();
        hostAtWork = false;
    }

    /// <summary>Waits, for a while, until everything the client published is acknowledged; then says goodbye.</summary>
    /// <returns>False.</returns>
    private async ValueTask<bool> StopAsync()
    {
        var deadline = broker.Wheel.After(Options.CloseTimeout);
        while (!IsClosing && Outbox.Acks.Count > 0 && broker.Wheel.Now < deadline)
        {
            var progress = Outbox.NextProgress();
            if (Outbox.Acks.Count == 0)
                break;
            try
            {
                await progress.WaitAsync(DeadlineWheel.Tick, broker.Time).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                // Look at the deadline again.
            }
        }

        CloseForStop();
        return false;
    }

    private void Heard(ReadOnlySequence<byte> buffer, SequencePosition consumed)
    {
        var bytes = buffer.Slice(buffer.Start, consumed).Length;
        if (bytes == 0)
            return;
        Heard();
        broker.Metrics.Received(publishes, bytes);
        CountBurst(bytes);
    }
}
