using Strata.Mqtt.Durability;
using Strata.Mqtt.Inspection;
using Strata.Mqtt.Limits;
using Strata.Mqtt.Subscriptions;

namespace Strata.Mqtt.Delivery;

/// <summary>
/// The messages on their way to one client: those sent and not acknowledged, and those that wait. It outlives the connection when the session does.
/// Guarded by the outbox that has it, else by the session.
/// </summary>
internal sealed class MessageFlow(MqttOptions options, Session session)
{
    private PacketIdWindow? ids;
    private Dictionary<ushort, Inflight>? inflight;
    private Queue<Inflight>? again;
    private WaitingQueue? waiting;
    private long waitingBytes;
    private long sequence;
    private int outstanding;
    private int quota = options.MaxInflightToClient;
    private long numbers;
    private long waitingSince = -1;
    private List<OwedRetained>? owed;
    private long lastOwed;

    public Session Session => session;

    /// <summary>Whether the session outlives its connection, so that what is sent is kept until it is acknowledged.</summary>
    public bool Keeps { get; set; }

    /// <summary>No more QoS 1 and 2 messages may be sent until some are acknowledged.</summary>
    public bool IsFull => outstanding >= quota || ids is { IsFull: true };

    /// <summary>Whether a message has to stand in line.</summary>
    public bool MustWait(byte qos) => waiting is not null || again is not null || (qos > 0 && IsFull);

    /// <summary>Whether a QoS 2 message of a stored session may be held back until it is on the disk, to be sent before all that waits.</summary>
    public bool MayHold => waiting is null && HasRoomToHold;

    public int Waiting => waiting?.Count ?? 0;

    public long WaitingBytes => waitingBytes;

    /// <summary>Since when messages wait without a break, by the engine's clock; negative: none waits.</summary>
    public long WaitingSince => waitingSince;

    /// <summary>What waits and what is to be sent again.</summary>
    public int Backlog => (waiting?.Count ?? 0) + (again?.Count ?? 0);

    public int Unacknowledged => ids?.InUse ?? 0;

    /// <summary>Whether what happens to QoS 1 and 2 messages is stored.</summary>
    public bool IsStored => session.StoredAs > 0;

    /// <summary>The number of the last message; see <see cref="Place"/>.</summary>
    public long Numbers => numbers;

    private QueueUse All => session.Namespace.Queued;

    private SessionStore Store => session.Namespace.Store!;

    private bool HasRoomToHold => (again is null || (again.TryPeek(out var next) && next.IsHeld))
        && outstanding + (again?.Count ?? 0) < quota && ids is not { IsFull: true };

    /// <summary>Notes a message that is being sent and gives its packet id.</summary>
    /// <param name="outgoing">For those that are kept; the default otherwise. It comes back with its number.</param>
    public ushort Send(ref Outgoing outgoing, byte qos)
    {
        if (qos > 0)
            Number(ref outgoing);
        ids ??= new PacketIdWindow(options.MaxInflightToClient);
        var id = ids.Take();
        outstanding++;
        if (qos == 2 || outgoing.Kept is not null)
            (inflight ??= []).Add(id, new Inflight(id, ++sequence, qos, outgoing) { Sent = true, WasSent = true });
        return id;
    }

    /// <summary>Gives a QoS 2 message its packet id and holds it back until that is on the disk, when <see cref="Unhold"/> is called.</summary>
    public ushort Hold(ref Outgoing outgoing)
    {
        Number(ref outgoing);
        ids ??= new PacketIdWindow(options.MaxInflightToClient);
        var message = new Inflight(ids.Take(), ++sequence, 2, outgoing) { IsHeld = true };
        (inflight ??= []).Add(message.Id, message);
        (again ??= []).Enqueue(message);
        return message.Id;
    }

    public void Unhold(ushort id)
    {
        if (inflight is not null && inflight.TryGetValue(id, out var message))
            message.IsHeld = false;
    }

    /// <summary>Where a numbered message stands, for its record.</summary>
    /// <param name="packetId">0: it waits.</param>
    public Place PlaceOf(in Outgoing outgoing, ushort packetId) => outgoing.Number == 0 ? default : new(
        session.StoredAs, outgoing.Number, outgoing.QoS, outgoing.Retain, packetId, outgoing.Identifiers, outgoing.Shared);

    /// <summary>A message that waited is under way.</summary>
    /// <param name="before">As it waited.</param>
    public void StoreSent(in Outgoing before, in Outgoing sent, ushort packetId)
    {
        if (before.Number > 0)
            Store.Sent(session.StoredAs, sent.Number, packetId);
        else if (sent.Number > 0)
            Store.Publish(session.Namespace.Name, sent.Kept!.Value, default, [PlaceOf(sent, packetId)], publisher: 0); // A retained message for a new subscription.
        if (sent is { Number: > 0, QoS: 2 })
            Store.Journal.Await(new AfterCommit(session, packetId));
    }

