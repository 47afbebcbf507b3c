using System.Text;
using System.Text.Json;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform.Fleet;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Ingest;

namespace Strata.Cloud.Updates.Jobs;

/// <summary><c>devices/{id}/jobs/...</c>: a device asks for its job and says what becomes of it. What it says is acknowledged when it is written. A device behind a gateway is answered through it.</summary>
internal sealed class JobTopics(JobDesk desk, Lazy<TelemetryMqttHost> host, IDeviceWay way, TimeProvider time) : IDeviceTopics
{
    private const string Next = "jobs/next";
    private const int MaxPayload = 16 * 1024;
    private static readonly TimeSpan AnswerWaits = TimeSpan.FromMinutes(2);

    public string Root => "jobs/";

    public Task? OnPublish(DeviceMessage message)
    {
        if (message.Rest == Next)
            return NextAsync(message);
        var parts = message.Rest.Split('/');
        return parts is ["jobs", { Length: > 0 and <= 64 } job, "update"] ? ReportAsync(message, job) : null;
    }

    public void OnSubscribed(TenantId tenant, DeviceId device, string filterRest)
    {
        if (filterRest is "jobs/notify" or "jobs/#" or "jobs/+" or "#" && desk.Waiting(tenant, device) is { } job)
            host.Value.Say(tenant, device, "jobs/notify", Encoding.UTF8.GetBytes($$"""{"job":"{{job}}"}"""));
    }

    private async Task NextAsync(DeviceMessage message)
    {
        var next = await desk.NextAsync(message.Tenant, message.Device, CancellationToken.None);
        if (next.IsOk || next.Problem is null)
            await SayAsync(message, $"{Next}/accepted", next.Value is null ? "{\"job\":null}"u8.ToArray() : JsonSerializer.SerializeToUtf8Bytes(next.Value, ContractsJson.Default.JobInfo));
        else
            await RefuseAsync(message, Next, next.Problem);
    }

    private async Task ReportAsync(DeviceMessage message, string job)
    {
        var problem = Read(message.Payload, out var report) ?? await desk.ReportAsync(message.Tenant, message.Device, job, report!, CancellationToken.None);
        if (problem is null)
            await SayAsync(message, $"jobs/{job}/update/accepted", "{}"u8.ToArray());
        else
            await RefuseAsync(message, $"jobs/{job}/update", problem);
    }

    private static Problem? Read(byte[] payload, out JobReport? report)
    {
        report = null;
        if (payload.Length > MaxPayload)
            return new Problem(ProblemKind.TooMuch, $"A report has at most {MaxPayload} bytes.");
        try
        {
            report = JsonSerializer.Deserialize(payload, ContractsJson.Default.JobReport);
            return report is null ? new Problem(ProblemKind.Invalid, "The report is empty; an object with 'state' is needed.") : null;
        }
        catch (JsonException e)
        {
            return new Problem(ProblemKind.Invalid, $"The report is no JSON object as it should be (line {e.LineNumber + 1}, byte {e.BytePositionInLine}).");
        }
    }

    private Task RefuseAsync(DeviceMessage message, string topic, Problem problem) =>
        SayAsync(message, $"{topic}/rejected", JsonSerializer.SerializeToUtf8Bytes(new JobRefusal(ProblemResults.StatusOf(problem.Kind), problem.Detail), JsonSerializerOptions.Web));

    /// <summary>An answer that does not come in time is asked for again.</summary>
    private async Task SayAsync(DeviceMessage message, string rest, byte[] payload)
    {
        if (way.IsConnectedHere(message.Tenant, message.Device) || way.GatewayOf(message.Tenant, message.Device) is null)
            host.Value.Say(message.Tenant, message.Device, rest, payload);
        else
            await way.SendAsync(message.Tenant, Guid.NewGuid().ToString("N"), message.Device, rest, payload, time.GetUtcNow() + AnswerWaits, CancellationToken.None);
    }

    private sealed record JobRefusal(int Code, string Message);
}
