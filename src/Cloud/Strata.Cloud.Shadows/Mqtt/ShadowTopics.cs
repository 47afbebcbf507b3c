using Microsoft.Extensions.Logging;
using Strata.Cloud.Shadows.Store;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Shadows;
using Strata.Core.Tenancy;
using Strata.Node.Ingest;

namespace Strata.Cloud.Shadows.Mqtt;

/// <summary>
/// Shadows by MQTT. A request is answered on <c>.../accepted</c> or <c>.../rejected</c> and acknowledged after its commit. Deltas are said to devices that are here, and once when one begins to listen: none waits for a
/// device that is away.
/// </summary>
internal sealed partial class ShadowTopics(Lazy<TelemetryMqttHost> host, ShadowStore store, ShadowTables tables, ShadowContacts contacts, GatewayNudge nudge, TimeProvider time, ILogger<ShadowTopics> logger) : IDeviceTopics, IShadowObserver
{
    public string Root => ShadowTopic.Root;

    public Task? OnPublish(DeviceMessage message)
    {
        if (!ShadowTopic.TryRead(message.Rest, out var name, out var ask))
            return null;
        var key = new ShadowKey(message.Tenant, message.Device, name);
        return ask switch
        {
            ShadowAsk.Get => AskAsync(new ShadowWork(key, ShadowVerb.Read) { Author = store.Device, Token = ShadowRequest.TokenOf(message.Payload) }),
            ShadowAsk.Delete => DeleteAsync(key, message.Payload),
            _ => UpdateAsync(key, message.Payload),
        };
    }

    public void OnConnected(TenantId tenant, DeviceId device) => contacts.Connected(tenant, device);

    public void OnSubscribed(TenantId tenant, DeviceId device, string filterRest, long connection)
    {
        if (!ShadowTopic.HearsDelta(filterRest, out var name))
            return;
        contacts.Listens(tenant, device, connection);
        _ = TellAsync(tenant, device, name, connection);
    }

    public void OnDone(ShadowWork work, ShadowResult result)
    {
        if (work.Author.IsDevice && work.IsByTopic)
            Answer(work, result);
        if (work.Listener is { } listener && result.Shadow is { } shadow)
            TellDelta(work.Key, shadow, listener);
        if (result.Change is not { } change)
            return;
        var token = result.Request?.ClientToken;
        if (work.Verb == ShadowVerb.Update)
            TellDelta(work.Key, change.After, null, token);
        if (!work.IsFromGateway)
            nudge.Changed(work.Key);
        // For applications: QoS 0 waits in no session, so that a device that listens to everything finds no pile of them.
        Say(work.Key, "update/documents", () => ShadowDocument.Documents(change, token), 0);
    }

    private Task UpdateAsync(ShadowKey key, byte[] payload)
    {
        var request = ShadowRequest.Parse(payload, store.Limits);
        if (request.IsOk)
            return AskAsync(new ShadowWork(key, ShadowVerb.Update) { Request = request.Value, Author = store.Device, Token = request.Value.ClientToken });
        Reject(key, "update", request.Problem, payload.Length <= store.Limits.MaxRequestBytes ? ShadowRequest.TokenOf(payload) : null, null);
        return Task.CompletedTask;
    }

    private Task DeleteAsync(ShadowKey key, byte[] payload)
    {
        var (token, version) = ShadowRequest.FieldsOf(payload.Length <= store.Limits.MaxRequestBytes ? payload : []);
        if (store.Device.MayDesire)
            return AskAsync(new ShadowWork(key, ShadowVerb.Delete) { Version = version, Author = store.Device, Token = token });
        Reject(key, "delete", new Problem(ProblemKind.Forbidden, "A shadow is the cloud's to delete, with what is desired in it; a device empties what it reported: {\"state\":{\"reported\":null}}."), token, null);
        return Task.CompletedTask;
    }

