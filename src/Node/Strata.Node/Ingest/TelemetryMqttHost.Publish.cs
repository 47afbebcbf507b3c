using System.Threading.Channels;
using Strata.Core.Telemetry;
using Strata.Core.Telemetry.Decoding;
using Strata.Mqtt;
using Strata.Node.Devices;
using Strata.Node.Metering;
using Strata.Telemetry;

namespace Strata.Node.Ingest;

public sealed partial class TelemetryMqttHost
{
    private static readonly TimeSpan HeardInterval = TimeSpan.FromSeconds(1);

    public PublishVerdict OnPublish(MqttClient client, in InboundPublish publish)
    {
        if (publish.Topic.StartsWith("provision/"u8) && Provision(client, publish) is { } enrolled)
            return enrolled;
        if (client.State is not DeviceConnection connection)
            return Forbid(client, client.State is EnrollingClient ? "this certificate may only enrol (provision/claim)" : "an application publishes nothing");
        if (connection.IsFailed)
            return PublishVerdict.Deferred; // Never acknowledged: the connection is about to end, and the device sends it again.
        if (!publish.Topic.StartsWith(connection.TopicPrefix))
            return Forbid(client, $"a device publishes below devices/{connection.Entry.Device.Value}/ only");
        if (!connection.Rights.Publish)
            return Forbid(client, "a device in this state of its life publishes nothing");
        if (!connection.MayPublish(publish.Topic[connection.TopicPrefix.Length..]))
            return Forbid(client, "the device's topic rules do not let it publish there");
        var topic = TelemetryTopics.Classify(publish.Topic[connection.TopicPrefix.Length..]);
        if (topic == DeviceTopic.Other)
        {
            connection.Meter.Routed(publish.Payload.Length);
            return Serve(client, connection, publish) ?? Respond(client, connection, publish);
        }
        if (topic == DeviceTopic.Unknown)
            return Reject(connection.Entry.Tenant, connection.Entry.Device.Value, MqttReasonCode.TopicNameInvalid, "telemetry goes to telemetry, telemetry/senml or health");
        connection.Client ??= client; // The will of a client that was not here since the start.
        if (connection.Meter.IsFull)
            return EndForQuota(connection);
        if (publish.Payload.Length > (connection.Meter.Quotas.PayloadBytes ?? long.MaxValue))
            return Reject(connection.Entry.Tenant, connection.Entry.Device.Value, MqttReasonCode.PayloadFormatInvalid, $"the payload has {publish.Payload.Length} bytes; the tenant's quota payloadBytes is {connection.Meter.Quotas.PayloadBytes}");
        return Take(connection, client.Namespace, publish, topic);
    }

    /// <summary>Routes what is no telemetry; an answer that is to be kept is acknowledged when it is.</summary>
    private PublishVerdict Respond(MqttClient client, DeviceConnection connection, in InboundPublish publish)
    {
        if (Responded is not { } responded || !TelemetryTopics.TryReadResponse(publish.Topic[connection.TopicPrefix.Length..], out var command, out var request))
            return PublishVerdict.Route;
        var payload = publish.Payload.ToArray();
        Task? kept = null;
        foreach (var waits in Delegate.EnumerateInvocationList(responded))
            kept ??= waits(connection.Entry.Tenant, connection.Entry.Device, command, request, payload);
        if (kept is null)
            return PublishVerdict.Route;
        broker!.Publish(client.Namespace, publish.Topic, publish.Payload, qos: 1);
        _ = AcknowledgeAsync(client, publish.PacketId, kept);
        return PublishVerdict.Deferred;
    }

    /// <summary>What could not be kept is not acknowledged, and the connection ends: acknowledgements come in order, and one that never comes would hold all later ones. The device comes again and says it again.</summary>
    private async Task AcknowledgeAsync(MqttClient client, ushort packetId, Task kept)
    {
        await kept.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        if (!kept.IsCompletedSuccessfully)
        {
            LogNotKept(client.UserName ?? "", kept.Exception?.InnerException?.Message ?? "it was cancelled");
            client.Disconnect(MqttReasonCode.ServerBusy, "What was sent could not be kept just now; send it again later.");
        }
        else if (packetId != 0)
        {
            client.Acknowledge([new PublishAck(packetId, MqttReasonCode.Success)]);
        }
    }

