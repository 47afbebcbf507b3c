using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Strata.Mqtt.Tests.Inspection;

/// <summary>The meter <c>Strata.Mqtt</c>.</summary>
public sealed class MetricsTests
{
    [Fact]
    public async Task Packets_bytes_queues_drops_commits_and_latencies_are_metered()
    {
        var data = Directory.CreateTempSubdirectory("strata-mqtt-");
        await using (var server = await TestServer.StartAsync(o => (o.DataDirectory, o.MaxQueuedMessagesPerClient) = (Path.Combine(data.FullName, "d"), 2)))
        {
            var seen = new ConcurrentDictionary<string, double>();
            using var listener = Listen(server.Meters, seen);
            using (var client = await server.ResumeAsync("c", present: false))
            {
                await client.SubscribeAsync("t");
                server.Broker.Publish("tests", "t"u8, "12345"u8, qos: 1);
                await client.SendAsync(Packets.PubAck((await client.ReadPublishAsync()).PacketId));
                await client.PingAsync();
            }

            await server.Host.NextGone();
            for (var i = 0; i < 3; i++)
                server.Broker.Publish("tests", "t"u8, "12345"u8, qos: 1, retain: true);
            listener.RecordObservableInstruments();
            Assert.Equal((1, 1, 1), (seen["strata.mqtt.packets in CONNECT"], seen["strata.mqtt.packets in PUBACK"], seen["strata.mqtt.packets out PUBLISH"]));
            Assert.Equal((2, 1, 12, 6), (seen["strata.mqtt.queue.messages session"], seen["strata.mqtt.queue.messages retained"], seen["strata.mqtt.queue.size session"], seen["strata.mqtt.queue.size retained"]));
            Assert.Equal((1, 0), (seen["strata.mqtt.messages.dropped queue_full"], seen["strata.mqtt.messages.dropped expired"]));
            Assert.True(seen["strata.mqtt.io.sent"] > 10);
            Assert.True(seen["strata.mqtt.delivery.latency"] > 0);
            Assert.True(seen["strata.mqtt.journal.commit"] > 0);
        }

        data.Delete(recursive: true);
    }

    private static MeterListener Listen(IMeterFactory factory, ConcurrentDictionary<string, double> seen)
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == "Strata.Mqtt" && ReferenceEquals(instrument.Meter.Scope, factory))
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => seen[Name(instrument, tags)] = value);
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => seen[Name(instrument, tags)] = value);
        listener.Start();
        return listener;
    }

    private static string Name(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var name = instrument.Name;
        foreach (var tag in tags)
            name += $" {tag.Value}";
        return name;
    }
}
