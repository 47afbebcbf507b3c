using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Strata.Core.Dataflow;
using Strata.Core.Telemetry;
using Strata.Fog.Served;
using Strata.Fog.Uplink;
using Strata.Forwarding;
using Strata.Node.Ingest;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;

namespace Strata.Fog.Artifacts;

/// <summary>
/// What devices say of updates goes up as events: in this gateway's store before the device is acknowledged, so that a report waits while nobody above answers;
/// a word that is said again while it waits is kept once; answers come down as everything does (<c>DownwardDelivery</c>).
/// </summary>
internal sealed class JobTopics(IngestWriter writer, Lazy<TelemetryMqttHost> host, ServedTenants served, TimeProvider time) : IDeviceTopics
{
    private const string Next = "jobs/next";
    private const string Software = "jobs/software";

    /// <summary>Characters of a report's reason: where the report is too long to go up as it is, and when that does not do.</summary>
    private static readonly int[] ReasonLengths = [300, 100];

    /// <summary>Characters of a state that a refusal names.</summary>
    private const int MaxState = 64;

    private static readonly JsonSerializerOptions Short = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly WaitingWords words = new();

    public string Root => "jobs/";

    public Task? OnPublish(DeviceMessage message)
    {
        if (message.Rest == Next)
            return KeepAsync(message, $"{Next} {{}}"); // What a device says with its question means nothing.
        if (message.Rest != Software && message.Rest.Split('/') is not ["jobs", { Length: > 0 and <= 64 }, "update"])
            return null;
        if (Fit(message) is { } text)
            return KeepAsync(message, text);
        host.Value.Say(message.Tenant, message.Device, $"{message.Rest}/rejected", TooLong(message));
        return Task.CompletedTask;
    }

    /// <summary>Names the state that was said, where it can be read, as the cloud does.</summary>
    internal static byte[] TooLong(DeviceMessage message)
    {
        var answer = new JsonObject { ["code"] = 413, ["message"] = $"Through a gateway, a report and its topic have at most {FleetEvent.MaxDetailBytes} bytes." };
        if (message.Rest != Software && FieldsOf(message.Payload)?["state"] is JsonValue value && value.TryGetValue<string>(out var state) && state.Length <= MaxState)
            answer["state"] = state;
        return Encoding.UTF8.GetBytes(answer.ToJsonString());
    }

    /// <summary>The event's text; of a report that is too long the reason is cut. Null when that does not do.</summary>
    private static string? Fit(DeviceMessage message)
    {
        var said = $"{message.Rest} {Encoding.UTF8.GetString(message.Payload)}";
        if (Fits(said))
            return said;
        foreach (var length in ReasonLengths)
        {
            if (WithReasonOf(message.Payload, length) is { } cut && Fits(said = $"{message.Rest} {cut}"))
                return said;
        }
        return null;
    }

    private static bool Fits(string text) => Encoding.UTF8.GetByteCount(text) <= FleetEvent.MaxDetailBytes;

    private static string? WithReasonOf(byte[] report, int length)
    {
        if (FieldsOf(report) is not { } fields || fields["reason"] is not JsonValue value || !value.TryGetValue<string>(out var reason))
            return null;
        fields["reason"] = reason.Length <= length ? reason : reason[..(char.IsHighSurrogate(reason[length - 1]) ? length - 1 : length)];
        return fields.ToJsonString(Short);
    }

    /// <summary>Null for what is no JSON object, or has a name twice.</summary>
    private static JsonObject? FieldsOf(byte[] report)
    {
        try
        {
            var fields = JsonNode.Parse(report) as JsonObject;
            _ = fields?.Count; // Names are read now.
            return fields;
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            return null;
        }
    }

    private Task KeepAsync(DeviceMessage message, string text)
    {
        // What it has is said when it connects, not again and again, and counts by its time.
        if (message.Rest == Software || served.Of(message.Tenant) is not { } tenant)
            return WriteAsync(message, text);
        var (appended, waiting, _) = tenant.Services.GetRequiredService<ForwardLog>().StatusOf(EntryTag.Event);
        return words.KeepAsync(message.Tenant, message.Device, message.Rest == Next, text, appended.Records - waiting.Records, said => WriteAsync(message, said));
    }

    private async Task WriteAsync(DeviceMessage message, string text)
    {
        var said = new FleetEvent(EventTime.From(time.GetUtcNow()), FleetEventKinds.DeviceMessage, message.Device, null, text);
        await writer.CommitAsync(new TelemetryWrite { Tenant = message.Tenant, Events = [new(said, null)] }, CancellationToken.None);
    }
}
