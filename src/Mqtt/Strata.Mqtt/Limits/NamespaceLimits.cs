namespace Strata.Mqtt.Limits;

/// <summary>
/// What the clients of one namespace may do together: how many may be connected, and what they may publish, in place of <see cref="MqttOptions.MaxPublishRatePerNamespace"/>: above it those that publish are not read until it is kept. One that
/// leaves 32 KiB and more unread for <see cref="MqttOptions.PublishRateGrace"/> meanwhile is disconnected with 0x96.
/// </summary>
/// <param name="MessagesPerSecond">0 for no limit.</param>
/// <param name="BytesPerSecond">Of the packets; 0 for no limit.</param>
/// <param name="Burst">Messages that may come at once after a silence; at least a second's.</param>
/// <param name="Connections">Clients connected at one time; one more is answered 0x97, but for one that takes its own connection over. 0 for no limit.</param>
public sealed record NamespaceLimits(long MessagesPerSecond, long BytesPerSecond, long Burst = 0, long Connections = 0)
{
    internal long Span => MessagesPerSecond == 0 || Burst <= MessagesPerSecond ? TimeSpan.TicksPerSecond : (long)Math.Min(TimeSpan.TicksPerDay, Burst * (double)TimeSpan.TicksPerSecond / MessagesPerSecond);
}

/// <summary>What a namespace has counted since the start.</summary>
/// <param name="MessagesOut">PUBLISH packets written to clients.</param>
/// <param name="BytesOut">Bytes of all packets written to clients.</param>
/// <param name="Connected">Clients connected now.</param>
/// <param name="Slowed">How often a client was not read for a while because the namespace was over its rate.</param>
public readonly record struct NamespaceTraffic(long MessagesOut, long BytesOut, int Connected, long Slowed);
