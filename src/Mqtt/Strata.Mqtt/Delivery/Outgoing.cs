using Strata.Mqtt.Subscriptions;

namespace Strata.Mqtt.Delivery;

/// <summary>A message with what one subscriber gets of it. Queues hold millions: it has 24 bytes, and what few messages have shares one reference.</summary>
internal readonly struct Outgoing
{
    private const int NumberAt = 3;
    private const long RetainBit = 4;
    private const long QoSBits = 3;

    private readonly byte[]? block;
    private readonly object? rest;
    private readonly long packed;

    /// <param name="kept">Null in the entry of a batch, and for a message that is not kept.</param>
    /// <param name="shared">The shared subscription it came by; null otherwise.</param>
    /// <param name="watch">To be called when the subscriber acknowledges it; null for nobody.</param>
    public Outgoing(KeptMessage? kept, byte qos, bool retain, int[]? identifiers, SharedGroup? shared, Action? watch = null)
    {
        block = kept?.Block;
        rest = watch is not null ? new Watched(watch, identifiers) : identifiers is not null && shared is not null ? new SharedIdentified(shared, identifiers) : (object?)identifiers ?? shared;
        packed = qos | (retain ? RetainBit : 0);
    }

    /// <summary>The entry of retained messages for a new subscription.</summary>
    public Outgoing(RetainedBatch batch)
    {
        rest = batch;
        packed = batch.QoS | RetainBit;
    }

    public KeptMessage? Kept => block is null ? null : new KeptMessage(block);

    /// <summary>Its number in a stored session; 0 when it has none. See <see cref="Durability.Place"/>.</summary>
    public long Number
    {
        get => packed >> NumberAt;
        init => packed = (value << NumberAt) | (packed & (QoSBits | RetainBit));
    }

    public byte QoS
    {
        get => (byte)(packed & QoSBits);
        init => packed = (packed & ~QoSBits) | value;
    }

    public bool Retain => (packed & RetainBit) != 0;

    public int[]? Identifiers => rest as int[] ?? (rest as SharedIdentified)?.Identifiers ?? (rest as Watched)?.Identifiers;

    public SharedGroup? Shared => rest as SharedGroup ?? (rest as SharedIdentified)?.Group;

    public RetainedBatch? Batch => rest as RetainedBatch;

    /// <summary>Who is told when the subscriber acknowledges it; of this program's run only.</summary>
    public Action? Watch => (rest as Watched)?.Acknowledged;

    public int Length => Kept?.Length ?? 0;

    private sealed record SharedIdentified(SharedGroup Group, int[] Identifiers);

    private sealed record Watched(Action Acknowledged, int[]? Identifiers);
}
