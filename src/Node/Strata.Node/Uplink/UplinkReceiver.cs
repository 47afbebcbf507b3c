using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Strata.Cloud.Contracts;
using Strata.Core;
using Strata.Core.Architecture;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry.Decoding;
using Strata.Core.Tenancy;
using Strata.Mqtt;
using Strata.Node.Devices;
using Strata.Node.Ingest;
using Strata.Node.Link;
using Strata.Node.Metering;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;

namespace Strata.Node.Uplink;

/// <summary>
/// <c>POST /api/v1/gateways/{id}/uplink</c>: the entries of one request become one durable write, exactly once by their numbers, and the
/// answer follows the commit. What a gateway will never send any more becomes a gap.
/// </summary>
public sealed partial class UplinkReceiver
{
    private readonly GatewayDirectory gateways;
    private readonly DeviceDirectory devices;
    private readonly ITelemetryStore store;
    private readonly IngestWriter writer;
    private readonly ReadingBatchPool batches;
    private readonly IRejectionLog rejections;
    private readonly IDeviceActivity activity;
    private readonly HopLog hops;
    private readonly IngestCounters counters;
    private readonly GatewayLinkHub links;
    private readonly IGatewayConfigurationSource configurations;
    private readonly Meter meter;
    private readonly Lazy<MqttBroker> broker;
    private readonly PayloadLimits limits;
    private readonly UplinkOptions options;
    private readonly TimeProvider time;
    private readonly ILogger<UplinkReceiver> logger;
    private readonly UplinkStreams streams = new();

    public UplinkReceiver(
        GatewayDirectory gateways, DeviceDirectory devices, ITelemetryStore store, IngestWriter writer, ReadingBatchPool batches, IRejectionLog rejections,
        IDeviceActivity activity, HopLog hops, IngestCounters counters, GatewayLinkHub links, IGatewayConfigurationSource configurations, Meter meter, Lazy<MqttBroker> broker, PayloadLimits limits,
        IOptions<UplinkOptions> options, TimeProvider time, ILogger<UplinkReceiver> logger)
    {
        (this.gateways, this.devices, this.store, this.writer, this.batches, this.rejections) = (gateways, devices, store, writer, batches, rejections);
        (this.activity, this.hops, this.counters, this.links, this.configurations) = (activity, hops, counters, links, configurations);
        (this.meter, this.broker) = (meter, broker);
        (this.limits, this.options, this.time, this.logger) = (limits, options.Value, time, logger);
    }

    /// <summary>Forgets what was remembered of a gateway's streams; the store is asked again. For a gateway that was removed.</summary>
    public void Forget(TenantId tenant, GatewayId gateway) => streams.Remove(tenant, gateway);

    internal async Task<IResult> PostAsync(string id, HttpContext context)
    {
        if (GatewayRequests.Sender(context, id, gateways) is not { } sender)
            return GatewayRequests.NotItsOwn(context, id, rejections);
        links.Heard(sender);
        if (!TryReadQuery(context.Request.Query, out var stream, out var lowest, out var live, out var field))
            return ProblemResults.Of(ProblemKind.Invalid, "stream is 1-32 letters or digits, lowest an integer from 1, live 0 or 1.", field);
        if (!writer.CanCommit)
            return Unavailable();
        var quota = meter.Of(sender.Tenant);
        if (quota.IsFull)
            return QuotaResults.Full(quota);
        if (broker.Value.TakeRate(sender.Tenant.Value, 0, 0) is { Ticks: > 0 } wait)
        {
            quota.Held();
            return QuotaResults.TooFast(quota, wait);
        }
        var request = new UplinkRequest(sender, stream, lowest, live, time.GetUtcNow());
        try
        {
            if (await ReadAsync(context, request) is { } refusal)
                return refusal;
            broker.Value.TakeRate(sender.Tenant.Value, request.Entries, request.Bytes); // Taken as a whole, and paid for afterwards.
            return await CommitAsync(request, context.RequestAborted);
        }
        catch (TelemetryStoreException failure)
        {
            LogNotStored(sender.Gateway.Value, failure.Message);
            return Unavailable();
        }
        finally
        {
            foreach (var part in request.Parts)
                batches.Return(part.Batch);
        }
    }

    /// <summary>Parses the body as it comes; null when all is well.</summary>
    private async ValueTask<IResult?> ReadAsync(HttpContext context, UplinkRequest request)
    {
        RequestBody.TakeOver(context);
        if (context.Request.ContentLength > options.MaxRequestBytes)
            return TooLong();
        if (context.Request.ContentType is { } type && !type.StartsWith("application/x-ndjson", StringComparison.OrdinalIgnoreCase))
        {
            return ProblemResults.Of(
                ProblemKind.Invalid, "Uplink entries are application/x-ndjson.", "Content-Type", StatusCodes.Status415UnsupportedMediaType);
        }
        var parser = new UplinkParser(request, devices, batches, limits, options);
        long taken = 0;
        while (true)
        {
            var result = await context.Request.BodyReader.ReadAsync(context.RequestAborted);
            if (taken + result.Buffer.Length > options.MaxRequestBytes)
            {
                context.Request.BodyReader.AdvanceTo(result.Buffer.End);
                return TooLong();
            }
            var rest = parser.TakeLines(result.Buffer, result.IsCompleted, out var problem);
            taken += result.Buffer.Slice(0, rest).Length;
            request.Bytes = taken;
            context.Request.BodyReader.AdvanceTo(rest, result.Buffer.End);
            if (problem is not null)
            {
                rejections.Record(request.Sender.Tenant, RejectionKind.Protocol, request.Sender.Gateway.Value, problem, request.Sender.Gateway);
                return ProblemResults.Of(ProblemKind.Invalid, problem);
            }
            if (result.IsCompleted)
                return null;
        }
    }

