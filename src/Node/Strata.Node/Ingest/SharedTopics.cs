using System.Buffers;
using System.Text;
using Strata.Core.Telemetry;
using Strata.Core.Telemetry.Decoding;
using Strata.Core.Tenancy;
using Strata.Node.Auth;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;

namespace Strata.Node.Ingest;

/// <summary>
/// Publishes committed readings for the applications of shares: <c>shared/{share}/devices/{id}/telemetry</c> with the share's metrics alone, of the devices that lie
/// in it, as fast as its quota allows. Without shares it costs one look-up a write; nothing is written down unless somebody listens.
/// </summary>
public sealed class SharedTopics(LivePublisher live, ShareDirectory shares, AccessMap accesses) : ICommitObserver
{
    public void OnCommitted(IReadOnlyList<TelemetryWrite> writes, CommitReport report)
    {
        LiveRecords? records = null;
        foreach (var write in writes)
        {
            if (write.Readings is not { } batch || shares.Of(write.Tenant) is not { Count: > 0 } feeds)
                continue;
            foreach (var feed in feeds)
            {
                foreach (ref readonly var message in batch.Messages)
                {
                    if (message.Outcome == MessageOutcome.Stored && message.Count > 0)
                        Add(ref records, write.Tenant, feed, batch, message);
                }
            }
        }
        if (records is not null)
            live.TryPost(records);
    }

    private void Add(ref LiveRecords? records, TenantId tenant, SharedFeed feed, ReadingBatch batch, in BatchMessage message)
    {
        var device = batch.Devices[message.Start];
        Span<byte> topic = stackalloc byte[256];
        var length = Encoding.ASCII.GetBytes(feed.TopicRoot, topic);
        "devices/"u8.CopyTo(topic[length..]);
        length += 8 + Encoding.ASCII.GetBytes(device.Value, topic[(length + 8)..]);
        "/telemetry"u8.CopyTo(topic[length..]);
        topic = topic[..(length + 10)];
        if (!live.Broker.HasSubscribers(tenant.Value, topic) || !accesses.Of(feed.Principal, tenant).Sees(Permission.ReadingsRead, device))
            return;
        var payload = new ArrayBufferWriter<byte>(64);
        var count = TelemetryJson.Write(payload, batch, message.Start, message.Count, feed.Share.Metrics.AsSpan());
        if (count > 0 && feed.TrySend(count))
            (records ??= new LiveRecords()).Add(tenant.Value, topic.ToArray(), payload.WrittenMemory);
    }
}
