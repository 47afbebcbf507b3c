using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Tenancy.Rows;
using Strata.Cloud.Tenancy.Tokens;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Tenancy.Shares;

/// <summary><c>POST /api/v1/shares</c>: lets applications read some metrics. Nobody shares what he may not read himself.</summary>
internal static class MakeShare
{
    public static async Task<IResult> HandleAsync(HttpContext context, TenancyStore store, TenancyOptions options, TenantDirectory tenants, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.CreateShare, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        var (access, caller) = (context.Access(), Caller.Of(context));
        var outcome = await store.ChangeAsync(caller, (image, now) => Decide(image!, request.Value, access, tenants, options.MaxShares, now), cancellationToken);
        return outcome.ToResult(share => Results.Json(share, ContractsJson.Default.ShareInfo, statusCode: StatusCodes.Status201Created));
    }

    private static Outcome<TenancyChange<ShareInfo>> Decide(
        TenancyImage image, CreateShare request, Access access, TenantDirectory tenants, int maxShares, DateTimeOffset now)
    {
        var parsed = new ShareContent(request.Metrics ?? [], request.Sites, request.Groups).Parse(request.Name);
        if (!parsed.IsOk)
            return parsed.Problem;
        var share = parsed.Value;
        if (!Covers(access, Permission.SharesManage, share.Scope) || !Covers(access, Permission.ReadingsRead, share.Scope))
            return new Problem(ProblemKind.NotFound, "There is no such place for the caller; name places within its own scope.", "sites");
        var quota = new ShareQuota(request.CallsPerMinute ?? ShareQuota.Usual.CallsPerMinute, request.ReadingsPerSecond ?? ShareQuota.Usual.ReadingsPerSecond);
        if (!quota.IsValid)
            return new Problem(ProblemKind.Invalid, $"A share has 1 to {ShareQuota.MaxCallsPerMinute:N0} calls a minute and 1 to {ShareQuota.MaxReadingsPerSecond:N0} readings a second.", "callsPerMinute");
        if (request.ValidFor is { } validity && (validity <= TimeSpan.Zero || validity > IssueToken.LongestValidity))
            return new Problem(ProblemKind.Invalid, "A share is valid for more than no time and at most ten years.", "validFor");
        // Whether another tenant is there is not for everybody to find out by guessing: the share simply waits for it.
        if (request.ToTenant is not null && (!TenantId.TryParse(request.ToTenant, out var to) || to == access.Tenant))
            return new Problem(ProblemKind.Invalid, "The receiving tenant is the id of another tenant.", "toTenant");
        if (image.Shares.ContainsKey(share.Name))
            return new Problem(ProblemKind.Conflict, $"There is a share '{share.Name}' already; revoke it to give another under its name.", "name");
        if (image.Shares.Count >= maxShares)
            return new Problem(ProblemKind.TooMuch, $"The tenant has {maxShares:N0} shares; revoke some first.");
        var row = new ShareRow
        {
            TenantId = image.Tenant.TenantId, Name = share.Name, Content = ShareContent.Of(share).Write(), ToTenant = request.ToTenant,
            CallsPerMinute = quota.CallsPerMinute, ReadingsPerSecond = quota.ReadingsPerSecond, Created = now, Expires = now + request.ValidFor,
        };
        return new TenancyChange<ShareInfo>(
            ListShares.Info(row, [], leftOut: 0), image with { Shares = image.Shares.Add(row.Name, row) }, [(null, row)], "create", "share", row.Name, null,
            new { content = ShareContent.Of(share), row.ToTenant, row.CallsPerMinute, row.ReadingsPerSecond, row.Expires });
    }

    private static bool Covers(Access access, Permission permission, AccessScope scope) =>
        access.ReachOf(permission).Covers(scope) || access.Principal.ReachOf(permission).Covers(scope);
}
