using System.Text;
using System.Text.Json;
using Strata.Cloud.Contracts;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Ingest;

namespace Strata.Cloud.Updates.Jobs;

/// <summary><c>devices/{id}/jobs/...</c>: a device asks for its job and says what becomes of it. What it says is acknowledged when it is written.</summary>
internal sealed class JobTopics(JobDesk desk, Lazy<TelemetryMqttHost> host) : IDeviceTopics
{
    private const string Next = "jobs/next";
    private const int MaxPayload = 16 * 1024;

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
        var next = await desk.NextAsync(message.Tenant, message.Device);
        if (next.IsOk || next.Problem is null)
            host.Value.Say(message.Tenant, message.Device, $"{Next}/accepted", next.Value is null ? "{\"job\":null}"u8 : JsonSerializer.SerializeToUtf8Bytes(next.Value, ContractsJson.Default.JobInfo));
        else
            Refuse(message, Next, next.Problem);
    }

    private async Task ReportAsync(DeviceMessage message, string job)
    {
        var problem = Read(message.Payload, out var report) ?? await desk.ReportAsync(message.Tenant, message.Device, job, report!);
        if (problem is null)
            host.Value.Say(message.Tenant, message.Device, $"jobs/{job}/update/accepted", "{}"u8);
        else
            Refuse(message, $"jobs/{job}/update", problem);
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

    /// <summary>Says why not.</summary>
    /// <exception cref="IOException">It could not be written: the device is not acknowledged and says it again.</exception>
    private void Refuse(DeviceMessage message, string topic, Problem problem)
    {
        host.Value.Say(message.Tenant, message.Device, $"{topic}/rejected", JsonSerializer.SerializeToUtf8Bytes(new JobRefusal(ProblemResults.StatusOf(problem.Kind), problem.Detail), JsonSerializerOptions.Web));
        if (problem.Kind is ProblemKind.Unavailable)
            throw new IOException(problem.Detail);
    }

    private sealed record JobRefusal(int Code, string Message);
}
