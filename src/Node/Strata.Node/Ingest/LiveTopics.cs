using System.Buffers;
using System.Text;
using Strata.Core.Dataflow;
using Strata.Core.Dataflow.Uplink;
using Strata.Core.Telemetry;
using Strata.Core.Telemetry.Decoding;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;

namespace Strata.Node.Ingest;

/// <summary>
/// Publishes for live MQTT subscribers what was committed without a PUBLISH of its own: readings that a gateway handed over
/// (<c>devices/{id}/telemetry</c>) and windows (<c>sites/{path}/windows</c>). Nothing is written down unless somebody listens.
/// </summary>
public sealed class LiveTopics(LivePublisher live) : ICommitObserver
{
    public void OnCommitted(IReadOnlyList<TelemetryWrite> writes, CommitReport report)
    {
        LiveRecords? records = null;
        foreach (var write in writes)
        {
            foreach (var window in write.Windows)
            {
                if (!report.IsRepeated(window.Record))
                    Add(ref records, write, window.Record);
            }
            if (write.Gateway is null || write.Readings is not { } batch)
                continue;
            foreach (ref readonly var message in batch.Messages)
            {
                if (message.Outcome == MessageOutcome.Stored && message.Count > 0)
                    Add(ref records, write, batch, message);
            }
        }
        if (records is not null)
            live.TryPost(records);
    }

    private void Add(ref LiveRecords? records, TelemetryWrite write, WindowRecord window)
    {
        var topic = Encoding.UTF8.GetBytes($"sites/{window.Site.Value}/windows");
        if (!live.Broker.HasSubscribers(write.Tenant.Value, topic))
            return;
        var payload = new ArrayBufferWriter<byte>(256);
        WindowPayload.Write(payload, window, withSite: true, window.Gateway);
        (records ??= new LiveRecords()).Add(write.Tenant.Value, topic, payload.WrittenMemory);
    }

    private void Add(ref LiveRecords? records, TelemetryWrite write, ReadingBatch batch, in BatchMessage message)
    {
        var device = batch.Devices[message.Start].Value;
        Span<byte> topic = stackalloc byte[256];
        "devices/"u8.CopyTo(topic);
        var length = 8 + Encoding.ASCII.GetBytes(device, topic[8..]);
        "/telemetry"u8.CopyTo(topic[length..]);
        topic = topic[..(length + 10)];
        if (!live.Broker.HasSubscribers(write.Tenant.Value, topic))
            return;
        var payload = new ArrayBufferWriter<byte>(64);
        TelemetryJson.Write(payload, batch, message.Start, message.Count);
        (records ??= new LiveRecords()).Add(write.Tenant.Value, topic.ToArray(), payload.WrittenMemory);
    }
}
