using Microsoft.Extensions.Logging;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Shadows;
using Strata.Core.Tenancy;
using Strata.Fog.Served;
using Strata.Node.Ingest;

namespace Strata.Fog.Shadows;

/// <summary>Shadows by MQTT at the gateway, as the cloud serves them, also while it is away. A request is answered and acknowledged when it is on the disk here.</summary>
internal sealed partial class FogShadowTopics(Lazy<TelemetryMqttHost> host, ServedTenants served, TimeProvider time, ILogger<FogShadowTopics> logger) : IDeviceTopics
{
    private static readonly ShadowAuthor Device = new(ShadowAuthor.Device, IsDevice: true);

    public string Root => ShadowTopic.Root;

    public Task? OnPublish(DeviceMessage message) =>
        ShadowTopic.TryRead(message.Rest, out var name, out var ask) && served.Of(message.Tenant) is { } tenant ? Task.Run(() => Serve(tenant.Shadows, message, name, ask)) : null;

    public void OnSubscribed(TenantId tenant, DeviceId device, string filterRest)
    {
        if (!ShadowTopic.HearsDelta(filterRest, out var name) || served.Of(tenant) is not { } of)
            return;
        foreach (var one in name is null ? of.Shadows.NamesOf(device) : [name])
            TellDelta(tenant, device, one, of.Shadows.Find(device, one), null);
    }

    /// <summary>What the device has yet to follow, if it is here.</summary>
    public void TellDelta(TenantId tenant, DeviceId device, string name, Shadow shadow, string? token)
    {
        if (!shadow.IsDeleted && host.Value.IsConnected(tenant, device) && ShadowDocument.Delta(shadow, token) is { } delta)
            host.Value.Say(tenant, device, ShadowTopic.Of(name, "update/delta"), delta);
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
                    Say(message, name, "get/accepted", ShadowDocument.Get(found, time.GetUtcNow().ToUnixTimeMilliseconds(), token));
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
            Say(message, name, "update/accepted", ShadowDocument.Updated(decided.Value, request.Value));
            TellDelta(message.Tenant, message.Device, name, decided.Value.After, request.Value.ClientToken);
            host.Value.Say(message.Tenant, message.Device, ShadowTopic.Of(name, "update/documents"), ShadowDocument.Documents(decided.Value, request.Value.ClientToken), qos: 0);
        }
        catch (IOException refused)
        {
            LogRefused(refused.Message);
            Reject(message, name, "update", new Problem(ProblemKind.Unavailable, "The gateway's disk did not take it; send it again."), request.Value.ClientToken, null);
            throw; // Not acknowledged: the device says it again.
        }
    }

    private void Reject(DeviceMessage message, string name, string verb, Problem problem, string? token, long? version) =>
        Say(message, name, $"{verb}/rejected", ShadowDocument.Rejected(problem, time.GetUtcNow().ToUnixTimeMilliseconds(), token, version));

    private void Say(DeviceMessage message, string name, string tail, byte[] payload) => host.Value.Say(message.Tenant, message.Device, ShadowTopic.Of(name, tail), payload);

    [LoggerMessage(6031, LogLevel.Error, "A shadow could not be kept: {Reason}")]
    private partial void LogRefused(string reason);
}
