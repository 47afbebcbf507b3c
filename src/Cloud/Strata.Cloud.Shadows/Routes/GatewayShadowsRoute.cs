using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Shadows.Store;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Shadows;
using Strata.Node;
using Strata.Node.Devices;
using Strata.Node.Uplink;

namespace Strata.Cloud.Shadows.Routes;

/// <summary><c>POST /api/v1/gateways/{id}/shadows</c>: what a gateway served while it was apart comes together with what is here.</summary>
internal static class GatewayShadowsRoute
{
    private const int MaxBody = 8 * 1024 * 1024;

    /// <summary>Changes, and devices asked for, of one request.</summary>
    private const int Most = 1_000;

    /// <summary>Of a shadow: every JSON parser takes it exactly, and many more changes than ever come follow.</summary>
    private const long MaxVersion = 1L << 52;

    public static async Task<IResult> PostAsync(
        string id, HttpContext context, GatewayDirectory gateways, IRejectionLog rejections, IFleet fleet, ShadowStore store, ShadowTables tables, TimeProvider time, CancellationToken cancellationToken)
    {
        if (GatewayRequests.Sender(context, id, gateways) is not { } gateway)
            return GatewayRequests.NotItsOwn(context, id, rejections);
        var body = await context.Request.ReadJsonAsync(ContractsJson.Default.GatewayShadows, cancellationToken, MaxBody);
        if (!body.IsOk)
            return ProblemResults.Of(body.Problem);
        if (body.Value.Changes.Count + body.Value.Known.Count > Most)
            return ProblemResults.Of(new Problem(ProblemKind.TooMuch, $"At most {Most} changes and devices are taken at once.", "changes"), StatusCodes.Status413PayloadTooLarge);
        var (states, refused) = (new Dictionary<(string, string), GatewayShadowState>(), new List<GatewayShadowRefused>());
        foreach (var change in body.Value.Changes)
        {
            if (change.Version is < 0 or > MaxVersion || change.Base is < 0 or > MaxVersion)
            {
                refused.Add(new GatewayShadowRefused(change.Device, change.Name, $"A version is from 0 to {MaxVersion}."));
                continue;
            }
            if (Serves(gateway, change.Device, fleet) is not { } device || !ShadowLimits.IsName(change.Name))
            {
                refused.Add(new GatewayShadowRefused(change.Device, change.Name, "It is no device of this gateway, or no name of a shadow."));
                continue;
            }
            var key = new ShadowKey(gateway.Tenant, device, change.Name);
            // A clock at the site that is ahead does not hold what comes later.
            var done = await UniteAsync(key, change with { At = Math.Min(change.At, time.GetUtcNow().ToUnixTimeMilliseconds()) }, gateway, store, cancellationToken);
            if (done.Problem is { Kind: ProblemKind.Unavailable } later)
                return ProblemResults.Of(later);
            if (done.Problem is { } problem)
                refused.Add(new GatewayShadowRefused(change.Device, change.Name, problem.Detail));
            var now = await store.ReadAsync(key, cancellationToken);
            if (now.Shadow is { } shadow)
                states[(change.Device, change.Name)] = new GatewayShadowState(change.Device, change.Name, ShadowCodec.Write(shadow));
        }
        foreach (var known in body.Value.Known)
        {
            if (Serves(gateway, known.Device, fleet) is not { } device)
                continue;
            foreach (var (shadowId, shadow) in await tables.OfDeviceAsync(gateway.Tenant, device.Value, cancellationToken))
                if (ShadowKey.NameOf(shadowId) is var name && known.Versions.GetValueOrDefault(name, -1) != shadow.Version)
                    states.TryAdd((known.Device, name), new GatewayShadowState(known.Device, name, ShadowCodec.Write(shadow)));
        }
        return Results.Json(new GatewayShadowsAnswer([.. states.Values], refused), ContractsJson.Default.GatewayShadowsAnswer);
    }

    /// <summary>A device of the gateway's place, or one that was last heard through it.</summary>
    private static DeviceId? Serves(GatewayEntry gateway, string id, IFleet fleet) =>
        DeviceId.TryParse(id, out var device) && fleet.Find(gateway.Tenant, device) is { State: not DeviceState.Decommissioned } found
            && ((found.Site is { } site && gateway.Site.Contains(site)) || found.Gateway == gateway.Gateway)
            ? device
            : null;

