using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;
using Strata.Core;
using Strata.Core.Telemetry;
using Strata.Core.Telemetry.Decoding;
using Strata.Node.Auth;
using Strata.Node.Devices;
using Strata.Node.Metering;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;

namespace Strata.Node.Ingest;

/// <summary>
/// <c>POST /api/v1/devices/{id}/telemetry</c> and <c>.../health</c>: the same payloads, properties (as headers) and durability as by MQTT. <c>204</c> only after
/// the commit.
/// </summary>
public sealed class HttpIngest(
    DeviceDirectory devices, IngestWriter writer, ReadingBatchPool batches, IRejectionLog rejections, IDeviceActivity activity, HopLog hops, IngestCounters counters,
    LivePublisher live, Meter meter, PayloadLimits limits, IOptions<DeviceIngestOptions> options, TimeProvider time, ITopicRules? topicRules = null)
{
    internal async Task<IResult> PostAsync(string id, bool health, HttpContext context)
    {
        var tenant = context.Tenant();
        if (context.User.Device() is not { } device || device.Value != id || !devices.TryGet(tenant, device, out var entry))
        {
            rejections.Record(tenant, RejectionKind.Permission, context.User.Name(), $"may not send telemetry of {id}");
            return ProblemResults.Of(ProblemKind.Forbidden, "A device sends its own telemetry only.", "id");
        }
        if (!entry.Rights.Publish)
        {
            rejections.Record(tenant, RejectionKind.Permission, device.Value, "a device in this state of its life publishes nothing");
            return ProblemResults.Of(ProblemKind.Forbidden, "A device in this state of its life sends nothing.", "id");
        }
        if (topicRules?.Find(tenant, device)?.MayPublish("telemetry") == false)
            return ProblemResults.Of(ProblemKind.Forbidden, "The device's topic rules do not let it send telemetry.");
        if (!writer.CanCommit)
            return Unavailable();
        var quota = meter.Of(tenant);
        if (quota.IsFull)
            return QuotaResults.Full(quota);
        if (Check(context.Request, out var format) is { } wrongType)
            return wrongType;
        if (health && format != PayloadFormat.Json)
            return ProblemResults.Of(ProblemKind.Invalid, "Health is sent as application/json.", "Content-Type", StatusCodes.Status415UnsupportedMediaType);
        if (!BatchProperties.TryRead(context.Request.Headers, device.Value, out var said, out var reason))
            return Refuse(entry, reason!, "headers");
        var received = time.GetUtcNow();
        if (await RequestBody.ReadAsync(context, options.Value.MaxRequestBytes, context.RequestAborted) is not { } body)
        {
            return ProblemResults.Of(
                ProblemKind.TooMuch, $"The body is longer than {options.Value.MaxRequestBytes} bytes.", status: StatusCodes.Status413PayloadTooLarge);
        }
        if (body.Length > (quota.Quotas.PayloadBytes ?? long.MaxValue))
        {
            return ProblemResults.Of(
                ProblemKind.TooMuch, $"The payload has {body.Length} bytes; the tenant's quota payloadBytes is {quota.Quotas.PayloadBytes}.", "payloadBytes", StatusCodes.Status413PayloadTooLarge);
        }
        if (live.Broker.TakeRate(tenant.Value, 1, body.Length) is { Ticks: > 0 } wait)
        {
            quota.Held();
            return QuotaResults.TooFast(quota, wait);
        }
        return await StoreAsync(entry, health, format, body, said, received, context.RequestAborted);
    }

    private async Task<IResult> StoreAsync(
        DeviceEntry entry, bool health, PayloadFormat format, ReadOnlyMemory<byte> body, BatchProperties said, DateTimeOffset received, CancellationToken cancellationToken)
    {
        var batch = batches.Rent();
        try
        {
            batch.BeginMessage();
            var now = EventTime.From(received);
            if (!(health
                ? PayloadDecoder.TryDecodeHealth(entry.Device, body.Span, now, batch, limits, out var error)
                : PayloadDecoder.TryDecode(format, entry.Device, body.Span, now, batch, limits, out error)))
                return Refuse(entry, error.ToString(), $"byte {error.Offset}");
            batch.EndMessage(said.Stamp, new MessageOrigin(said.Immediate, said.Sampled), body.Length);
            var report = await writer.CommitAsync(new TelemetryWrite { Tenant = entry.Tenant, Readings = batch }, cancellationToken);
            if (batch.Messages[0].Outcome == MessageOutcome.Refused)
                return Refuse(entry, TelemetryMqttHost.StoreRefusal, null);
            Account(entry, health, batch, said, body, received, report);
            if (batch.Messages[0].Outcome == MessageOutcome.Stored)
                Publish(entry, health ? "health" : "telemetry", format, body.Span);
            return TypedResults.NoContent();
        }
        catch (TelemetryStoreException)
        {
            return Unavailable();
        }
        finally
        {
            batches.Return(batch); // Ours again: a write that was taken is waited for to its end, one that was cancelled was not taken.
        }
    }

    private void Account(DeviceEntry entry, bool health, ReadingBatch batch, in BatchProperties said, ReadOnlyMemory<byte> body, DateTimeOffset received, CommitReport report)
    {
        activity.Heard(entry, null, received);
        if (batch.Messages[0].Outcome == MessageOutcome.Repeated)
        {
            counters.Add(entry.Tenant, new IngestTally { Duplicates = 1 });
            activity.Repeated(entry, received, 1);
            return;
        }
        if (health)
            return; // As by MQTT: what a device says of itself is no reading of the books.
        DateTimeOffset? sampled = said.Sampled > 0 ? EventTime.ToDateTimeOffset(said.Sampled) : null;
        var tally = new IngestTally { Readings = batch.Count, Records = batch.Count, PayloadBytes = body.Length, Immediate = said.Immediate ? batch.Count : 0 };
        counters.Add(entry.Tenant, tally);
        if (said.Immediate && sampled is { } taken)
            counters.RecordImmediate(entry.Tenant, report.Time - taken);
        for (var row = 0; row < batch.Count; row++)
        {
            hops.Record(entry.Tenant, entry.Device, batch.Metrics[row], new HopRecord(
                batch.Times[row], sampled, said.Suppressed >= 0 ? said.Suppressed : null, said.Immediate, null, null, said.Stamp, received, report.Time));
        }
    }

    private void Publish(DeviceEntry entry, string kind, PayloadFormat format, ReadOnlySpan<byte> body)
    {
        var suffix = format == PayloadFormat.SenmlJson ? "/senml" : "";
        var topic = Encoding.UTF8.GetBytes($"devices/{entry.Device.Value}/{kind}{suffix}");
        if (live.Broker.HasSubscribers(entry.Tenant.Value, topic))
            live.Broker.Publish(entry.Tenant.Value, topic, body, qos: 1);
    }

    private static IResult? Check(HttpRequest request, out PayloadFormat format)
    {
        if (!PayloadFormats.TrySelect(request.ContentType, "", out format, out var reason))
            return ProblemResults.Of(ProblemKind.Invalid, reason!, "Content-Type", StatusCodes.Status415UnsupportedMediaType);
        return request.Headers.ContentEncoding.Count == 0
            ? null
            : ProblemResults.Of(ProblemKind.Invalid, "Send the body without a content encoding.", "Content-Encoding", StatusCodes.Status415UnsupportedMediaType);
    }

    private IResult Refuse(DeviceEntry entry, string reason, string? field)
    {
        rejections.Record(entry.Tenant, RejectionKind.Payload, entry.Device.Value, reason);
        return ProblemResults.Of(ProblemKind.Invalid, reason, field);
    }

    private static IResult Unavailable() => ProblemResults.Of(ProblemKind.Unavailable, "The node cannot store readings just now. Nothing was taken; send it again later.");
}

