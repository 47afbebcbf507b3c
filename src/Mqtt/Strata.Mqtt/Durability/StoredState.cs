using Strata.Mqtt.Connections;
using Strata.Mqtt.Delivery;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Durability;

/// <summary>What the records of a journal add up to. Records of a session that is not known belong to one that has ended; its whole image comes later if not.</summary>
internal sealed class StoredState(MqttClock clock)
{
    private readonly Dictionary<long, KeptMessage> messages = [];
    private readonly Dictionary<(string Namespace, string Topic), (long Version, KeptMessage? Message, KnownClient? Author)> retained = [];
    private readonly Dictionary<long, StoredSession> sessions = [];
    private long order;

    public long HighestSession { get; private set; }

    public long HighestMessage { get; private set; }

    public IReadOnlyCollection<StoredSession> Sessions => sessions.Values;

    /// <summary>What is retained, with its version; the message is null where there is none any more.</summary>
    public IEnumerable<(string Namespace, long Version, KeptMessage? Message, KnownClient? Author)> Retained =>
        retained.Select(static r => (r.Key.Namespace, r.Value.Version, r.Value.Message, r.Value.Author));

    /// <exception cref="InvalidDataException">The records are none of this version, or none that this program wrote.</exception>
    public void Read(ReadOnlySpan<byte> records)
    {
        try
        {
            var reader = new RecordReader(records);
            while (!reader.AtEnd)
                ReadRecord(ref reader);
        }
        catch (MqttProtocolException wrong)
        {
            throw new InvalidDataException($"A record holds what no client could have sent: {wrong.Message}", wrong);
        }
    }

    /// <summary>Judges what all records add up to.</summary>
    /// <param name="hasSkipped">Records were left out: of two messages that cannot both be, the older is done.</param>
    /// <exception cref="InvalidDataException">It cannot be.</exception>
    public void Check(bool hasSkipped)
    {
        var seen = new HashSet<ushort>();
        foreach (var session in sessions.Values)
        {
            seen.Clear();
            foreach (var message in session.Messages.Reverse().ToList())
            {
                if (message.PacketId == 0 || seen.Add(message.PacketId))
                    continue;
                if (!hasSkipped)
                    throw new InvalidDataException($"The session of '{session.Client.ClientId}' has two messages under way as packet {message.PacketId}.");
                session.Finish(message.Number);
            }
        }
    }

    private void ReadRecord(ref RecordReader reader)
    {
        var type = (RecordType)reader.Byte();
        switch (type)
        {
            case RecordType.Publish:
                ReadPublish(ref reader);
                break;
            case RecordType.Sent:
                if (Entry(reader.Number(), reader.Number()) is var sent && (ushort)reader.Number() is var packetId && sent is not null)
                    (sent.PacketId, sent.Order) = (packetId, ++order);
                break;
            case RecordType.Released:
                if (Entry(reader.Number(), reader.Number()) is { } released)
                    (released.IsReleased, released.Message, released.Order) = (true, null, ++order);
                break;
            case RecordType.Done:
                Finish(reader.Number(), reader.Number());
                break;
            case RecordType.Received:
                Find(reader.Number())?.Received.Add((ushort)reader.Number());
                break;
            case RecordType.Forgotten:
                Find(reader.Number())?.Received.Remove((ushort)reader.Number());
                break;
            case RecordType.Session:
                ReadSession(ref reader);
                break;
            case RecordType.Presence:
                var present = Find(reader.Number());
                var presence = ReadPresence(ref reader);
                if (present is not null)
                    present.Presence = presence;
                break;
            case RecordType.Subscribed:
                var subscriber = Find(reader.Number());
                var filter = ReadFilter(ref reader);
                var options = ReadOptions(ref reader);
                if (subscriber is not null)
                    subscriber.Subscriptions[filter] = options;
                break;
            case RecordType.Unsubscribed:
                Find(reader.Number())?.Subscriptions.Remove(reader.Text());
                break;
            case RecordType.Ended:
                sessions.Remove(reader.Number());
                break;
            case RecordType.Owed:
                var owing = Find(reader.Number());
                var owed = new OwedRetained(reader.Number(), ReadFilter(ref reader), reader.Number());
                owing?.Owed[owed.Id] = owed;
                break;
            case RecordType.Settled:
                Find(reader.Number())?.Owed.Remove(reader.Number());
                break;
            case RecordType.Mark:
                break;
            default:
                throw new InvalidDataException($"A record has type {(int)type}, which this program does not know; use the program that wrote it.");
        }
    }