    /// <summary>A message that waited is not sent after all.</summary>
    public void Drop(in Outgoing outgoing)
    {
        if (outgoing.Number > 0 && IsStored)
            Store.Done(session.StoredAs, outgoing.Number, outgoing.Kept);
    }

    /// <summary>The client acknowledges a QoS 1 message.</summary>
    /// <returns>False: there is none with this id.</returns>
    public bool Acknowledge(ushort id)
    {
        if (inflight is not null && inflight.TryGetValue(id, out var message))
        {
            if (message.QoS != 1)
                return false;
            message.Outgoing.Watch?.Invoke();
            return Forget(message);
        }

        if (ids is null || !ids.Release(id))
            return false;
        outstanding--;
        return true;
    }

    /// <summary>The client has received a QoS 2 message, or refuses it.</summary>
    /// <returns>Whether there is one with this id, to be answered with PUBREL unless it was refused; null when it is answered later.</returns>
    public bool? Receive(ushort id, bool refused)
    {
        if (inflight is null || !inflight.TryGetValue(id, out var message) || message.QoS != 2)
            return false;
        if (refused)
            return Forget(message);
        if (message.IsReleased)
            return message.IsHeld ? null : true;
        var kept = message.Outgoing.Kept;
        message.IsReleased = true;
        message.Outgoing = default;
        message.Sequence = ++sequence;
        if (message.Number == 0 || !IsStored)
            return true;
        message.IsHeld = true;
        (again ??= []).Enqueue(message);
        Store.Released(session.StoredAs, message.Number, kept);
        Store.Journal.Await(new AfterCommit(session, id));
        return null;
    }

    /// <summary>The client has let go of a QoS 2 message.</summary>
    public bool Complete(ushort id) =>
        inflight is not null && inflight.TryGetValue(id, out var message) && message is { QoS: 2, IsReleased: true } && Forget(message);

    /// <summary>Lets a message wait, within the limits of the session, its namespace and the node.</summary>
    /// <param name="away">The client is not there: a full queue makes room as the options say.</param>
    public Delivered Enqueue(Outgoing outgoing, bool away)
    {
        waiting ??= new WaitingQueue();
        var length = outgoing.Length;
        var result = DeliveryResult.Queued;
        var lost = 0;
        while (waiting.Count >= options.MaxQueuedMessagesPerClient || waitingBytes + length > options.MaxQueuedBytesPerClient || !All.TryTake(length))
        {
            if (!away)
                return Unless(outgoing.QoS == 0 ? DeliveryResult.Dropped : DeliveryResult.Overflow);
            result = DeliveryResult.Dropped;
            if (options.WhenAwayQueueIsFull == QueueOverflow.DropNewest || !waiting.TryDequeue(out var oldest))
                return Unless(result);
            if (oldest.Batch is { } batch)
                LetGo(batch);
            else
                Left(oldest);
            Drop(oldest);
            if (++lost > 1)
                session.Lose(LossReason.QueueFull); // The first is counted by who gave the message.
        }

        Number(ref outgoing);
        waiting.Enqueue(outgoing);
        waitingBytes += length;
        Settle();
        return new Delivered(result, IsTaken: true, PlaceOf(outgoing, 0));
    }

    /// <summary>Retained messages for a new subscription wait as one entry.</summary>
    public void Enqueue(RetainedBatch batch)
    {
        (waiting ??= new WaitingQueue()).Enqueue(new Outgoing(batch));
        RetainedWaiting += batch.Left;
        Settle();
    }

    /// <summary>Retained messages of a subscription are to be sent, also after a restart, until their batch is.</summary>
    /// <param name="version">See <see cref="OwedRetained"/>.</param>
    public void Owe(string filter, long version, RetainedBatch batch)
    {
        var due = new OwedRetained(batch.Owed = ++lastOwed, filter, version);
        (owed ??= []).Add(due);
        if (IsStored)
            Store.Owed(session.StoredAs, due);
    }

    /// <summary>The same, as they were found again.</summary>
    public void Restore(in OwedRetained due, RetainedBatch batch)
    {
        batch.Owed = lastOwed = due.Id;
        (owed ??= []).Add(due);
        if (batch is { Left: > 0, QoS: > 0 })
            Enqueue(batch);
        else
            Settled(batch);
    }

