using System.Text;
using Strata.Core.Dataflow;
using Strata.Core.Telemetry;
using Strata.Node.Ingest;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;

namespace Strata.Fog.Artifacts;

/// <summary>
/// What devices say of updates goes up as events: in this gateway's store before the device is acknowledged, so that a report waits while nobody above answers;
/// answers come down as everything does (<c>DownwardDelivery</c>).
/// </summary>
internal sealed class JobTopics(IngestWriter writer, TimeProvider time) : IDeviceTopics
{
    /// <summary>Bytes of an event's text, as the uplink takes them.</summary>
    private const int MaxDetail = 1_000;

    public string Root => "jobs/";

    public Task? OnPublish(DeviceMessage message)
    {
        var isQuestion = message.Rest == "jobs/next";
        if (!isQuestion && !(message.Rest.StartsWith("jobs/", StringComparison.Ordinal) && message.Rest.EndsWith("/update", StringComparison.Ordinal) && message.Rest.Count('/') == 2))
            return null;
        var text = $"{message.Rest} {Encoding.UTF8.GetString(message.Payload)}";
        return Encoding.UTF8.GetByteCount(text) > MaxDetail ? null : KeepAsync(message, text);
    }

    private async Task KeepAsync(DeviceMessage message, string text)
    {
        var said = new FleetEvent(EventTime.From(time.GetUtcNow()), FleetEventKinds.DeviceMessage, message.Device, null, text);
        await writer.CommitAsync(new TelemetryWrite { Tenant = message.Tenant, Events = [new(said, null)] }, CancellationToken.None);
    }
}
