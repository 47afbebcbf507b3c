using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Shadows;
using Strata.Core.Tenancy;
using Strata.Fog.Served;
using Strata.Node.Ingest;

namespace Strata.Fog.Shadows;

/// <summary>
/// Shadows by MQTT at the gateway, as the cloud serves them, also while it is away. Requests are served one after the other, in the order in which they came; each is answered and acknowledged when it is on the disk
/// here. Who sends more than can wait is not acknowledged and comes again.
/// </summary>
internal sealed partial class FogShadowTopics(Lazy<TelemetryMqttHost> host, ServedTenants served, FogShadowOptions options, TimeProvider time, ILogger<FogShadowTopics> logger) : BackgroundService, IDeviceTopics
{
    private static readonly ShadowAuthor Device = new(ShadowAuthor.Device, IsDevice: true);

    private readonly Channel<Job> jobs = Channel.CreateBounded<Job>(new BoundedChannelOptions(options.MaxWaiting) { SingleReader = true });
    /// <summary>Shadows of devices of which it is remembered what was told; beyond, a device may hear a delta again.</summary>
    private const int MostTold = 10_000;

    /// <summary>To be told, and to which connection that has begun to listen; null of a change, which all hear that listen.</summary>
    private readonly ConcurrentDictionary<(TenantId Tenant, DeviceId Device, string? Name), long?> untold = new();

    /// <summary>What a connection was told when it began to listen: one that comes back to its session listens by itself, and often subscribes as well. Of the loop alone.</summary>
    private readonly Dictionary<(TenantId, DeviceId, string Name), (long Version, long Connection)> told = [];

    public string Root => ShadowTopic.Root;

    public Task? OnPublish(DeviceMessage message)
    {
        if (!ShadowTopic.TryRead(message.Rest, out var name, out var ask) || served.Of(message.Tenant) is not { } tenant)
            return null;
        var job = new Job(() => Serve(tenant.Shadows, message, name, ask));
        return jobs.Writer.TryWrite(job) ? job.Done : Task.FromException(new IOException("too many requests for shadows wait at the gateway"));
    }

    public void OnSubscribed(TenantId tenant, DeviceId device, string filterRest, long connection)
    {
        if (ShadowTopic.HearsDelta(filterRest, out var name))
            Tell(tenant, device, name, connection);
    }