    private void ReadPublish(ref RecordReader reader)
    {
        var message = ReadMessage(ref reader);
        var version = reader.Number();
        if (version > 0)
        {
            var @namespace = reader.Text();
            Retain(@namespace, message, version, reader.Byte() == 0 ? null : ReadClient(ref reader, @namespace));
        }

        if (reader.Number() is > 0 and var publisher)
            Find(publisher, reader.Number());
        for (var count = reader.Number(); count > 0; count--)
        {
            var session = Find(reader.Number());
            var entry = ReadPlace(ref reader);
            entry.Message = message;
            if (session is not null && entry.Number > session.Floor)
                session.Add(entry);
        }
    }

    private void Find(long publisher, long packetId) => Find(publisher)?.Received.Add((ushort)packetId);

    private static KnownClient ReadClient(ref RecordReader reader, string @namespace)
    {
        var (owner, clientId, userName) = (reader.Text(), reader.Text(), reader.Text());
        return new KnownClient(@namespace, owner, clientId, userName.Length == 0 ? null : userName);
    }

    private void Retain(string @namespace, KeptMessage? kept, long version, KnownClient? author)
    {
        if (kept is not { } message)
            return;
        var topic = System.Text.Encoding.UTF8.GetString(message.Topic);
        if (!retained.TryGetValue((@namespace, topic), out var known) || known.Version < version)
            retained[(@namespace, topic)] = message.Payload.IsEmpty ? (version, null, null) : (version, message, author);
    }

    private void ReadSession(ref RecordReader reader)
    {
        var id = reader.Number();
        HighestSession = Math.Max(HighestSession, id);
        var session = new StoredSession(id, ReadClient(ref reader, reader.Text())) { Presence = ReadPresence(ref reader), Floor = reader.Number() };
        for (var count = reader.Number(); count > 0; count--)
            session.Subscriptions[ReadFilter(ref reader)] = ReadOptions(ref reader);
        for (var count = reader.Number(); count > 0; count--)
            session.Received.Add((ushort)reader.Number());
        for (var count = reader.Number(); count > 0; count--)
        {
            var entry = ReadPlace(ref reader);
            if (!entry.IsReleased)
                entry.Message = ReadMessage(ref reader);
            session.Add(entry);
        }

        sessions[id] = session;
    }

    private StoredEntry ReadPlace(ref RecordReader reader)
    {
        var number = reader.Number();
        var flags = (PlaceFlags)reader.Byte();
        var entry = new StoredEntry(number)
        {
            QoS = (byte)(flags & PlaceFlags.QoS),
            Retain = flags.HasFlag(PlaceFlags.Retain),
            IsReleased = flags.HasFlag(PlaceFlags.Released),
            PacketId = flags.HasFlag(PlaceFlags.PacketId) ? (ushort)reader.Number() : (ushort)0,
            Order = ++order,
        };
        if (flags.HasFlag(PlaceFlags.Identifiers))
        {
            entry.Identifiers = new int[reader.Count()];
            for (var i = 0; i < entry.Identifiers.Length; i++)
                entry.Identifiers[i] = (int)reader.Number();
        }

        if (flags.HasFlag(PlaceFlags.Shared))
            entry.Shared = reader.Text();
        return entry;
    }

    /// <returns>Null when it is one of an earlier era that nobody needs.</returns>
    private KeptMessage? ReadMessage(ref RecordReader reader)
    {
        var id = reader.Number();
        HighestMessage = Math.Max(HighestMessage, id);
        var kind = reader.Byte();
        if (kind == 0)
            return messages.TryGetValue(id, out var known) ? known : null;
        var expiresAt = reader.Number();
        if (kind > 3)
            throw new InvalidDataException("A message has a QoS that does not exist.");
        var topic = ReadTopic(ref reader);
        var properties = reader.Bytes();
        return messages[id] = new KeptMessage(topic, properties, reader.Bytes(), (byte)(kind - 1), clock.FromWall(expiresAt, Message.ExpirySecondsIn(properties)));
    }

    private static ReadOnlySpan<byte> ReadTopic(ref RecordReader reader)
    {
        var topic = reader.Bytes();
        return Topics.IsValidName(topic) ? topic : throw new InvalidDataException("A message has a topic that is no topic name.");
    }

    private static string ReadFilter(ref RecordReader reader)
    {
        var filter = reader.Bytes();
        var topics = filter;
        var isWhole = filter.Length <= ushort.MaxValue && System.Text.Unicode.Utf8.IsValid(filter) && (!Topics.IsShared(filter) || Topics.TrySplitShared(filter, out _, out topics));
        return isWhole && Topics.IsValidFilter(topics) ? System.Text.Encoding.UTF8.GetString(filter) : throw new InvalidDataException("A subscription has a filter that is none.");
    }