    private static async Task<ShadowResult> UniteAsync(ShadowKey key, GatewayShadowChange change, GatewayEntry gateway, ShadowStore store, CancellationToken cancellationToken)
    {
        var (reported, desired) = (Patch(change.Reported, store.Limits), Patch(change.Desired, store.Limits));
        if (!reported.IsOk || !desired.IsOk)
            return ShadowResult.Refused((reported.Problem ?? desired.Problem)!);
        var author = new ShadowAuthor($"gateway {gateway.Gateway}", IsDevice: false);
        if (!reported.Value.IsEmpty)
        {
            var told = await store.RunAsync(new ShadowWork(key, ShadowVerb.Update)
            {
                Author = store.Device, At = change.At, AtLeast = change.Version, IsFromGateway = true,
                Make = now => new ShadowRequest(null, new ShadowPartRequest(ShadowReunion.Later(now.Reported.Root, reported.Value, change.At)), null, null, null, null),
            }, cancellationToken);
            if (told.Problem is not null || desired.Value.IsEmpty)
                return told;
        }
        else if (desired.Value.IsEmpty)
            return await store.ReadAsync(key, cancellationToken);
        return await DesireAsync(key, change, desired.Value, author, gateway, store, cancellationToken);
    }

    /// <summary>Both sides' words are kept: the gateway's is written, then, where the cloud changed the same, the cloud's again.</summary>
    private static async Task<ShadowResult> DesireAsync(
        ShadowKey key, GatewayShadowChange change, ShadowObject desired, ShadowAuthor author, GatewayEntry gateway, ShadowStore store, CancellationToken cancellationToken)
    {
        var read = await store.ReadAsync(key, cancellationToken);
        if (read.Shadow is not { } seen)
            return read;
        var paths = CloudsSince(change.Base, seen, await store.HistoryAsync(key, seen, cancellationToken), desired, author.Name);
        ShadowObject? before = null;
        var setAside = ShadowObject.Empty;
        var caller = new Caller(gateway.Tenant, author.Name);
        var written = await store.RunAsync(new ShadowWork(key, ShadowVerb.Update)
        {
            Author = author, Caller = caller, AtLeast = change.Version, IsFromGateway = true,
            Make = now =>
            {
                before = now.Desired.Root;
                paths.UnionWith(ShadowMath.Diff(seen.Desired.Root, now.Desired.Root).Select(d => d.Path));
                setAside = ShadowReunion.Split(now.Desired.Root, desired, paths).SetAside;
                return new ShadowRequest(new ShadowPartRequest(desired), null, null, null, null, "set at the gateway while it was apart");
            },
        }, cancellationToken);
        if (written.Problem is not null || setAside.IsEmpty)
            return written;
        return await store.RunAsync(new ShadowWork(key, ShadowVerb.Update)
        {
            Author = new ShadowAuthor(Caller.NodeActor, IsDevice: false), Caller = Caller.Node(gateway.Tenant),
            Make = now =>
            {
                // What somebody said since the gateway's was written stands as it is.
                var clouds = ShadowMath.Leaves(setAside).Where(l => IsStill(author.Name, l.Leaf, ShadowMath.At(now.Desired.Root, l.Path))).Select(l => l.Path).ToHashSet(StringComparer.Ordinal);
                return new ShadowRequest(
                    new ShadowPartRequest(ShadowReunion.Filter(ShadowMath.Between(now.Desired.Root, before!), "", path => clouds.Any(c => c == path || c.StartsWith(path + "/", StringComparison.Ordinal) || path.StartsWith(c + "/", StringComparison.Ordinal)))),
                    null, null, null, null, $"both sides changed it while gateway {gateway.Gateway} was apart: the cloud's stands");
            },
        }, cancellationToken);
    }

    /// <summary>Paths that the cloud changed since both agreed. The gateway's own word, told already and not answered, is none; where the history does not go back so far, all that is not the gateway's may be.</summary>
    private static HashSet<string> CloudsSince(long agreed, Shadow seen, IReadOnlyList<ShadowEntry> history, ShadowObject desired, string gateway)
    {
        var paths = history.Where(e => e.Version > agreed && e.Actor != gateway).SelectMany(e => ShadowMath.Leaves(e.Change.Desired)).Select(l => l.Path).ToHashSet(StringComparer.Ordinal);
        var isWhole = seen.Version <= agreed || history is [.., { Number: 1 }] || (history is [.., var oldest] && oldest.Version <= agreed + 1);
        if (!isWhole && seen.Changes > 0)
            paths.UnionWith(ShadowMath.Leaves(desired).Where(l => ShadowMath.At(seen.Desired.Root, l.Path) is not ShadowLeaf leaf || leaf.Actor != gateway).Select(l => l.Path));
        return paths;
    }

    /// <summary>Whether what is there is still the gateway's word.</summary>
    private static bool IsStill(string gateway, ShadowLeaf said, ShadowNode? there) => said.IsNull ? there is null : there is ShadowLeaf leaf && leaf.Actor == gateway;

    private static Outcome<ShadowObject> Patch(JsonElement? patch, ShadowLimits limits)
    {
        if (patch is not { } given)
            return ShadowObject.Empty;
        var request = ShadowRequest.Parse([.. "{\"state\":{\"desired\":"u8, .. JsonMarshal.GetRawUtf8Value(given), .. "}}"u8], limits);
        return request.IsOk ? request.Value.Desired?.Patch ?? ShadowObject.Empty : request.Problem;
    }
}
