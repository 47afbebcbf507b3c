using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace Strata.Mqtt;

/// <summary>
/// The engine: serves MQTT connections for an <see cref="IMqttHost"/>. One per set of topic trees; safe for use by any number of threads.
/// </summary>
public sealed partial class MqttBroker
{
    public MqttBroker(IMqttHost host, MqttOptions options, TimeProvider timeProvider, ILoggerFactory loggerFactory, IMeterFactory meterFactory) =>
        throw new NotImplementedException();

    /// <summary>Clients whose CONNECT was accepted and that are not gone.</summary>
    public int ClientCount => throw new NotImplementedException();

    /// <summary>Serves one connection until it ends; the handler of <see cref="MqttHosting.UseMqtt"/>.</summary>
    public Task ServeAsync(ConnectionContext connection) => throw new NotImplementedException();

    /// <summary>
    /// Sends a message to the live subscribers of a namespace. Returns when it is written or queued for each (see
    /// <see cref="MqttOptions.MaxQueuedMessagesPerClient"/> for what a slow one gets); the spans are not kept.
    /// </summary>
    /// <param name="namespace">The topic tree.</param>
    /// <param name="topic">UTF-8, without wildcards.</param>
    /// <param name="payload">May be empty.</param>
    /// <param name="qos">0 or 1; a subscriber gets it with at most its granted QoS.</param>
    /// <param name="properties">MQTT 5 properties: <see cref="PublishProperties.Encoded"/> or <see cref="InboundPublish.Properties"/>; empty for none.</param>
    /// <returns>How many subscribers matched.</returns>
    /// <exception cref="ArgumentException">The topic is not a valid topic name.</exception>
    public int Publish(string @namespace, ReadOnlySpan<byte> topic, ReadOnlySpan<byte> payload, byte qos = 0, ReadOnlySpan<byte> properties = default) =>
        throw new NotImplementedException();

    /// <summary>Whether a message to the topic would reach anyone now. Costs one look at the tree; takes no lock.</summary>
    public bool HasSubscribers(string @namespace, ReadOnlySpan<byte> topic) => throw new NotImplementedException();

    /// <summary>
    /// Stops gracefully: no more is read, acknowledgements that are due are awaited for <see cref="MqttOptions.CloseTimeout"/> at most, MQTT 5
    /// clients get DISCONNECT 0x8B, all connections are closed. New connections are closed at once from then on.
    /// </summary>
    public Task StopAsync(CancellationToken cancellationToken) => throw new NotImplementedException();
}
