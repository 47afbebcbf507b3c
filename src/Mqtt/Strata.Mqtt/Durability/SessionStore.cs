using Strata.Mqtt.Connections;
using Strata.Mqtt.Delivery;
using Strata.Mqtt.Subscriptions;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Durability;

/// <summary>
/// Sessions that outlive their connection, what is on its way to them, and retained messages, as records in a <see cref="Journal"/>. Who changes a session appends
/// the change under the session's or its outbox's lock, so that the records of a session stand in order; messages on their way carry the session's own numbers,
/// so that a publish, which is appended after its deliveries, may stand behind what became of them.
/// </summary>
internal sealed class SessionStore(Journal journal, MqttClock clock) : IDisposable
{
    private long lastSession;
    private long lastMessage;
    private long queuedBytes;

    public Journal Journal { get; } = journal;

    /// <summary>Bytes of the journal that messages on their way count for; nearly.</summary>
    public long QueuedBytes => Math.Max(0, Volatile.Read(ref queuedBytes));

    /// <summary>Goes on from what is stored.</summary>
    public void Continue(StoredState stored)
    {
        (lastSession, lastMessage) = (stored.HighestSession, stored.HighestMessage);
        List<KeptMessage> messages = [.. stored.Sessions.SelectMany(static session => session.Messages).Select(static entry => entry.Message).OfType<KeptMessage>()];
        messages.ForEach(static message => message.NotePlace());
        queuedBytes = messages.Sum(static message => (long)message.Share);
    }

    public long NextSession() => Interlocked.Increment(ref lastSession);

    /// <param name="publisher">The publisher's session, when that is stored and the message is QoS 2; else 0.</param>
    public long Publish(string @namespace, KeptMessage message, in Origin origin, ReadOnlySpan<Place> places, long publisher)
    {
        if (!places.IsEmpty)
        {
            message.NotePlaces(places.Length);
            Interlocked.Add(ref queuedBytes, (long)message.Share * places.Length);
        }

        return Journal.Append(new PublishRecord(this, @namespace, message, origin, places, publisher), origin.After);
    }

    /// <summary>What a topic retains, or with an empty message that it retains nothing.</summary>
    public long Retain(string @namespace, Retained retained) =>
        Publish(@namespace, retained.Message, new Origin(Retained: retained.Version, Author: retained.Author), [], publisher: 0);

    public void Sent(long session, long number, ushort packetId) => Journal.Append(new PlainRecord(RecordType.Sent, session, number, packetId));

    public void Released(long session, long number, KeptMessage? message)
    {
        Forget(message);
        Journal.Append(new PlainRecord(RecordType.Released, session, number));
    }

    /// <param name="message">Null when it was released before.</param>
    public void Done(long session, long number, KeptMessage? message)
    {
        Forget(message);
        Journal.Append(new PlainRecord(RecordType.Done, session, number));
    }

    /// <summary>A message that one session has no more counts for less.</summary>
    public void Forget(KeptMessage? message)
    {
        if (message is { } gone)
            Interlocked.Add(ref queuedBytes, -gone.Share);
    }

    public void Received(long session, ushort packetId, in AfterCommit after) => Journal.Append(new PlainRecord(RecordType.Received, session, packetId), after);

    public void Forgotten(long session, ushort packetId, in AfterCommit after) => Journal.Append(new PlainRecord(RecordType.Forgotten, session, packetId), after);

    public void Subscribed(long session, string filter, SubscriptionOptions options) => Journal.Append(new SubscriptionRecord(session, filter, options));

    public void Unsubscribed(long session, string filter) => Journal.Append(new SubscriptionRecord(session, filter, null));

    /// <summary>A subscription was accepted whose retained messages are still to be sent; see <see cref="OwedRetained"/>.</summary>
    public void Owed(long session, in OwedRetained owed) => Journal.Append(new OwedRecord(session, owed));

    /// <summary>They are sent, each as what it is on its own, or nobody is to have them any more.</summary>
    public void Settled(long session, long owed) => Journal.Append(new PlainRecord(RecordType.Settled, session, owed));

    public void Present(long session, in Presence presence) => Journal.Append(new PresenceRecord(this, session, presence));

    public void Ended(long session) => Journal.Append(new PlainRecord(RecordType.Ended, session));