    /// <summary>What is owed, as it is stored as a whole.</summary>
    public IReadOnlyCollection<OwedRetained> Owed => owed is null ? [] : [.. owed];

    /// <summary>Retained messages that wait to be sent.</summary>
    public long RetainedWaiting { get; private set; }

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

            if (next.IsHeld || (next is { IsReleased: false, Sent: false } && outstanding >= quota))
                return null;
            again.Dequeue();
            if (!next.Sent)
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
        if (waiting is null)
            return default;
        var next = waiting.Peek();
        if (next.Batch is { } batch)
        {
            if (batch.TryPeek(out var retained))
            {
                if (!MayTake(retained.QoS))
                    return default;
                batch.Advance();
                RetainedWaiting--;
                return retained;
            }

            RemoveFirst();
            Settled(batch);
            return TakeWaiting();
        }

        if (!MayTake(next.QoS))
            return default;
        Left(next);
        RemoveFirst();
        return next;
    }

    /// <summary>Whether a QoS 2 message is held back before it is sent.</summary>
    public bool Holds(byte qos) => qos == 2 && IsStored;

    /// <summary>Goes on from what was stored.</summary>
    /// <param name="groupOf">The shared subscription with a filter; null when it is gone.</param>
    public void Restore(StoredSession stored, Func<string, SharedGroup?> groupOf)
    {
        numbers = stored.Numbers;
        foreach (var entry in stored.Messages)
        {
            var outgoing = new Outgoing(
                entry.Message, entry.QoS, entry.Retain, entry.Identifiers, entry.Shared is null ? null : groupOf(entry.Shared)) { Number = entry.Number };
            if (entry.PacketId == 0)
            {
                (waiting ??= new WaitingQueue()).Enqueue(outgoing);
                waitingBytes += outgoing.Length;
                All.Change(1, outgoing.Length);
                continue;
            }

            ids ??= new PacketIdWindow(Math.Max(options.MaxInflightToClient, stored.Messages.Max(static e => e.PacketId)));
            ids.Claim(entry.PacketId);
            (inflight ??= []).Add(entry.PacketId, new Inflight(entry.PacketId, ++sequence, entry.QoS, outgoing) { IsReleased = entry.IsReleased, WasSent = true });
        }

        Settle();
    }

    /// <summary>The messages as they are stored as a whole.</summary>
    public IReadOnlyCollection<(Place Place, KeptMessage? Message)> Places() =>
    [
        .. (inflight?.Values ?? Enumerable.Empty<Inflight>()).Where(static i => i.Number > 0).OrderBy(static i => i.Sequence).Select(i => (
            PlaceOf(i.Outgoing with { Number = i.Number, QoS = i.QoS }, i.Id), i.Outgoing.Kept)),
        .. waiting?.Where(static w => w.Number > 0).Select(w => (PlaceOf(w, 0), w.Kept)) ?? [],
    ];

    /// <summary>A connection takes it up: what was sent before is sent again, in its order (MQTT-4.4.0-1).</summary>
    public void Resume(int receiveMaximum)
    {
        quota = Math.Min(receiveMaximum, options.MaxInflightToClient);
        if (inflight is { Count: > 0 })
            again = new Queue<Inflight>(inflight.Values.OrderBy(static i => i.Sequence));
        if (waitingSince >= 0)
            waitingSince = session.Clock.Coarse;
    }

    /// <summary>The connection is gone: QoS 0 is not kept for later.</summary>
    public void Suspend()
    {
        outstanding = 0;
        again = null;
        session.Traffic.Suspend();
        foreach (var message in inflight?.Values ?? Enumerable.Empty<Inflight>())
            message.Sent = false;
        if (waiting is null)
            return;
        var before = (waiting.Count, Messages: MessagesWaiting, Bytes: waitingBytes);
        var kept = new WaitingQueue();
        foreach (var outgoing in waiting.Where(static w => w.QoS > 0))
            kept.Enqueue(outgoing);
        waiting = kept;
        waitingBytes = waiting.Sum(static w => (long)w.Length);
        All.Change(MessagesWaiting - before.Messages, waitingBytes - before.Bytes);
        RetainedWaiting = waiting.Sum(static w => (long)(w.Batch?.Left ?? 0));
        if (waiting.Count < before.Count)
            session.Lose(LossReason.ConnectionLost, before.Count - waiting.Count);
        Unless(default);
    }

    /// <summary>
    /// The session ends: gives the messages of shared subscriptions that another member may have. A QoS 2 message that was sent is not among
    /// them (MQTT-4.8.2-5).
    /// </summary>
    /// <param name="left">How many are lost: those that waited for this client alone.</param>
    public IReadOnlyList<Outgoing> TakeShared(out int left)
    {
        var sent = inflight?.Values.Where(static i => i is { QoS: 1, Outgoing.Shared: not null }).OrderBy(static i => i.Sequence).Select(static i => i.Outgoing).ToList();
        var others = waiting?.Where(static w => w.Shared is not null).ToList();
        left = (waiting?.Count ?? 0) - (others?.Count ?? 0);
        All.Change(-MessagesWaiting, -waitingBytes);
        if (IsStored)
            Stored().ForEach(Store.Forget);
        inflight = null;
        waiting = null;
        waitingBytes = RetainedWaiting = 0;
        Settle();
        return [.. sent ?? [], .. others ?? []];
    }

    /// <summary>The messages that are stored.</summary>
    private List<KeptMessage?> Stored() =>
    [
        .. inflight?.Values.Where(static i => i.Number > 0).Select(static i => i.Outgoing.Kept) ?? [],
        .. waiting?.Where(static w => w.Number > 0).Select(static w => w.Kept) ?? [],
    ];

    private bool MayTake(byte qos) => Holds(qos) ? HasRoomToHold : again is null && (qos == 0 || !IsFull);

    /// <summary>Gives a message of a stored session its number, once.</summary>
    private void Number(ref Outgoing outgoing)
    {
        if (outgoing is { Number: 0, QoS: > 0, Kept: not null } && IsStored)
            outgoing = outgoing with { Number = ++numbers };
    }

    private bool Forget(Inflight message)
    {
        if (message.Number > 0 && IsStored)
            Store.Done(session.StoredAs, message.Number, message.Outgoing.Kept);
        inflight!.Remove(message.Id);
        ids!.Release(message.Id);
        if (message.Sent)
            outstanding--;
        return true;
    }

    /// <summary>Messages that wait and count; entries of retained messages are counted apart.</summary>
    private int MessagesWaiting => waiting?.Count(static w => w.Batch is null) ?? 0;

    private void LetGo(RetainedBatch batch)
    {
        RetainedWaiting -= batch.Left;
        Settled(batch);
    }

    private void Settled(RetainedBatch batch)
    {
        if (batch.Owed == 0 || owed is null || owed.RemoveAll(o => o.Id == batch.Owed) == 0)
            return;
        if (owed.Count == 0)
            owed = null;
        if (IsStored)
            Store.Settled(session.StoredAs, batch.Owed);
    }

    /// <summary>A message has left the queue.</summary>
    private void Left(in Outgoing outgoing)
    {
        waitingBytes -= outgoing.Length;
        All.Change(-1, -outgoing.Length);
    }

    private void RemoveFirst()
    {
        waiting!.TryDequeue(out _);
        if (waiting.Count == 0)
            waiting = null;
        Settle();
    }

    /// <summary>The namespace's figures follow.</summary>
    private void Settle()
    {
        if (Waiting == 0)
            waitingSince = -1;
        else if (waitingSince < 0)
            waitingSince = session.Clock.Coarse;
    }

    private Delivered Unless(DeliveryResult result)
    {
        if (waiting!.Count == 0)
            waiting = null;
        Settle();
        return result;
    }
}