/// <summary>Maps the endpoint.</summary>
public static class HttpIngestEndpoints
{
    public static IEndpointRouteBuilder MapDeviceIngest(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api/v1/devices/{id}/telemetry", (string id, HttpContext context, HttpIngest ingest) => ingest.PostAsync(id, health: false, context))
            .RequiresDevice().WithMetadata(ServiceNote.Ingest).WithTags("Telemetry")
            .WithSummary("Stores a device's readings; 204 once they are durable.")
            .WithDescription("The body is application/json (Strata's forms) or application/senml+json, without a content encoding.")
            .Produces(StatusCodes.Status204NoContent).ProducesProblem(400).ProducesProblem(401).ProducesProblem(403).ProducesProblem(413).ProducesProblem(415).ProducesProblem(429).ProducesProblem(503);
        routes.MapPost("/api/v1/devices/{id}/health", (string id, HttpContext context, HttpIngest ingest) => ingest.PostAsync(id, health: true, context))
            .RequiresDevice().WithMetadata(ServiceNote.Ingest).WithTags("Telemetry")
            .WithSummary("Stores what a device says of its health; 204 once it is durable.")
            .WithDescription("One flat JSON object: battery (percent), voltage, cutoff (volts), rssi (dBm), snr (dB), sf, errors, reboots (counts), uptime (seconds), firmware (text or number).")
            .Produces(StatusCodes.Status204NoContent).ProducesProblem(400).ProducesProblem(401).ProducesProblem(403).ProducesProblem(413).ProducesProblem(415).ProducesProblem(429).ProducesProblem(503);
        return routes;
    }
}
