using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Node.Devices;
using Strata.Node.Ingest;
using Strata.Telemetry;

namespace Strata.Node.Uplink;

public sealed partial class UplinkReceiver
{
    /// <summary>After the commit: counters, latency, hops, who was heard, rejections. Only what was not seen before.</summary>
    private void Account(UplinkRequest request, CommitReport report, IntervalSet seen)
    {
        var tally = new IngestTally();
        foreach (var part in request.Parts)
            AccountReadings(request, part, report.Time, ref tally);
        foreach (var (window, bytes) in request.Windows)
        {
            if (report.IsRepeated(window.Record))
            {
                tally.Duplicates++;
                continue;
            }
            tally.Records++;
            tally.PayloadBytes += bytes;
        }
        counters.Add(request.Sender.Tenant, tally);
        foreach (var (rejection, gateway, number) in request.Rejections)
        {
            if (seen.Contains(number))
                continue;
            var kind = Enum.TryParse<RejectionKind>(rejection.Kind, ignoreCase: true, out var said) ? said : RejectionKind.Authentication;
            rejections.Record(request.Sender.Tenant, kind, rejection.Subject, rejection.Reason, gateway, rejection.Times);
            Learn(request, gateway);
        }
        foreach (var rejected in request.Rejected)
        {
            if (!seen.Contains(rejected.Number))
                rejections.Record(request.Sender.Tenant, RejectionKind.Entry, request.Sender.Gateway.Value, rejected.Reason, request.Sender.Gateway);
        }
    }

    private void AccountReadings(UplinkRequest request, UplinkPart part, DateTimeOffset committed, ref IngestTally tally)
    {
        Learn(request, part.Gateway);
        var heard = new HashSet<DeviceId>();
        var messages = part.Batch.Messages;
        for (var i = 0; i < messages.Length; i++)
        {
            ref readonly var message = ref messages[i];
            if (message.Outcome == MessageOutcome.Refused)
                request.Rejected.Add(new(message.Stamp!.Value.Number, TelemetryMqttHost.StoreRefusal));
            else if (message.Outcome == MessageOutcome.Repeated)
                tally.Duplicates++;
            else
                AccountMessage(request, part, message, part.Notes[i], committed, heard, ref tally);
        }
        foreach (var device in heard)
        {
            if (devices.TryGet(request.Sender.Tenant, device, out var entry))
                activity.Heard(entry, part.Gateway, request.Received, request.Live);
        }
    }

    private void AccountMessage(
        UplinkRequest request, UplinkPart part, in BatchMessage message, UplinkNote note, DateTimeOffset committed, HashSet<DeviceId> heard, ref IngestTally tally)
    {
        tally.PayloadBytes += note.Bytes;
        DateTimeOffset? sampled = note.Sampled is { } taken ? EventTime.ToDateTimeOffset(taken) : null;
        if (sampled is { } at)
            counters.RecordImmediate(request.Sender.Tenant, committed - at);
        GatewayId? origin = part.Gateway == request.Sender.Gateway ? null : part.Gateway;
        for (var row = message.Start; row < message.Start + message.Count; row++)
        {
            var device = part.Batch.Devices[row];
            heard.Add(device);
            var metric = part.Batch.Metrics[row];
            if (metric.IsHealth)
                continue;
            tally.Readings++;
            tally.Records++;
            tally.Immediate += sampled is null ? 0 : 1;
            hops.Record(request.Sender.Tenant, device, metric, new HopRecord(
                part.Batch.Times[row], sampled, null, sampled is not null, request.Sender.Gateway, origin, message.Stamp, request.Received, committed));
        }
    }

    /// <summary>A gateway that speaks through another is asked through that one.</summary>
    private void Learn(UplinkRequest request, GatewayId origin)
    {
        if (origin != request.Sender.Gateway)
            links.LearnRoute(request.Sender, origin);
    }
}
