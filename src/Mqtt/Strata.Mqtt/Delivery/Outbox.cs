using System.IO.Pipelines;
using Strata.Mqtt.Connections;
using Strata.Mqtt.Durability;
using Strata.Mqtt.Inspection;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Delivery;

/// <summary>
/// Everything that goes to one client. Any thread writes; the lock is held for copying bytes into the pipe, never across an await. While the
/// pipe waits for a slow socket, replies still enter it (their number is bounded by what the client was allowed to ask), messages wait in
/// a bounded queue.
/// </summary>
internal sealed partial class Outbox(PipeWriter output, MqttOptions options, MqttClock clock) : ICommitTarget
{
    /// <summary>More than this is not left in the pipe unflushed.</summary>
    private const int FlushAt = 32 * 1024;

    private readonly Lock gate = new();
    private MqttProtocolVersion version = MqttProtocolVersion.V311;
    private uint maxPacketSize;
    private bool problemInformation = true;
    private bool accepted;
    private bool closed;
    private bool flushing;
    private bool unflushed;
    private int unflushedBytes;
    private Task flushTask = Task.CompletedTask;
    private TaskCompletionSource? progress;

    /// <summary>Nothing is sent any more; known soon after it happens.</summary>
    public bool IsClosed => Volatile.Read(ref closed);

    /// <summary>Why it is closed; once it is.</summary>
    public DisconnectCause Cause { get; private set; } = DisconnectCause.ConnectionLost;

    /// <summary>The socket does not take what is there; the read loop should pause.</summary>
    public bool IsBlocked => Volatile.Read(ref flushing);

    /// <summary>What the CONNECT said about this direction; before the first packet.</summary>
    public void Configure(Handshake handshake)
    {
        connectedFrom = clock.Timestamp;
        version = handshake.Request.Version;
        maxPacketSize = handshake.MaximumPacketSize;
        problemInformation = handshake.RequestProblemInformation;
        var aliasCount = Math.Min(handshake.TopicAliasMaximum, options.MaxTopicAliasesToClient);
        aliases = aliasCount == 0 ? null : new TopicAliases(aliasCount);
    }

    /// <summary>Writes a whole packet, in one or two pieces, and sends it.</summary>
    public void Send(ReadOnlySpan<byte> packet, ReadOnlySpan<byte> rest = default)
    {
        lock (gate)
        {
            if (closed)
                return;
            Write(packet, rest);
            Flush();
        }
    }

    /// <summary>Writes a packet that the end of the burst sends.</summary>
    public void Reply(ReadOnlySpan<byte> packet)
    {
        lock (gate)
        {
            if (!closed)
                Write(packet);
        }
    }

    /// <summary>Writes a CONNACK that accepts, which <see cref="Adopt"/> sends: nothing for the client may be lost in between. From now on closing says DISCONNECT.</summary>
    public void Accept(ReadOnlySpan<byte> connAck)
    {
        lock (gate)
        {
            accepted = true;
            if (!closed)
                Write(connAck);
        }
    }

    /// <summary>Sends what is written; for those who delivered with <see cref="Deliver"/>.</summary>
    public void FlushDeliveries()
    {
        lock (gate)
        {
            if (!closed)
                Flush();
        }
    }

    /// <summary>
    /// Closes once: what is in the pipe is still sent, then for MQTT 5 a DISCONNECT (unless the client said it first), then the transport ends the
    /// connection. Waiting messages are dropped. It also decides who of several closes the connection: the transport is not touched after the
    /// connection's end, because the connection ends only after this.
    /// </summary>
    /// <param name="reasonCode">Null: say nothing.</param>
    /// <returns>False: it was closed already.</returns>
    public bool Close(DisconnectCause why, MqttReasonCode? reasonCode, string? reason, string? serverReference = null)
    {
        lock (gate)
        {
            if (closed)
                return false;
            Cause = why;
            if (reasonCode is { } code && accepted && version == MqttProtocolVersion.V500)
            {
                Span<byte> packet = stackalloc byte[ServerPackets.MaxSize];
                Write(packet[..ServerPackets.Disconnect500(packet, code, reason, maxPacketSize, serverReference)]);
            }

            Report();
            Volatile.Write(ref closed, true);
            output.Complete();
            progress?.TrySetResult();
            return true;
        }
    }

    /// <summary>
    /// Waits until there may be progress: acknowledgements went out, the socket took bytes, or the outbox closed. Take it, then look whether
    /// waiting is needed, then await it.
    /// </summary>
    public Task NextProgress()
    {
        lock (gate)
        {
            if (closed)
                return Task.CompletedTask;
            if (progress is null || progress.Task.IsCompleted)
                progress = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return progress.Task;
        }
    }

    /// <summary>Completes when no flush is under way; after <see cref="Close"/>.</summary>
    public Task FlushEnded()
    {
        lock (gate)
            return flushTask;
    }

    /// <summary>A whole packet, in one or two pieces.</summary>
    private void Write(ReadOnlySpan<byte> packet, ReadOnlySpan<byte> rest = default)
    {
        Totals.PacketsOut(packet[0] >> 4, 1);
        if (Session is { Traces: { } traces })
            PacketTrace.Out(traces, packet, rest, version);
        packet.CopyTo(output.GetSpan(packet.Length));
        Advance(packet.Length);
        if (rest.IsEmpty)
            return;
        rest.CopyTo(output.GetSpan(rest.Length));
        Advance(rest.Length);
    }

    private void Advance(int length)
    {
        output.Advance(length);
        unflushed = true;
        unflushedBytes += length;
    }

    /// <summary>Under the lock.</summary>
    private void Flush()
    {
        if (flushing || !unflushed)
            return;
        Report();
        unflushed = false;
        unflushedBytes = reportedBytes = 0;
        var flush = output.FlushAsync();
        if (flush.IsCompletedSuccessfully)
        {
            // Completed means that the peer is gone; the read loop learns it too.
            _ = flush.GetAwaiter().GetResult();
            return;
        }

        flushing = true;
        flushTask = AwaitFlushAsync(flush);
    }

    private async Task AwaitFlushAsync(ValueTask<FlushResult> flush)
    {
        var gone = false;
        try
        {
            gone = (await flush.ConfigureAwait(false)).IsCompleted;
        }
        catch (Exception fault) when (ConnectionLoss.Is(fault))
        {
            gone = true;
        }

        lock (gate)
        {
            flushing = false;
            if (!closed && !gone)
            {
                SendWaiting();
                Flush();
            }

            progress?.TrySetResult();
        }
    }
}
