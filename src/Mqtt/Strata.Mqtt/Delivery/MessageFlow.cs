using Strata.Mqtt.Subscriptions;

namespace Strata.Mqtt.Delivery;

/// <summary>
/// The messages on their way to one client: those sent and not acknowledged, and those that wait. It outlives the connection when the session does.
/// Guarded by the outbox that has it, else by the session.
/// </summary>
internal sealed class MessageFlow(MqttOptions options)
{
    private PacketIdWindow? ids;
    private Dictionary<ushort, Inflight>? inflight;
    private Queue<Inflight>? again;
    private Queue<Outgoing>? waiting;
    private long waitingBytes;
    private long sequence;
    private int outstanding;
    private int quota = options.MaxInflightToClient;

    /// <summary>Whether the session outlives its connection, so that what is sent is kept until it is acknowledged.</summary>
    public bool Keeps { get; set; }

    /// <summary>No more QoS 1 and 2 messages may be sent until some are acknowledged.</summary>
    public bool IsFull => outstanding >= quota || ids is { IsFull: true };

    /// <summary>Whether a message has to stand in line.</summary>
    public bool MustWait(byte qos) => waiting is not null || again is not null || (qos > 0 && IsFull);

    public int Waiting => waiting?.Count ?? 0;

    public long WaitingBytes => waitingBytes;

    public int Unacknowledged => ids?.InUse ?? 0;

    /// <summary>Notes a message that is being sent and gives its packet id.</summary>
    /// <param name="outgoing">For those that are kept; the default otherwise.</param>
    public ushort Send(in Outgoing outgoing, byte qos)
    {
        ids ??= new PacketIdWindow(options.MaxInflightToClient);
        var id = ids.Take();
        outstanding++;
        if (qos == 2 || outgoing.Kept is not null)
            (inflight ??= []).Add(id, new Inflight(id, ++sequence, qos, outgoing) { Sent = true });
        return id;
    }

    /// <summary>The client acknowledges a QoS 1 message.</summary>
    /// <returns>False: there is none with this id.</returns>
    public bool Acknowledge(ushort id)
    {
        if (inflight is not null && inflight.TryGetValue(id, out var message))
            return message.QoS == 1 && Forget(message);
        if (ids is null || !ids.Release(id))
            return false;
        outstanding--;
        return true;
    }

    /// <summary>The client has received a QoS 2 message, or refuses it.</summary>
    /// <returns>Whether there is one with this id, to be answered with PUBREL unless it was refused.</returns>
    public bool Receive(ushort id, bool refused)
    {
        if (inflight is null || !inflight.TryGetValue(id, out var message) || message.QoS != 2)
            return false;
        if (refused)
            return Forget(message);
        if (message.IsReleased)
            return true;
        message.IsReleased = true;
        message.Outgoing = default;
        message.Sequence = ++sequence;
        return true;
    }

    /// <summary>The client has let go of a QoS 2 message.</summary>
    public bool Complete(ushort id) =>
        inflight is not null && inflight.TryGetValue(id, out var message) && message is { QoS: 2, IsReleased: true } && Forget(message);

    /// <summary>Lets a message wait, within the limits.</summary>
    /// <param name="away">The client is not there: a full queue makes room as the options say.</param>
    public DeliveryResult Enqueue(in Outgoing outgoing, bool away)
    {
        waiting ??= [];
        var length = outgoing.Length;
        var result = DeliveryResult.Queued;
        while (waiting.Count >= options.MaxQueuedMessagesPerClient || waitingBytes + length > options.MaxQueuedBytesPerClient)
        {
            if (!away)
                return Unless(outgoing.QoS == 0 ? DeliveryResult.Dropped : DeliveryResult.Overflow);
            result = DeliveryResult.Dropped;
            if (options.WhenAwayQueueIsFull == QueueOverflow.DropNewest || !waiting.TryDequeue(out var oldest))
                return Unless(result);
            waitingBytes -= oldest.Length;
        }

        waiting.Enqueue(outgoing);
        waitingBytes += length;
        return result;
    }

    /// <summary>Retained messages for a new subscription wait as one entry.</summary>
    public void Enqueue(RetainedBatch batch) => (waiting ??= []).Enqueue(new Outgoing(null, batch.QoS, true, batch.Identifiers, null, batch));

    /// <summary>Retained messages that wait to be sent.</summary>
    public int RetainedWaiting => waiting?.Sum(w => w.Batch?.Left ?? 0) ?? 0;

    /// <summary>The next that is to be sent again after a reconnection, if the quota allows it.</summary>
    public Inflight? TakeAgain()
    {
        if (again is null)
            return null;
        while (again.TryPeek(out var next))
        {
            if (!inflight!.TryGetValue(next.Id, out var known) || !ReferenceEquals(known, next))
            {
                again.Dequeue(); // Acknowledged meanwhile.
                continue;
            }

            if (!next.IsReleased && outstanding >= quota)
                return null;
            again.Dequeue();
            outstanding++;
            next.Sent = true;
            return next;
        }

        again = null;
        return null;
    }

