using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rows;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Architecture;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Devices;

namespace Strata.Cloud.Devices.UseCases;

/// <summary><c>POST /api/v1/gateways/tokens</c>: a token with which gateways join, shown once. The place need not be there yet: the gateway's join makes it.</summary>
internal static class IssueJoinToken
{
    public static readonly TimeSpan DefaultValidity = TimeSpan.FromHours(24);
    public static readonly TimeSpan LongestValidity = TimeSpan.FromDays(90);
    public const int MaxUses = 10_000;

    public static async Task<IResult> HandleAsync(HttpContext context, RegistryStore registry, DevicesOptions options, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.CreateJoinToken, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        if (RefusalOf(request.Value.Site, context.Access()) is { } refusal)
            return ProblemResults.Of(refusal);
        var outcome = await registry.ChangeAsync(Caller.Of(context), change => Decide(change, request.Value, options.MaxJoinTokens), cancellationToken);
        return outcome.ToResult(token => Results.Json(token, ContractsJson.Default.JoinToken, statusCode: StatusCodes.Status201Created));
    }

    /// <summary>A token for any place is the whole tenant's; a wrong path is refused later.</summary>
    private static Problem? RefusalOf(string? site, Access access)
    {
        SiteId? place = SiteId.TryParse(site, out var parsed) ? parsed : null;
        return Access.Refusal(access.Decide(Permission.GatewaysWrite, place), () => site is null ? EnsurePlace.SayThePlace : EnsurePlace.Unknown(site, []));
    }

    public static Outcome<JoinToken> Decide(RegistryChange change, CreateJoinToken request, int maxTokens)
    {
        if (request.Site is not null && !SiteId.TryParse(request.Site, out _))
            return new Problem(ProblemKind.Invalid, $"'{request.Site}' is not the path of a place (hq/floor-1/east).", "site");
        var validity = request.ValidFor ?? DefaultValidity;
        if (validity <= TimeSpan.Zero || validity > LongestValidity)
            return new Problem(ProblemKind.Invalid, $"A join token is valid for at most {LongestValidity.TotalDays:0} days, and longer than no time.", "validFor");
        if (request.Uses is < 1 or > MaxUses)
            return new Problem(ProblemKind.Invalid, $"A join token may be used 1 to {MaxUses:N0} times.", "uses");
        foreach (var old in change.Image.JoinTokens.Values.Where(t => t.Expires <= change.Now).ToList())
            change.Remove(old, "expire");
        if (change.Image.JoinTokens.Count >= maxTokens)
            return new Problem(ProblemKind.TooMuch, $"There are {maxTokens:N0} open join tokens; wait until some expire.");
        var token = DeviceSecrets.Create();
        var row = new JoinTokenRow
        {
            TenantId = change.TenantId,
            TokenHash = Convert.ToHexStringLower(DeviceSecrets.Hash(token)),
            Site = request.Site,
            Expires = change.Now + validity,
            UsesLeft = request.Uses ?? 1,
            CreatedBy = change.Caller.Actor,
        };
        change.Put(row, "create", new { row.Site, row.Expires, uses = row.UsesLeft });
        return new JoinToken(token, row.Expires, row.Site);
    }
}