    /// <summary>Fails where it was not kept, so that the device is not acknowledged and says it again.</summary>
    private async Task AskAsync(ShadowWork work)
    {
        work.IsByTopic = true;
        var result = await store.RunAsync(work, CancellationToken.None);
        if (result.Problem is not { } problem)
            return;
        // Refused before its turn: nobody else has told the device.
        if (!work.Done.IsCompleted)
            Reject(work.Key, Word(work.Verb), problem, work.Token, null);
        if (problem.Kind is ProblemKind.Unavailable)
            throw new IOException(problem.Detail);
    }

    private void Answer(ShadowWork work, ShadowResult result)
    {
        if (result.Problem is { } problem)
        {
            Reject(work.Key, Word(work.Verb), problem, work.Token, problem.Kind is ProblemKind.Conflict ? result.Shadow?.Version : null);
            return;
        }
        if (work.Verb == ShadowVerb.Read && result.Shadow is { IsDeleted: true } or null)
        {
            Reject(work.Key, "get", new Problem(ProblemKind.NotFound, work.Key.Name.Length == 0 ? "The device has no shadow yet." : $"The device has no shadow named '{work.Key.Name}'."), work.Token, null);
            return;
        }
        if (work.Verb == ShadowVerb.Read)
            contacts.Fetched(work.Key, result.Shadow!.Version);
        Say(work.Key, $"{Word(work.Verb)}/accepted", () => work.Verb switch
        {
            ShadowVerb.Read => ShadowDocument.Get(result.Shadow!, time.GetUtcNow().ToUnixTimeMilliseconds(), work.Token),
            ShadowVerb.Update => ShadowDocument.Updated(result.Change!, result.Request!),
            _ => ShadowDocument.Deleted(result.Shadow!, work.Token),
        });
    }

    private void Reject(ShadowKey key, string verb, Problem problem, string? token, long? version)
    {
        if (verb == "update")
            contacts.Rejected(key, problem.Detail);
        Say(key, $"{verb}/rejected", () => ShadowDocument.Rejected(problem, time.GetUtcNow().ToUnixTimeMilliseconds(), token, version));
    }

    private static string Word(ShadowVerb verb) => verb switch
    {
        ShadowVerb.Read => "get",
        ShadowVerb.Update => "update",
        _ => "delete",
    };

    /// <summary>On the writer's loop, so that no older delta follows a newer one.</summary>
    /// <param name="listener">The connection that has begun to listen: nothing where it was told of this version already. Null of a change, which all hear that listen.</param>
    private void TellDelta(ShadowKey key, Shadow shadow, long? listener, string? token = null)
    {
        if (shadow.IsDeleted || !host.Value.IsConnected(key.Tenant, key.Device))
            return;
        Say(key, "update/delta", () =>
        {
            if (ShadowDocument.Delta(shadow, token) is not { } delta)
                return null;
            if (listener is not null && contacts.Find(key)?.Told == (shadow.Version, listener))
                return null;
            if ((listener ?? contacts.Listener(key.Tenant, key.Device)) is { } connection)
                contacts.Told(key, shadow.Version, connection);
            return delta;
        });
    }

    /// <summary>What the device missed, as one.</summary>
    private async Task TellAsync(TenantId tenant, DeviceId device, string? name, long connection)
    {
#pragma warning disable CA1031 // The device hears the delta with the next change, and can ask for it.
        try
        {
            var names = name is not null ? [name] : (await tables.OfDeviceAsync(tenant, device.Value, CancellationToken.None)).Keys.Select(ShadowKey.NameOf);
            foreach (var one in names)
                await store.RunAsync(new ShadowWork(new ShadowKey(tenant, device, one), ShadowVerb.Read) { Author = store.Device, Listener = connection }, CancellationToken.None);
        }
        catch (Exception fault)
        {
            LogNotTold(fault);
        }
#pragma warning restore CA1031
    }

    private void Say(ShadowKey key, string tail, Func<byte[]?> write, byte qos = 1) => host.Value.Say(key.Tenant, key.Device, ShadowTopic.Of(key.Name, tail), write, qos);

    [LoggerMessage(7042, LogLevel.Error, "A device could not be told what it missed.")]
    private partial void LogNotTold(Exception fault);
}
