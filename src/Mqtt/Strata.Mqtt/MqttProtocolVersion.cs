namespace Strata.Mqtt;

/// <summary>The protocol level of a CONNECT (MQTT 5.0 3.1.2.2).</summary>
public enum MqttProtocolVersion : byte
{
    /// <summary>MQTT 3.1, served as 3.1.1.</summary>
    V31 = 3,

    /// <summary>MQTT 3.1.1.</summary>
    V311 = 4,

    /// <summary>MQTT 5.0.</summary>
    V500 = 5,
}