    /// <summary>Tells the device what it has yet to follow, as it is when its turn comes, if it is here then.</summary>
    /// <param name="name">Null for all of its shadows.</param>
    /// <param name="listener">The connection that has begun to listen; null of a change.</param>
    public void Tell(TenantId tenant, DeviceId device, string? name, long? listener = null)
    {
        untold.AddOrUpdate((tenant, device, name), listener, (_, waiting) => waiting == listener ? listener : null);
        jobs.Writer.TryWrite(Job.Nothing); // Where there is no room, somebody's turn is coming.
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var job in jobs.Reader.ReadAllAsync(stoppingToken))
            {
                job.Run();
                foreach (var of in untold.Keys)
                    TellOrLog(of.Tenant, of.Device, of.Name);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            while (jobs.Reader.TryRead(out var job))
                job.Leave();
        }
    }

    private void TellOrLog(TenantId tenant, DeviceId device, string? name)
    {
#pragma warning disable CA1031 // The device hears the delta with the next change, and can ask for it; the others of all tenants are served.
        try
        {
            TellDeltas(tenant, device, name);
        }
        catch (Exception fault)
        {
            LogNotTold(device.Value, fault);
        }
#pragma warning restore CA1031
    }

    private void TellDeltas(TenantId tenant, DeviceId device, string? name)
    {
        if (!untold.TryRemove((tenant, device, name), out var listener))
            return;
        if (served.Of(tenant) is not { } of)
            return;
        foreach (var one in name is null ? of.Shadows.NamesOf(device) : [name])
        {
            var shadow = of.Shadows.Find(device, one);
            if (listener is null || told.GetValueOrDefault((tenant, device, one)) != (shadow.Version, listener))
                TellDelta(tenant, device, one, shadow, null);
            if (listener is not { } connection)
                continue;
            if (told.Count >= MostTold)
                told.Clear();
            told[(tenant, device, one)] = (shadow.Version, connection);
        }
    }

    private void TellDelta(TenantId tenant, DeviceId device, string name, Shadow shadow, string? token)
    {
        if (!shadow.IsDeleted && host.Value.IsConnected(tenant, device))
            host.Value.Say(tenant, device, ShadowTopic.Of(name, "update/delta"), () => ShadowDocument.Delta(shadow, token));
    }

    private void Serve(FogShadows shadows, DeviceMessage message, string name, ShadowAsk ask)
    {
        switch (ask)
        {
            case ShadowAsk.Get:
                var token = ShadowRequest.TokenOf(message.Payload);
                var found = shadows.Find(message.Device, name);
                if (found.IsDeleted)
                    Reject(message, name, "get", new Problem(ProblemKind.NotFound, "The gateway knows no such shadow of the device."), token, null);
                else
                    Say(message, name, "get/accepted", () => ShadowDocument.Get(found, time.GetUtcNow().ToUnixTimeMilliseconds(), token));
                break;
            case ShadowAsk.Delete:
                Reject(message, name, "delete", new Problem(ProblemKind.Forbidden, "A shadow is the cloud's to delete; a device empties what it reported."), ShadowRequest.TokenOf(message.Payload), null);
                break;
            default:
                Update(shadows, message, name);
                break;
        }
    }

    private void Update(FogShadows shadows, DeviceMessage message, string name)
    {
        var request = ShadowRequest.Parse(message.Payload, shadows.Limits);
        if (!request.IsOk)
        {
            Reject(message, name, "update", request.Problem, null, null);
            return;
        }
        try
        {
            var decided = shadows.Update(message.Device, name, request.Value, Device);
            if (!decided.IsOk)
            {
                Reject(message, name, "update", decided.Problem, request.Value.ClientToken, decided.Problem.Kind is ProblemKind.Conflict ? shadows.Find(message.Device, name).Version : null);
                return;
            }
            Say(message, name, "update/accepted", () => ShadowDocument.Updated(decided.Value, request.Value));
            TellDelta(message.Tenant, message.Device, name, decided.Value.After, request.Value.ClientToken);
            Say(message, name, "update/documents", () => ShadowDocument.Documents(decided.Value, request.Value.ClientToken), qos: 0);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            LogRefused(refused.Message);
            Reject(message, name, "update", new Problem(ProblemKind.Unavailable, "The gateway's disk did not take it; send it again."), request.Value.ClientToken, null);
            throw; // Not acknowledged: the device says it again.
        }
    }

    private void Reject(DeviceMessage message, string name, string verb, Problem problem, string? token, long? version) =>
        Say(message, name, $"{verb}/rejected", () => ShadowDocument.Rejected(problem, time.GetUtcNow().ToUnixTimeMilliseconds(), token, version));

    private void Say(DeviceMessage message, string name, string tail, Func<byte[]?> write, byte qos = 1) => host.Value.Say(message.Tenant, message.Device, ShadowTopic.Of(name, tail), write, qos);

    [LoggerMessage(6044, LogLevel.Error, "A shadow could not be kept: {Reason}")]
    private partial void LogRefused(string reason);

    [LoggerMessage(6047, LogLevel.Error, "{Device} could not be told what it has yet to follow.")]
    private partial void LogNotTold(string device, Exception fault);

    /// <summary>A request that waits for its turn.</summary>
    private sealed class Job(Action serve)
    {
        public static readonly Job Nothing = new(static () => { });

        private readonly TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Completes when it is served, and fails where it could not be kept.</summary>
        public Task Done => done.Task;

        public void Run()
        {
#pragma warning disable CA1031 // Whatever fails, the next ones are served.
            try
            {
                serve();
                done.TrySetResult();
            }
            catch (Exception failure)
            {
                done.TrySetException(failure);
            }
#pragma warning restore CA1031
        }

        /// <summary>The node stops.</summary>
        public void Leave() => done.TrySetCanceled();
    }
}