    public void Whole(in SessionImage image) => Journal.Append(new SessionRecord(this, image));

    /// <summary>A record without a meaning, so that a new era has a segment.</summary>
    public void Mark(in AfterCommit after) => Journal.Append(new PlainRecord(RecordType.Mark), after);

    public void Dispose() => Journal.Dispose();

    internal void Write(RecordWriter writer, KeptMessage message, int era)
    {
        if (message.StoredIn == era)
        {
            writer.Number(message.StoredAs);
            writer.Byte(0);
            return;
        }

        message.NoteStored(era, ++lastMessage);
        writer.Number(message.StoredAs);
        writer.Byte((byte)(1 + message.QoS));
        writer.Number(clock.ToWall(message.ExpiresAt));
        writer.Bytes(message.Topic);
        writer.Bytes(message.Properties);
        writer.Bytes(message.Payload);
    }

    internal static void Write(RecordWriter writer, in Place place, bool released = false)
    {
        writer.Number(place.Number);
        var flags = (PlaceFlags)place.QoS | (place.Retain ? PlaceFlags.Retain : 0) | (place.PacketId > 0 ? PlaceFlags.PacketId : 0)
            | (place.Identifiers is null ? 0 : PlaceFlags.Identifiers) | (place.Shared is null ? 0 : PlaceFlags.Shared) | (released ? PlaceFlags.Released : 0);
        writer.Byte((byte)flags);
        if (place.PacketId > 0)
            writer.Number(place.PacketId);
        if (place.Identifiers is { } identifiers)
        {
            writer.Number(identifiers.Length);
            foreach (var identifier in identifiers)
                writer.Number(identifier);
        }

        if (place.Shared is { } shared)
            writer.Text(shared.Filter);
    }

    internal void Write(RecordWriter writer, in Presence presence)
    {
        writer.Number(presence.ExpirySeconds);
        writer.Number(clock.ToWall(presence.ExpiresAt));
        writer.Byte((byte)(presence.Will is null ? 0 : 1));
        if (presence.Will is not { } will)
            return;
        writer.Number(clock.ToWall(presence.WillAt));
        writer.Bytes(will.Topic);
        writer.Bytes(will.Payload);
        writer.Bytes(will.Properties);
        writer.Byte((byte)(will.QoS | (will.Retain ? 4 : 0)));
        writer.Number(will.DelaySeconds);
    }

    internal static void Write(RecordWriter writer, KnownClient client)
    {
        writer.Text(client.Owner);
        writer.Text(client.ClientId);
        writer.Text(client.UserName);
    }

    internal static void Write(RecordWriter writer, SubscriptionOptions options)
    {
        writer.Byte((byte)(options.QoS | (options.NoLocal ? 4 : 0) | (options.RetainAsPublished ? 8 : 0) | ((int)options.RetainHandling << 4)));
        writer.Number(options.Identifier);
    }
}

internal enum RecordType : byte
{
    Publish = 1,
    Sent = 2,
    Released = 3,
    Done = 4,
    Received = 5,
    Forgotten = 6,
    Session = 7,
    Presence = 8,
    Subscribed = 9,
    Unsubscribed = 10,
    Ended = 11,
    Mark = 12,
    Owed = 13,
    Settled = 14,
}

[Flags]
internal enum PlaceFlags : byte
{
    QoS = 3,
    Retain = 4,
    PacketId = 8,
    Identifiers = 16,
    Shared = 32,
    Released = 64,
}

/// <summary>A message's place in a session.</summary>
/// <param name="Number">The session's own; goes up.</param>
/// <param name="PacketId">Under which it was sent; 0: it waits.</param>
internal readonly record struct Place(long Session, long Number, byte QoS, bool Retain, ushort PacketId, int[]? Identifiers, SharedGroup? Shared);

/// <summary>Whether a session's client is there, and what is due when it is not.</summary>
/// <param name="ExpiresAt">By the engine's clock; <see cref="long.MaxValue"/> while the client is connected.</param>
/// <param name="WillAt">When the will is published; <see cref="long.MaxValue"/> while the client is connected.</param>
internal readonly record struct Presence(uint ExpirySeconds, long ExpiresAt, Will? Will, long WillAt);