    /// <summary>The next that waits, if it may be sent now; the default otherwise.</summary>
    public Outgoing TakeWaiting()
    {
        if (waiting is null || again is not null)
            return default;
        var next = waiting.Peek();
        if (next.Batch is { } batch)
        {
            if (batch.TryPeek(out var retained))
            {
                if (retained.QoS > 0 && IsFull)
                    return default;
                batch.Advance();
                return retained;
            }

            RemoveFirst();
            return TakeWaiting();
        }

        if (next.QoS > 0 && IsFull)
            return default;
        waitingBytes -= next.Length;
        RemoveFirst();
        return next;
    }

    /// <summary>A connection takes it up: what was sent before is sent again, in its order (MQTT-4.4.0-1).</summary>
    public void Resume(int receiveMaximum)
    {
        quota = Math.Min(receiveMaximum, options.MaxInflightToClient);
        if (inflight is { Count: > 0 })
            again = new Queue<Inflight>(inflight.Values.OrderBy(static i => i.Sequence));
    }

    /// <summary>The connection is gone: QoS 0 is not kept for later.</summary>
    public void Suspend()
    {
        outstanding = 0;
        again = null;
        foreach (var message in inflight?.Values ?? Enumerable.Empty<Inflight>())
            message.Sent = false;
        if (waiting is null)
            return;
        waiting = new Queue<Outgoing>(waiting.Where(static w => w.QoS > 0));
        waitingBytes = waiting.Sum(static w => (long)w.Length);
        Unless(default);
    }

    /// <summary>
    /// The session ends: gives the messages of shared subscriptions that another member may have. A QoS 2 message that was sent is not among
    /// them (MQTT-4.8.2-5).
    /// </summary>
    public IEnumerable<Outgoing> TakeShared()
    {
        var sent = inflight?.Values.Where(static i => i is { QoS: 1, Outgoing.Shared: not null }).OrderBy(static i => i.Sequence).Select(static i => i.Outgoing).ToList();
        var others = waiting?.Where(static w => w.Shared is not null).ToList();
        inflight = null;
        waiting = null;
        waitingBytes = 0;
        return [.. sent ?? [], .. others ?? []];
    }

    private bool Forget(Inflight message)
    {
        inflight!.Remove(message.Id);
        ids!.Release(message.Id);
        if (message.Sent)
            outstanding--;
        return true;
    }

    private void RemoveFirst()
    {
        waiting!.Dequeue();
        if (waiting.Count == 0)
            waiting = null;
    }

    private DeliveryResult Unless(DeliveryResult result)
    {
        if (waiting!.Count == 0)
            waiting = null;
        return result;
    }
}

/// <summary>A message with what one subscriber gets of it.</summary>
/// <param name="Kept">Null in the entry of a batch, and for a message that is not kept.</param>
/// <param name="Shared">The shared subscription it came by; null otherwise.</param>
internal readonly record struct Outgoing(KeptMessage? Kept, byte QoS, bool Retain, int[]? Identifiers, SharedGroup? Shared, RetainedBatch? Batch = null)
{
    public int Length => Kept?.Length ?? 0;
}

/// <summary>A QoS 1 or 2 message that was sent and is not done.</summary>
internal sealed class Inflight(ushort id, long sequence, byte qos, in Outgoing outgoing)
{
    public ushort Id { get; } = id;

    /// <summary>Its place in the order of sending, then of its PUBREL.</summary>
    public long Sequence { get; set; } = sequence;

    public byte QoS { get; } = qos;

    public Outgoing Outgoing { get; set; } = outgoing;

    /// <summary>QoS 2: the client has it; PUBREL is what it gets from now on.</summary>
    public bool IsReleased { get; set; }

    /// <summary>On this connection, so that it counts against the client's receive maximum.</summary>
    public bool Sent { get; set; }
}

/// <summary>The retained messages that a new subscription gets, sent as the client takes them.</summary>
internal sealed class RetainedBatch(IReadOnlyList<KeptMessage> messages, byte qos, int[]? identifiers)
{
    private int next;

    public byte QoS { get; } = qos;

    public int[]? Identifiers { get; } = identifiers;

    public int Left => messages.Count - next;

    public bool TryPeek(out Outgoing outgoing)
    {
        outgoing = default;
        if (next == messages.Count)
            return false;
        outgoing = new Outgoing(messages[next], Math.Min(messages[next].QoS, QoS), true, Identifiers, null);
        return true;
    }

    public void Advance() => next++;
}