/// <summary>A QoS 1 or 2 message that was sent and is not done.</summary>
internal sealed class Inflight(ushort id, long sequence, byte qos, in Outgoing outgoing)
{
    public ushort Id { get; } = id;

    /// <summary>Its place in the order of sending, then of its PUBREL.</summary>
    public long Sequence { get; set; } = sequence;

    public byte QoS { get; } = qos;

    /// <summary>Its number in a stored session; 0 when it has none.</summary>
    public long Number { get; } = outgoing.Number;

    public Outgoing Outgoing { get; set; } = outgoing;

    /// <summary>QoS 2: the client has it; PUBREL is what it gets from now on.</summary>
    public bool IsReleased { get; set; }

    /// <summary>It, or its PUBREL, must not leave before what is stored about it is on the disk.</summary>
    public bool IsHeld { get; set; }

    /// <summary>It was sent before, on whatever connection.</summary>
    public bool WasSent { get; set; }

    /// <summary>On this connection, so that it counts against the client's receive maximum.</summary>
    public bool Sent { get; set; }
}

/// <summary>The retained messages that a new subscription gets, sent as the client takes them.</summary>
internal sealed class RetainedBatch(IReadOnlyList<KeptMessage> messages, byte qos, int[]? identifiers)
{
    private int next;

    public byte QoS { get; } = qos;

    public int[]? Identifiers { get; } = identifiers;

    /// <summary>The <see cref="OwedRetained.Id"/>; 0: it is not kept for after a restart.</summary>
    public long Owed { get; set; }

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