/// <summary>The retained messages of a filter that a subscription found and that are not all sent yet. They are not stored again: after a restart they are looked for.</summary>
/// <param name="Id">The session's own; goes up.</param>
/// <param name="Version">What was retained then had this version at most; what came later was delivered as it came.</param>
internal readonly record struct OwedRetained(long Id, string Filter, long Version);

/// <summary>A session as a whole.</summary>
internal readonly record struct SessionImage(
    Session Session, Presence Presence, long Numbers, IReadOnlyCollection<KeyValuePair<string, Subscription>> Subscriptions, IReadOnlyCollection<ushort> Received,
    IReadOnlyCollection<(Place Place, KeptMessage? Message)> Places, IReadOnlyCollection<OwedRetained> Owed);

internal readonly struct PlainRecord(RecordType type, long first = -1, long second = -1, long third = -1) : IRecord
{
    public void Write(RecordWriter writer, int era)
    {
        writer.Byte((byte)type);
        if (first >= 0)
            writer.Number(first);
        if (second >= 0)
            writer.Number(second);
        if (third >= 0)
            writer.Number(third);
    }
}

internal readonly struct SubscriptionRecord(long session, string filter, SubscriptionOptions? options) : IRecord
{
    public void Write(RecordWriter writer, int era)
    {
        writer.Byte((byte)(options is null ? RecordType.Unsubscribed : RecordType.Subscribed));
        writer.Number(session);
        writer.Text(filter);
        if (options is not null)
            SessionStore.Write(writer, options);
    }
}

internal readonly struct OwedRecord(long session, OwedRetained owed) : IRecord
{
    public void Write(RecordWriter writer, int era)
    {
        writer.Byte((byte)RecordType.Owed);
        writer.Number(session);
        writer.Number(owed.Id);
        writer.Text(owed.Filter);
        writer.Number(owed.Version);
    }
}

internal readonly struct PresenceRecord(SessionStore store, long session, Presence presence) : IRecord
{
    public void Write(RecordWriter writer, int era)
    {
        writer.Byte((byte)RecordType.Presence);
        writer.Number(session);
        store.Write(writer, presence);
    }
}

internal readonly ref struct PublishRecord(
    SessionStore store, string @namespace, KeptMessage message, Origin origin, ReadOnlySpan<Place> places, long publisher) : IRecord
{
    private readonly ReadOnlySpan<Place> places = places;

    public void Write(RecordWriter writer, int era)
    {
        writer.Byte((byte)RecordType.Publish);
        store.Write(writer, message, era);
        writer.Number(origin.Retained);
        if (origin.Retained > 0)
        {
            writer.Text(@namespace);
            writer.Byte((byte)(origin.Author is null ? 0 : 1));
            if (origin.Author is { } author)
                SessionStore.Write(writer, author);
        }

        writer.Number(publisher);
        if (publisher > 0)
            writer.Number(origin.PacketId);
        writer.Number(places.Length);
        foreach (ref readonly var place in places)
        {
            writer.Number(place.Session);
            SessionStore.Write(writer, place);
        }
    }
}

internal readonly struct SessionRecord(SessionStore store, SessionImage image) : IRecord
{
    public void Write(RecordWriter writer, int era)
    {
        var session = image.Session;
        writer.Byte((byte)RecordType.Session);
        writer.Number(session.StoredAs);
        writer.Text(session.Namespace.Name);
        SessionStore.Write(writer, session.Identity);
        store.Write(writer, image.Presence);
        writer.Number(image.Numbers);
        writer.Number(image.Subscriptions.Count);
        foreach (var (filter, subscription) in image.Subscriptions)
        {
            writer.Text(filter);
            SessionStore.Write(writer, subscription.Options);
        }

        writer.Number(image.Received.Count);
        foreach (var packetId in image.Received)
            writer.Number(packetId);
        writer.Number(image.Places.Count);
        foreach (var (place, message) in image.Places)
        {
            SessionStore.Write(writer, place, released: message is null);
            if (message is { } kept)
                store.Write(writer, kept, era);
        }

        // In the same batch: the session is never there without them.
        foreach (var owed in image.Owed)
            new OwedRecord(session.StoredAs, owed).Write(writer, era);
    }
}
