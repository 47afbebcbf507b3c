namespace Strata.Mqtt.Wire;

/// <summary>
/// A peer broke the protocol or asked for what this server does not offer. The one exception of that kind; caught once, in the connection's
/// loop, which answers with the reason code and closes.
/// </summary>
internal sealed class MqttProtocolException(MqttReasonCode reasonCode, string reason, string specification) : Exception(reason)
{
    public MqttReasonCode ReasonCode { get; } = reasonCode;

    /// <summary>The normative statement that was broken, as <c>MQTT-3.1.0-1</c>, or the section that says it without a number, as <c>5.0 2.1.4</c>.</summary>
    public string Specification { get; } = specification;

    public static MqttProtocolException Malformed(string reason, string specification) =>
        new(MqttReasonCode.MalformedPacket, reason, specification);

    public static MqttProtocolException Violation(string reason, string specification) =>
        new(MqttReasonCode.ProtocolError, reason, specification);
}