    private async Task<IResult> CommitAsync(UplinkRequest request, CancellationToken cancellationToken)
    {
        var sender = request.Sender;
        var stream = streams.Get(sender.Tenant, sender.Gateway, request.Stream);
        await stream.Turn.WaitAsync(cancellationToken);
        try
        {
            var seen = await stream.LoadAsync(store, sender.Tenant, sender.Gateway, request.Stream, cancellationToken);
            var places = request.Unplaced.Exists(u => !stream.Sites.ContainsKey(u.Content.Group))
                ? await configurations.CurrentAsync(sender, cancellationToken)
                : null;
            UplinkParser.Place(request, stream, group => PlaceOf(places, group), options.MaxGroups);
            AddMissing(request, seen);
            var report = await WriteAsync(request, cancellationToken);
            Account(request, report, seen);
            Remember(request, seen);
            return TypedResults.Json(Answer(request), ContractsJson.Default.UplinkAnswer);
        }
        finally
        {
            stream.Turn.Release();
        }
    }

    /// <summary>What lies below the lowest number that will still come, was never seen and is in no gap: it is lost, and said so once.</summary>
    private static void AddMissing(UplinkRequest request, IntervalSet seen)
    {
        if (request.Lowest <= 1)
            return;
        var covered = new IntervalSet();
        foreach (var (first, last) in seen.Intervals.Concat(request.Numbers.Intervals).Concat(OwnGaps(request)))
            covered.Add(first, last);
        foreach (var (first, last) in covered.Missing(1, request.Lowest - 1))
            request.Gaps.Add(new(new GapRecord(request.Sender.Gateway.Value, request.Stream, first, last, 0, null, null, "missing"), null));
    }

    private async Task<CommitReport> WriteAsync(UplinkRequest request, CancellationToken cancellationToken)
    {
        var main = new TelemetryWrite
        {
            Tenant = request.Sender.Tenant,
            Gateway = request.Sender.Gateway,
            Readings = request.Parts.Find(p => p.Gateway == request.Sender.Gateway)?.Batch,
            Windows = [.. request.Windows.Select(w => w.Window)],
            Events = request.Events,
            Gaps = request.Gaps,
            Seen = request.Seen,
        };
        // Once the first write is taken, none may be left behind: their batches are the writer's until each has answered.
        var others = request.Parts.Where(p => p.Gateway != request.Sender.Gateway)
            .Select(p => writer.CommitAsync(new TelemetryWrite { Tenant = request.Sender.Tenant, Gateway = p.Gateway, Readings = p.Batch }, CancellationToken.None));
        var reports = await Task.WhenAll(others.Prepend(writer.CommitAsync(main, CancellationToken.None)));
        return reports[0] with { Time = reports.Max(r => r.Time) };
    }

    private static void Remember(UplinkRequest request, IntervalSet seen)
    {
        foreach (var (first, last) in request.Numbers.Intervals.Concat(OwnGaps(request)))
            seen.Add(first, last);
    }

    private static IEnumerable<(long First, long Last)> OwnGaps(UplinkRequest request) =>
        request.Gaps.Where(g => g.Record.Source == request.Sender.Gateway.Value && g.Record.Stream == request.Stream).Select(g => (g.Record.First, g.Record.Last));

    private static UplinkAnswer Answer(UplinkRequest request) =>
        new([.. request.Numbers.Intervals.Select(i => new[] { i.First, i.Last })], request.Rejected);

    private static SiteId? PlaceOf(GatewayConfiguration? configuration, string group) =>
        configuration?.Groups.FirstOrDefault(g => g.Id == group) is { } found && SiteId.TryParse(found.Site, out var site) ? site : null;

    private static bool TryReadQuery(IQueryCollection query, out string stream, out long lowest, out bool live, out string field)
    {
        stream = query["stream"].ToString();
        var given = query["lowest"].ToString();
        var flag = query["live"].ToString();
        lowest = 1;
        live = flag != "0";
        field = "stream";
        if (stream.Length is < 1 or > 32 || !stream.All(char.IsAsciiLetterOrDigit))
            return false;
        field = "lowest";
        if (given.Length > 0 && (!long.TryParse(given, NumberStyles.None, CultureInfo.InvariantCulture, out lowest) || lowest < 1))
            return false;
        field = "live";
        return flag is "" or "0" or "1";
    }

    private IResult TooLong() => ProblemResults.Of(
        ProblemKind.TooMuch, $"The body is longer than {options.MaxRequestBytes} bytes.", status: StatusCodes.Status413PayloadTooLarge);

    private static IResult Unavailable() =>
        ProblemResults.Of(ProblemKind.Unavailable, "The node cannot store entries just now. Nothing was taken; send them again later.");

    [LoggerMessage(4260, LogLevel.Error, "An uplink request of {Gateway} was not stored: {Reason}")]
    private partial void LogNotStored(string gateway, string reason);
}
