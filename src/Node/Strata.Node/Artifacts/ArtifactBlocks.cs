using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Core.Updates.Blocks;
using Strata.Core.Updates.Manifests;
using Strata.Node.Ingest;

namespace Strata.Node.Artifacts;

/// <summary>
/// <c>devices/{id}/artifacts/{sha256}/get</c>: an artifact in blocks, for devices that have nothing but MQTT. The device asks for blocks that are missing; each comes on <c>.../blocks/{size}/{number}</c>, QoS 0, to this device alone. What is
/// lost it asks for again, after a restart too: the node keeps nothing of it. One request of a device at a time.
/// </summary>
public sealed partial class ArtifactBlocks(IArtifactBytes artifacts, Lazy<TelemetryMqttHost> host, ILogger<ArtifactBlocks> logger) : IDeviceTopics, IAsyncDisposable
{
    private static readonly Problem OneAtATime = new(ProblemKind.TooMuch, "The blocks that were asked for before are still on their way; ask again when they have come.");
    private readonly ConcurrentDictionary<(TenantId, DeviceId), Task> running = new();
    private readonly CancellationTokenSource stopping = new();

    public string Root => "artifacts/";

    public Task? OnPublish(DeviceMessage message)
    {
        if (message.Rest.Split('/') is not ["artifacts", var sha256, "get"] || !ManifestLimits.IsSha256(sha256))
            return null;
        var request = BlockRequest.Parse(message.Payload);
        if (!request.IsOk)
        {
            Refuse(message, request.Problem);
            return Task.CompletedTask;
        }
        var began = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (running.TryAdd((message.Tenant, message.Device), began.Task))
            _ = SendAsync(message, sha256, request.Value, began);
        else
            Refuse(message, OneAtATime);
        return Task.CompletedTask; // Nothing of it is kept: a request that is lost is made again.
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await Task.WhenAll(running.Values);
        stopping.Dispose();
    }

    private async Task SendAsync(DeviceMessage message, string sha256, BlockRequest request, TaskCompletionSource ended)
    {
        try
        {
            await Task.Yield();
            var opened = await artifacts.OpenAsync(message.Tenant, message.Device, sha256, stopping.Token);
            if (!opened.IsOk)
            {
                Refuse(message, opened.Problem);
                return;
            }
            await using var bytes = opened.Value;
            await SendAsync(message, sha256, request, bytes);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return; // The node stops; the device asks again.
        }
        catch (IOException e)
        {
            Unreadable(sha256, e.Message);
            Refuse(message, new Problem(ProblemKind.Unavailable, "The artifact cannot be read just now; ask again."));
        }
        finally
        {
            running.TryRemove((message.Tenant, message.Device), out _);
            ended.SetResult();
        }
    }

    private async Task SendAsync(DeviceMessage message, string sha256, BlockRequest request, ArtifactBytes bytes)
    {
        var length = bytes.Content.Length;
        Say(message, $"{message.Rest}/accepted", Encoding.UTF8.GetBytes($$"""{"bytes":{{length}},"size":{{request.Size}},"blocks":{{(length + request.Size - 1) / request.Size}}}"""));
        var buffer = new byte[request.Size];
        foreach (var number in request.Of(length))
        {
            bytes.Content.Position = (long)number * request.Size;
            var read = await bytes.Content.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, stopping.Token);
            await bytes.Passage.PaceAsync(read, stopping.Token);
            if (!host.Value.SayTo(message.Tenant, message.Device, $"artifacts/{sha256}/blocks/{request.Size}/{number}", buffer.AsSpan(0, read), qos: 0))
                return; // It is gone, or does not listen.
        }
    }

    private void Refuse(DeviceMessage message, Problem problem) =>
        Say(message, $"{message.Rest}/rejected", JsonSerializer.SerializeToUtf8Bytes(new Refusal(ProblemResults.StatusOf(problem.Kind), problem.Detail), JsonSerializerOptions.Web));

    private void Say(DeviceMessage message, string rest, byte[] payload) => host.Value.SayTo(message.Tenant, message.Device, rest, payload, qos: 1);

    private sealed record Refusal(int Code, string Message);

    [LoggerMessage(3090, LogLevel.Error, "Artifact {Sha256} cannot be read: {Reason}")]
    private partial void Unreadable(string sha256, string reason);
}
