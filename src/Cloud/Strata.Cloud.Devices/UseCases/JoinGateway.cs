using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Presence;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rows;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Architecture;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Devices;

namespace Strata.Cloud.Devices.UseCases;

/// <summary>
/// <c>POST /api/v1/gateways/join</c>: a gateway with a join token gets its identity. The caller is not authenticated, the token is. A gateway that stands
/// in the registry without a secret is taken over; one that went silent may be joined anew under its name (a new disk, say), one that is
/// online may not.
/// </summary>
internal sealed class JoinGateway(RegistryStore registry, FleetPresence presence, GatewayLinks links, IFleetEvents events, TenantDirectory tenants, IRejectionLog rejections, TimeProvider time)
{
    public static async Task<IResult> HandleAsync(HttpContext context, JoinGateway join, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.JoinRequest, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        // A gateway that passes the request on for another says so by its own credentials: the other is chained to it.
        var parent = context.User.Gateway() is not null ? Caller.Of(context) : (Caller?)null;
        var outcome = await join.RunAsync(request.Value, parent, cancellationToken);
        return outcome.ToResult(response => Results.Json(response, ContractsJson.Default.JoinResponse));
    }

    public async Task<Outcome<JoinResponse>> RunAsync(JoinRequest request, Caller? parent, CancellationToken cancellationToken)
    {
        if (Check(request) is { } wrong)
            return wrong;
        var hash = Convert.ToHexStringLower(DeviceSecrets.Hash(request.Token));
        var tenant = registry.Tenants.FirstOrDefault(t => registry.Image(t).JoinTokens.ContainsKey(hash));
        // A gateway passes on what is of its own tenant; another's token is to it one that is not there.
        if (tenant == default || !tenants.IsActive(tenant) || (parent is { } above && above.Tenant != tenant))
            return Refuse(parent?.Tenant ?? tenants.Default, request, "the join token is not known, or it has expired");
        var outcome = await registry.ChangeAsync(new Caller(tenant, request.Name ?? request.Site), change => Decide(change, request, hash, parent?.Actor), cancellationToken);
        if (!outcome.IsOk)
        {
            if (outcome.Problem.Kind is ProblemKind.Unauthenticated or ProblemKind.Forbidden or ProblemKind.Conflict)
                rejections.Record(tenant, RejectionKind.Authentication, request.Name ?? request.Site, $"join refused: {outcome.Problem.Detail}");
            return outcome;
        }
        events.Raise(tenant, FleetEventKinds.GatewayJoined, null, GatewayId.Parse(outcome.Value.Id), $"{outcome.Value.Id} joined at {outcome.Value.Site}", time.GetUtcNow());
        return outcome;
    }

    private static Problem? Check(JoinRequest request)
    {
        if (string.IsNullOrEmpty(request.Token) || request.Token.Length > DeviceSecrets.MaxLength)
            return new Problem(ProblemKind.Invalid, "A join token is needed; 'strata gateways token' makes one.", "token");
        if (!SiteId.TryParse(request.Site, out _))
            return new Problem(ProblemKind.Invalid, "The gateway must say its place (hq/floor-1).", "site");
        if (request.Name is not null && !GatewayId.TryParse(request.Name, out _))
            return new Problem(ProblemKind.Invalid, $"'{(request.Name.Length > 40 ? request.Name[..40] + "..." : request.Name)}' is not a gateway id: a letter or digit, then letters, digits and . _ : -.", "name");
        foreach (var (field, text) in new[] { ("mqtt", request.Mqtt), ("http", request.Http), ("version", request.Version) })
        {
            if (text is not null && (text.Length > 300 || text.Any(char.IsControl)))
                return new Problem(ProblemKind.Invalid, $"'{field}' has at most 300 characters without control characters.", field);
        }
        return null;
    }

    private Problem Refuse(TenantId tenant, JoinRequest request, string reason)
    {
        rejections.Record(tenant, RejectionKind.Authentication, request.Name ?? request.Site, $"join refused: {reason}");
        return new Problem(ProblemKind.Unauthenticated, $"The gateway cannot join: {reason}. 'strata gateways token' makes a new one.", "token");
    }