    public async ValueTask EndBurstAsync(MqttClient client, CancellationToken cancellationToken)
    {
        if (client.State is not DeviceConnection { Open: { } burst } connection)
            return;
        await connection.InFlight.WaitAsync(cancellationToken);
        connection.Open = null;
        try
        {
            await writer.EnqueueAsync(burst, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            Finish(burst, connection);
            throw;
        }
    }

    /// <summary>The burst is durable. Called on the writer's loop.</summary>
    internal void Committed(TelemetryBurst burst, CommitReport report)
    {
        var connection = burst.Connection!;
        burst.AcknowledgedWhenKept = burst.HasLive && broker!.KeepsSessions(connection.Entry.Tenant.Value);
        if (!burst.AcknowledgedWhenKept)
        {
            burst.Acknowledge(connection.Client!);
            ServiceOf(connection).Acknowledged(burst.Batch.MessageCount, report.Time - burst.Received);
        }
        Account(burst, connection, report.Time);
        if (report.Time - connection.LastHeard >= HeardInterval)
        {
            connection.LastHeard = report.Time;
            activity.Heard(connection.Entry, null, burst.Received);
        }
        if (burst.AcknowledgedWhenKept)
        {
            _ = PostAsync(burst);
            return;
        }

        connection.InFlight.Release();
        if (!burst.HasLive || !live.TryPost(burst))
            bursts.Return(burst);
    }

    /// <summary>The burst was published for sessions that outlive the program, and is acknowledged when they have it.</summary>
    internal async Task AcknowledgeAsync(TelemetryBurst burst, Task kept)
    {
        var connection = burst.Connection!;
        try
        {
            await kept;
            burst.Acknowledge(connection.Client!);
            ServiceOf(connection).Acknowledged(burst.Batch.MessageCount, time.GetUtcNow() - burst.Received);
            Finish(burst, connection);
        }
        catch (IOException refused)
        {
            Failed(burst, refused);
        }
    }

    private async Task PostAsync(TelemetryBurst burst)
    {
        try
        {
            await live.PostAsync(burst);
        }
        catch (ChannelClosedException stopping)
        {
            Failed(burst, stopping);
        }
    }

    /// <summary>The burst was not stored, or nobody knows. Nothing is acknowledged and the connection ends: the device will send it again.</summary>
    internal void Failed(TelemetryBurst burst, Exception exception)
    {
        var connection = burst.Connection!;
        ServiceOf(connection).Failed(burst.Batch.MessageCount);
        if (connection.Fail())
        {
            LogNotStored(exception.Message);
            connection.Client!.Disconnect(MqttReasonCode.QuotaExceeded, "The node cannot store readings just now; send them again later.");
        }
        Finish(burst, connection);
    }

    /// <summary>Decodes one telemetry publish into the connection's open burst; allocates nothing for a message that is good.</summary>
    internal PublishVerdict Take(DeviceConnection connection, string @namespace, in InboundPublish publish, DeviceTopic topic)
    {
        var device = connection.Entry.Device;
        if (!BatchProperties.TryRead(publish.UserProperties, device.Value, ref connection.Stream, out var said, out var reason))
            return Reject(connection.Entry.Tenant, device.Value, MqttReasonCode.PayloadFormatInvalid, reason!);
        if (connection.Open is not { } burst)
        {
            burst = connection.Open = bursts.Rent();
            burst.Open(connection, time.GetUtcNow());
        }
        var now = EventTime.From(burst.Received);
        burst.Batch.BeginMessage();
        if (!TryDecode(topic, publish, device, now, burst.Batch, out reason))
        {
            burst.Batch.AbandonMessage();
            ReturnEmpty(connection);
            return Reject(connection.Entry.Tenant, device.Value, MqttReasonCode.PayloadFormatInvalid, reason!);
        }
        var note = new MessageNote
        {
            PacketId = publish.PacketId,
            Immediate = said.Immediate,
            IsHealth = topic == DeviceTopic.Health,
            Sampled = said.Sampled,
            Suppressed = said.Suppressed,
            PayloadBytes = publish.Payload.Length,
        };
        if (broker!.HasSubscribers(@namespace, publish.Topic))
            burst.CopyLive(publish, ref note);
        burst.Add(note, said.Stamp);
        return PublishVerdict.Deferred;
    }

    private bool TryDecode(DeviceTopic topic, in InboundPublish publish, Core.Devices.DeviceId device, long now, ReadingBatch batch, out string? reason)
    {
        PayloadError error;
        if (topic == DeviceTopic.Health)
        {
            reason = PayloadDecoder.TryDecodeHealth(device, publish.Payload, now, batch, limits, out error) ? null : error.ToString();
            return reason is null;
        }
        if (!PayloadFormats.TrySelect(publish.ContentType, publish.Topic, out var format, out reason))
            return false;
        if (PayloadDecoder.TryDecode(format, device, publish.Payload, now, batch, limits, out error))
            return true;
        reason = error.ToString();
        return false;
    }

    internal void Account(TelemetryBurst burst, DeviceConnection connection, DateTimeOffset committed)
    {
        var tally = new IngestTally();
        var messages = burst.Batch.Messages;
        for (var i = 0; i < messages.Length; i++)
        {
            ref readonly var note = ref burst.Notes[i];
            if (messages[i].Outcome == MessageOutcome.Stored && note.IsHealth)
                continue;
            if (messages[i].Outcome == MessageOutcome.Stored)
                AccountStored(burst, connection, messages[i], note, committed, ref tally);
            else if (messages[i].Outcome == MessageOutcome.Repeated)
                tally.Duplicates++;
            else
                rejections.Record(connection.Entry.Tenant, RejectionKind.Payload, connection.Entry.Device.Value, StoreRefusal);
        }
        counters.Add(connection.Entry.Tenant, tally);
        if (tally.Duplicates > 0)
            activity.Repeated(connection.Entry, burst.Received, (int)tally.Duplicates);
    }

    private void AccountStored(
        TelemetryBurst burst, DeviceConnection connection, in BatchMessage message, in MessageNote note, DateTimeOffset committed, ref IngestTally tally)
    {
        tally.Readings += message.Count;
        tally.Records += message.Count;
        tally.PayloadBytes += note.PayloadBytes;
        DateTimeOffset? sampled = note.Sampled > 0 ? EventTime.ToDateTimeOffset(note.Sampled) : null;
        if (note.Immediate)
        {
            tally.Immediate += message.Count;
            if (sampled is { } taken)
                counters.RecordImmediate(connection.Entry.Tenant, committed - taken);
        }
        var times = burst.Batch.Times;
        var metrics = burst.Batch.Metrics;
        for (var row = message.Start; row < message.Start + message.Count; row++)
        {
            connection.Slot(hops, metrics[row]).Write(new HopRecord(
                times[row], sampled, note.Suppressed >= 0 ? note.Suppressed : null, note.Immediate, null, null, message.Stamp, burst.Received, committed));
        }
    }

    private TenantService ServiceOf(DeviceConnection connection) => connection.Service ??= service.Of(connection.Entry.Tenant);

    /// <summary>Gives the open burst back when its first message proved bad: nothing may wait in it for a later end.</summary>
    private void ReturnEmpty(DeviceConnection connection)
    {
        if (connection.Open is not { Batch.MessageCount: 0 } burst)
            return;
        connection.Open = null;
        bursts.Return(burst);
    }

    private void Finish(TelemetryBurst burst, DeviceConnection connection)
    {
        bursts.Return(burst);
        connection.InFlight.Release();
    }

    /// <summary>Nothing is acknowledged: the device keeps what it sent and sends it again. What it sent before is acknowledged as it is stored.</summary>
    private PublishVerdict EndForQuota(DeviceConnection connection)
    {
        var meter = connection.Meter;
        if (connection.Fail())
        {
            rejections.Record(connection.Entry.Tenant, RejectionKind.Permission, connection.Entry.Device.Value, "the tenant's quota storageBytes is used up");
            connection.Client!.Disconnect(MqttReasonCode.QuotaExceeded, QuotaResults.Text("storageBytes", meter.Quotas.StorageBytes ?? 0, meter.StorageBytes, "Send it again when there is room."));
        }
        return PublishVerdict.Deferred;
    }

    private PublishVerdict Forbid(MqttClient client, string reason)
    {
        rejections.Record(Core.Tenancy.TenantId.Parse(client.Namespace), RejectionKind.Permission, client.UserName ?? "", reason);
        return PublishVerdict.Refuse(MqttReasonCode.NotAuthorized, reason);
    }

    private PublishVerdict Reject(Core.Tenancy.TenantId tenant, string subject, MqttReasonCode code, string reason)
    {
        rejections.Record(tenant, RejectionKind.Payload, subject, reason);
        return PublishVerdict.Refuse(code, reason);
    }
}
