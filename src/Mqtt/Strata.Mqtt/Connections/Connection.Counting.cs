using Strata.Mqtt.Inspection;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Connections;

/// <summary>What is counted of all that comes from the client; the read loop's.</summary>
internal sealed partial class Connection
{
    private int publishes;
    private int duplicates;
    private int acknowledgements;

    /// <summary>Null until the CONNECT was accepted.</summary>
    public MqttClient? Client => Volatile.Read(ref client);

    /// <summary>When its CONNECT was accepted.</summary>
    public DateTimeOffset Since { get; private set; }

    private void CountBurst(long bytes)
    {
        var totals = @namespace!.Totals;
        totals.Add(Total.BytesIn, bytes);
        if (publishes > 0)
            totals.PacketsIn((int)PacketType.Publish, publishes);
        if (acknowledgements > 0)
            totals.PacketsIn((int)PacketType.PubAck, acknowledgements);
        if (duplicates > 0)
            totals.Add(Total.DuplicatesIn, duplicates);
        session!.Traffic.Received(publishes, duplicates, bytes, broker.Clock.Coarse);
    }
}