    private Outcome<JoinResponse> Decide(RegistryChange change, JoinRequest request, string hash, string? parent)
    {
        if (!change.Image.JoinTokens.TryGetValue(hash, out var token) || token.Expires <= change.Now)
            return new Problem(ProblemKind.Unauthenticated, "The gateway cannot join: the token has expired. 'strata gateways token' makes a new one.", "token");
        if (token.Site is not null && !Places.Contains(token.Site, request.Site))
            return new Problem(ProblemKind.Forbidden, $"The token is for gateways in '{token.Site}', not in '{request.Site}'.", "site");
        var repeats = token.UsesLeft == 0;
        var id = repeats ? IdOfRepeated(change, request, token) : ChooseId(change, request);
        if (!id.IsOk)
            return id.Problem;
        if (!change.Image.Sites.ContainsKey(request.Site))
        {
            if (token.Site is null && EnsurePlace.Check(change.Image, request.Site, Permission.GatewaysWrite, access: null) is { } unknown)
                return unknown;
            EnsurePlace.Create(change, request.Site);
        }
        var secret = DeviceSecrets.Create();
        var known = change.Image.Gateways.GetValueOrDefault(id.Value);
        var row = known ?? new GatewayRow { TenantId = change.TenantId, Id = id.Value, Site = request.Site, Created = change.Now, Revision = 0 };
        change.Put(
            row with
            {
                SecretHash = DeviceSecrets.Hash(secret), Parent = parent, Mqtt = request.Mqtt, Http = request.Http, Version = request.Version, Joined = change.Now,
            },
            "join", new { row.Site, parent, token = hash[..8], before = known is null ? "unknown" : known.SecretHash is null ? "expected" : "joined" });
        change.Put(token with { UsesLeft = repeats ? 0 : token.UsesLeft - 1, LastGateway = id.Value }, "use", new { gateway = id.Value });
        return new JoinResponse(id.Value, secret, row.Site, change.TenantId);
    }

    /// <summary>
    /// The token is used up. Its last gateway may repeat its join as long as it has never been heard: then the answer may have been lost on the way.
    /// </summary>
    private Outcome<string> IdOfRepeated(RegistryChange change, JoinRequest request, JoinTokenRow token)
    {
        if (token.LastGateway is { } last && change.Image.Gateways.TryGetValue(last, out var gateway) && gateway.Site == request.Site
            && (request.Name is null || request.Name == last) && presence.Of(change.Caller.Tenant, GatewayId.Parse(last)) is null)
            return last;
        return new Problem(ProblemKind.Unauthenticated, "The gateway cannot join: the token is used up. 'strata gateways token' makes a new one.", "token");
    }

    private Outcome<string> ChooseId(RegistryChange change, JoinRequest request)
    {
        var gateways = change.Image.Gateways;
        if (request.Name is { } name)
        {
            if (!gateways.TryGetValue(name, out var named))
                return change.Image.IsDeviceInService(name)
                    ? new Problem(ProblemKind.Conflict, $"'{name}' is the id of a device; devices and gateways sign in by their ids, so these must differ.", "name")
                    : name;
            if (named.Site != request.Site)
                return new Problem(ProblemKind.Conflict, $"Gateway '{name}' belongs to '{named.Site}', not to '{request.Site}'.", "name");
            if (named.SecretHash is not null && links.IsOnline(change.Caller.Tenant, GatewayId.Parse(name)))
                return new Problem(ProblemKind.Conflict, $"Gateway '{name}' is online; stop it first, or join under another name.", "name");
            return name;
        }
        if (gateways.Values.FirstOrDefault(g => g.Site == request.Site && g.SecretHash is null) is { } expected)
            return expected.Id;
        var stem = $"gw-{Places.Name(request.Site)}";
        if (stem.Length > DeviceId.MaxLength - 6)
            stem = stem[..(DeviceId.MaxLength - 6)];
        for (var i = 1; ; i++)
        {
            var id = i == 1 ? stem : $"{stem}-{i}";
            if (!gateways.ContainsKey(id) && !change.Image.IsDeviceInService(id))
                return id;
        }
    }
}
