using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Shadows.Mqtt;
using Strata.Cloud.Shadows.Store;
using Strata.Core.Devices;
using Strata.Core.Shadows;
using Strata.Node;

namespace Strata.Cloud.Shadows.Routes;

/// <summary><c>GET /api/v1/devices/{id}/shadow/why</c>: gathers the facts and has them explained.</summary>
internal static class ExplainShadow
{
    /// <summary>Other devices that are looked at.</summary>
    private const int MaxPeers = 100;

    public static async Task<IResult> HandleAsync(
        string id, string? name, HttpContext context, ShadowStore store, ShadowTables tables, ShadowContacts contacts, IFleet fleet, IDeviceHealth health, IDeviceWay way, TimeProvider time, CancellationToken cancellationToken)
    {
        var found = await ReadShadow.CurrentAsync(context, id, name, store, fleet, cancellationToken);
        if (!found.IsOk)
            return ProblemResults.Of(found.Problem);
        var (key, shadow) = found.Value;
        if (shadow.IsDeleted)
            return ProblemResults.Of(ShadowRoute.NoShadow(key));
        var device = fleet.Find(key.Tenant, key.Device)!;
        var firmware = health.Find(key.Tenant, key.Device)?.Firmware;
        var contact = contacts.Find(key);
        var facts = new ShadowFacts
        {
            Shadow = shadow, Now = time.GetUtcNow(), WatchedSince = contacts.Since, LastSeen = device.LastSeen, Model = device.Model, Firmware = firmware,
            IsOnline = way.IsConnectedHere(key.Tenant, key.Device) || (device.Gateway is { } gateway && fleet.Gateways(key.Tenant).Any(g => g.Id == gateway && g.Online)),
            FetchedVersion = contact?.Fetched, Fetched = contact?.FetchedAt, Rejected = contact?.Rejected, RejectedAt = contact?.RejectedAt,
        };
        if (!shadow.Delta.IsEmpty && device.Model is not null && firmware is not null)
            facts = await WithPeersAsync(facts, key, device, tables, fleet, health, cancellationToken);
        var reasons = ShadowStall.Explain(facts);
        return Results.Json(new ShadowWhy(shadow.Delta.IsEmpty, shadow.Version, [.. reasons.Select(r => new ShadowReasonInfo(r.Path, r.Cause, r.Text))]), ContractsJson.Default.ShadowWhy);
    }

    private static async Task<ShadowFacts> WithPeersAsync(ShadowFacts facts, ShadowKey key, FleetDevice device, ShadowTables tables, IFleet fleet, IDeviceHealth health, CancellationToken cancellationToken)
    {
        var peers = fleet.Devices(key.Tenant).Where(d => d.Model == device.Model && d.Id != device.Id && d.State != DeviceState.Decommissioned && health.Find(key.Tenant, d.Id)?.Firmware == facts.Firmware)
            .Take(MaxPeers).Select(d => new ShadowKey(key.Tenant, d.Id, key.Name).Id).ToList();
        var reported = (await tables.LoadAsync(key.Tenant, peers, cancellationToken)).Values.Select(c => ShadowCodec.Read(c).Reported.Root).Where(r => !r.IsEmpty).ToList();
        return facts with { Peers = reported.Count, KnownPaths = reported.SelectMany(r => ShadowMath.Leaves(r)).Select(l => l.Path).ToHashSet(StringComparer.Ordinal) };
    }
}
