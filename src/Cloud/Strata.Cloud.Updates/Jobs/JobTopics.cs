using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform.Fleet;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Ingest;

namespace Strata.Cloud.Updates.Jobs;

/// <summary>
/// <c>devices/{id}/jobs/...</c>: a device says what software it has, asks for its job and says what becomes of it, here or through its gateway, by which it is answered then. What it says is acknowledged when it is written.
/// </summary>
internal sealed class JobTopics(JobDesk desk, Lazy<TelemetryMqttHost> host, IDeviceWay way, TimeProvider time) : IDeviceTopics
{
    private const string Next = "jobs/next";
    private const string Software = "jobs/software";
    private const int MaxPayload = 16 * 1024;

    /// <summary>Characters of a state that a refusal names.</summary>
    private const int MaxState = 64;

    /// <summary>How long an answer waits for a gateway: a device asks again.</summary>
    private static readonly TimeSpan AnswerFor = TimeSpan.FromMinutes(5);

    public string Root => "jobs/";

    public Task? OnPublish(DeviceMessage message)
    {
        if (message.Rest == Next)
            return NextAsync(message);
        if (message.Rest == Software)
            return SoftwareAsync(message);
        var parts = message.Rest.Split('/');
        return parts is ["jobs", { Length: > 0 and <= 64 } job, "update"] ? ReportAsync(message, job) : null;
    }

    public void OnSubscribed(TenantId tenant, DeviceId device, string filterRest, long connection)
    {
        if (filterRest is "jobs/notify" or "jobs/#" or "jobs/+" or "#" && desk.Waiting(tenant, device) is { } job)
            host.Value.Say(tenant, device, "jobs/notify", Encoding.UTF8.GetBytes($$"""{"job":"{{job}}"}"""));
    }

    private async Task NextAsync(DeviceMessage message)
    {
        var next = await desk.NextAsync(message.Tenant, message.Device);
        if (next.Problem is { } problem)
            await RefuseAsync(message, Next, problem);
        else if (next.Value is not null || way.IsConnectedHere(message.Tenant, message.Device)) // Nothing to do is not worth the way through a gateway.
            await SayAsync(message, $"{Next}/accepted", next.Value is { } job ? JsonSerializer.SerializeToUtf8Bytes(job, ContractsJson.Default.JobInfo) : "{\"job\":null}"u8.ToArray());
    }

    private async Task ReportAsync(DeviceMessage message, string job)
    {
        var problem = Read(message.Payload, ContractsJson.Default.JobReport, "'state'", out var report) ?? await desk.ReportAsync(message.Tenant, message.Device, job, report!, message.Said);
        if (problem is null)
            await SayAsync(message, $"jobs/{job}/update/accepted", Encoding.UTF8.GetBytes($$"""{"state":"{{report!.State}}"}"""));
        else
            await RefuseAsync(message, $"jobs/{job}/update", problem, report?.State is { Length: <= MaxState } state ? state : null);
    }

    private async Task SoftwareAsync(DeviceMessage message)
    {
        var problem = Read(message.Payload, ContractsJson.Default.DictionaryStringString, "versions by component", out var components) ?? await desk.SoftwareAsync(message.Tenant, message.Device, components!, message.Said);
        if (problem is null)
            await SayAsync(message, $"{Software}/accepted", "{}"u8.ToArray());
        else
            await RefuseAsync(message, Software, problem);
    }

    private static Problem? Read<T>(byte[] payload, JsonTypeInfo<T> type, string needed, out T? report)
        where T : class
    {
        report = null;
        if (payload.Length > MaxPayload)
            return new Problem(ProblemKind.Invalid, $"A report has at most {MaxPayload} bytes.");
        try
        {
            report = JsonSerializer.Deserialize(payload, type);
            return report is null ? new Problem(ProblemKind.Invalid, $"The report is empty; an object with {needed} is needed.") : null;
        }
        catch (JsonException e)
        {
            return new Problem(ProblemKind.Invalid, $"The report is no JSON object as it should be (line {e.LineNumber + 1}, byte {e.BytePositionInLine}).");
        }
    }

    /// <summary>Says why not.</summary>
    /// <param name="state">The one that was said of a job, so that the device knows which of its words it is; null where it cannot be named.</param>
    /// <exception cref="IOException">It could not be written: the device is not acknowledged and says it again.</exception>
    private async Task RefuseAsync(DeviceMessage message, string topic, Problem problem, string? state = null)
    {
        await SayAsync(message, $"{topic}/rejected", JsonSerializer.SerializeToUtf8Bytes(new JobRefusal(ProblemResults.StatusOf(problem.Kind), problem.Detail, state), JsonSerializerOptions.Web));
        if (problem.Kind is ProblemKind.Unavailable)
            throw new IOException(problem.Detail);
    }

    /// <summary>Each answer is a message of its own: one that is lost is given again when the device asks again.</summary>
    private async Task SayAsync(DeviceMessage message, string topic, byte[] payload) =>
        await way.SendAsync(message.Tenant, $"j{Guid.NewGuid():n}", message.Device, topic, payload, time.GetUtcNow() + AnswerFor, CancellationToken.None);

    private sealed record JobRefusal(int Code, string Message, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? State);
}
