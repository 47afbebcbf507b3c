namespace Strata.Node.Ingest;

/// <summary>What must be remembered of one message from its decoding to its commit; the index is the message's in the batch.</summary>
internal struct MessageNote
{
    public ushort PacketId;
    public bool Immediate;

    /// <summary>A report about the source: no source counts it among its readings, so neither do the books.</summary>
    public bool IsHealth;

    /// <summary>Microseconds; 0 when not said.</summary>
    public long Sampled;

    /// <summary>-1 when not said.</summary>
    public long Suppressed;

    public int PayloadBytes;

    /// <summary>Where the copy for live subscribers lies in the burst's buffer; <see cref="LiveTopicLength"/> 0 for none.</summary>
    public int LiveStart;

    public int LiveTopicLength;
    public int LivePayloadLength;
    public int LivePropertiesLength;
    public byte QoS;
}
