using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Inspection;

/// <summary>Packet types as the specification writes them.</summary>
internal static class PacketNames
{
    private static readonly string[] Names =
    [
        "?", "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "SUBSCRIBE", "SUBACK", "UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH",
    ];

    public static string Of(PacketType type) => Names[(int)type];
}