    private Presence ReadPresence(ref RecordReader reader)
    {
        var expiry = (uint)reader.Number();
        var expiresAt = clock.FromWall(reader.Number(), expiry);
        if (reader.Byte() == 0)
            return new Presence(expiry, expiresAt, null, long.MaxValue);
        var at = reader.Number();
        var (topic, payload, properties) = (ReadTopic(ref reader).ToArray(), reader.Bytes().ToArray(), reader.Bytes().ToArray());
        var flags = reader.Byte();
        var delay = (uint)reader.Number();
        return new Presence(expiry, expiresAt, new Will(topic, payload, properties, (byte)(flags & 3), (flags & 4) != 0, delay), clock.FromWall(at, delay));
    }

    private static SubscriptionOptions ReadOptions(ref RecordReader reader)
    {
        var options = reader.Byte();
        return SubscriptionOptions.Read(options, (int)reader.Number(), MqttProtocolVersion.V500);
    }

    private StoredSession? Find(long id)
    {
        HighestSession = Math.Max(HighestSession, id);
        return sessions.GetValueOrDefault(id);
    }

    private StoredEntry? Entry(long session, long number) => Find(session)?.Entry(number);

    private void Finish(long session, long number)
    {
        if (Find(session) is { } known)
            known.Finish(number);
    }
}

/// <summary>A session as the journal has it.</summary>
internal sealed class StoredSession(long id, KnownClient client)
{
    private readonly Dictionary<long, StoredEntry> entries = [];
    private long highest;

    public long Id { get; } = id;

    public KnownClient Client { get; } = client;

    public Presence Presence { get; set; }

    /// <summary>Messages up to this number are in the image that it began with, or done.</summary>
    public long Floor { get; init; }

    public Dictionary<string, SubscriptionOptions> Subscriptions { get; } = new(StringComparer.Ordinal);

    public HashSet<ushort> Received { get; } = [];

    /// <summary>Retained messages that were still to be sent, by their ids.</summary>
    public SortedDictionary<long, OwedRetained> Owed { get; } = [];

    /// <summary>The highest number any message had.</summary>
    public long Numbers => Math.Max(highest, Floor);

    /// <summary>The messages on their way, those under way in the order of their sending, then those that wait.</summary>
    public IEnumerable<StoredEntry> Messages => entries.Values
        .Where(static e => e.IsReleased ? e.PacketId > 0 : e.Message is not null)
        .OrderBy(static e => e.PacketId == 0).ThenBy(static e => e.PacketId == 0 ? e.Number : e.Order);

    /// <summary>A message comes; what became of it may have been told before.</summary>
    public void Add(StoredEntry entry)
    {
        highest = Math.Max(highest, entry.Number);
        if (!entries.Remove(entry.Number, out var early))
        {
            entries.Add(entry.Number, entry);
        }
        else if (!early.IsDone)
        {
            if (early.PacketId > 0)
                (entry.PacketId, entry.Order) = (early.PacketId, early.Order);
            if (early.IsReleased)
                (entry.IsReleased, entry.Message) = (true, null);
            entries.Add(entry.Number, entry);
        }
    }

    /// <summary>The entry of a message, made when it is not known yet.</summary>
    /// <returns>Null when it is one of an earlier era, and done.</returns>
    public StoredEntry? Entry(long number)
    {
        highest = Math.Max(highest, number);
        if (entries.TryGetValue(number, out var known))
            return known;
        if (number <= Floor)
            return null;
        return entries[number] = new StoredEntry(number);
    }

    public void Finish(long number)
    {
        if (entries.Remove(number, out var known) && (known.Message is not null || known.IsReleased))
            return;
        if (Entry(number) is { } early)
            early.IsDone = true;
    }
}

/// <summary>A message on its way, as the journal has it.</summary>
internal sealed class StoredEntry(long number)
{
    public long Number { get; } = number;

    public KeptMessage? Message { get; set; }

    public byte QoS { get; set; }

    public bool Retain { get; set; }

    public int[]? Identifiers { get; set; }

    /// <summary>The filter of the shared subscription it came by, with its share name; null for none.</summary>
    public string? Shared { get; set; }

    public ushort PacketId { get; set; }

    public bool IsReleased { get; set; }

    public bool IsDone { get; set; }

    /// <summary>Its place among those that were sent.</summary>
    public long Order { get; set; }
}
