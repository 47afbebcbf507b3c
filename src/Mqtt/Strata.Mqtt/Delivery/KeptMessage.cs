using System.Runtime.InteropServices;

namespace Strata.Mqtt.Delivery;

/// <summary>
/// A message that outlives its publisher's buffer: it is retained, or a subscriber is slow or away; shared by all who wait for it. It is one block of memory, because
/// millions may wait: a head, then topic, properties and payload. The default is no message.
/// </summary>
internal readonly struct KeptMessage
{
    private static readonly int HeadSize = Marshal.SizeOf<Head>();

    private readonly byte[] block;

    public KeptMessage(in Message message, MqttClock clock)
        : this(
            message.Topic, message.Properties, message.Payload, message.QoS, message.ExpiryOffset,
            message.ExpiryOffset < 0 ? long.MaxValue : clock.Now + (message.ExpirySeconds * 1000L))
    {
    }

    /// <summary>From where it was stored.</summary>
    public KeptMessage(ReadOnlySpan<byte> topic, ReadOnlySpan<byte> properties, ReadOnlySpan<byte> payload, byte qos, long expiresAt)
        : this(topic, properties, payload, qos, Message.ExpiryIn(properties), expiresAt)
    {
    }

    /// <summary>One that is there already.</summary>
    /// <param name="block">What <see cref="Block"/> gave.</param>
    public KeptMessage(byte[] block) => this.block = block;

    private KeptMessage(ReadOnlySpan<byte> topic, ReadOnlySpan<byte> properties, ReadOnlySpan<byte> payload, byte qos, int expiryOffset, long expiresAt)
    {
        block = new byte[HeadSize + topic.Length + properties.Length + payload.Length];
        HeadOf(block) = new Head { ExpiresAt = expiresAt, ExpiryOffset = expiryOffset, TopicLength = topic.Length, PropertiesLength = properties.Length, QoS = qos };
        var rest = block.AsSpan(HeadSize);
        topic.CopyTo(rest);
        properties.CopyTo(rest[topic.Length..]);
        payload.CopyTo(rest[(topic.Length + properties.Length)..]);
    }

    /// <summary>What queues hold; not to be read or changed.</summary>
    public byte[] Block => block;

    /// <summary>By the engine's clock, ms.</summary>
    public long ExpiresAt => HeadOf(block).ExpiresAt;

    /// <summary>The journal's era in which it was written last; under the journal's lock.</summary>
    public int StoredIn => HeadOf(block).StoredIn;

    /// <summary>Its number there.</summary>
    public long StoredAs => HeadOf(block).StoredAs;

    /// <summary>What of the journal counts for one of its places in sessions' queues; nearly.</summary>
    public int Share => 12 + ((32 + Length) / Math.Max(1, HeadOf(block).Places));

    /// <summary>As published.</summary>
    public byte QoS => HeadOf(block).QoS;

    public int Length => block.Length - HeadSize;

    public ReadOnlySpan<byte> Topic => block.AsSpan(HeadSize, HeadOf(block).TopicLength);

    public ReadOnlySpan<byte> Properties => block.AsSpan(HeadSize + HeadOf(block).TopicLength, HeadOf(block).PropertiesLength);

    public ReadOnlySpan<byte> Payload => block.AsSpan(HeadSize + HeadOf(block).TopicLength + HeadOf(block).PropertiesLength);

    /// <summary>What removes it where it is retained.</summary>
    public KeptMessage Emptied() => new(Topic, default, default, QoS, long.MaxValue);

    public Message AsMessage(byte qos, bool retain, MqttClock clock)
    {
        ref var head = ref HeadOf(block);
        return new Message(Topic, Payload, Properties, qos, retain)
        {
            ExpiryOffset = head.ExpiryOffset, ExpirySeconds = head.ExpiryOffset < 0 ? 0 : (uint)Math.Max(0, (head.ExpiresAt - clock.Now + 999) / 1000),
        };
    }

    /// <summary>It is written to the journal; under its lock.</summary>
    public void NoteStored(int era, long number) => (HeadOf(block).StoredIn, HeadOf(block).StoredAs) = (era, number);

    /// <summary>In how many sessions' queues it was stored, so that its bytes are shared out among them.</summary>
    public void NotePlaces(int count) => HeadOf(block).Places = count;

    /// <summary>One more was found.</summary>
    public void NotePlace() => HeadOf(block).Places++;

    private static ref Head HeadOf(byte[] block) => ref MemoryMarshal.AsRef<Head>(block.AsSpan());

    private struct Head
    {
        public long ExpiresAt;
        public long StoredAs;
        public int StoredIn;
        public int Places;
        public int ExpiryOffset;
        public int TopicLength;
        public int PropertiesLength;
        public byte QoS;
    }
}
