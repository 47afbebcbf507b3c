using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Tenancy.Rows;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Tenancy.Shares;

/// <summary>
/// <c>GET /api/v1/shares</c>: what the tenant shares, within what the caller manages; <c>/received</c>: what others let this tenant's applications read;
/// <c>/own</c>: what the caller itself reads by.
/// </summary>
internal static class ListShares
{
    public static IResult Handle(HttpContext context, TenancyStore store, ShareDirectory shares)
    {
        var access = context.Access();
        var image = store.Find(access.Tenant)!;
        var visible = image.Shares.Values.Where(s => IsManaged(access, s)).Select(s => Info(s, TokensOf(image, s), shares.LeftOut(access.Tenant, s.Name)));
        return Results.Json(new Page<ShareInfo>([.. visible], null), ContractsJson.Default.PageShareInfo);
    }

    public static IResult HandleReceived(HttpContext context, TenancyStore store)
    {
        var access = context.Access();
        if (!access.IsWhole(Permission.SharesManage))
            return ProblemResults.Of(Access.Forbidden); // What the tenant was given is the whole tenant's.
        var received = store.All.SelectMany(image => image.Shares.Values.Where(s => s.ToTenant == access.Tenant.Value && image.IsActive).Select(s => Info(s, TokensOf(image, s), leftOut: 0)));
        return Results.Json(
            new Page<ShareInfo>([.. received.OrderBy(s => s.Tenant, StringComparer.Ordinal).ThenBy(s => s.Name, StringComparer.Ordinal)], null), ContractsJson.Default.PageShareInfo);
    }

    public static IResult HandleOwn(HttpContext context, TenancyStore store, ShareDirectory shares)
    {
        var principal = context.Access().Principal;
        if (principal.Share is not { } share || store.Find(principal.Tenant)?.Shares.GetValueOrDefault(share.Name) is not { } row)
            return ProblemResults.Of(ProblemKind.NotFound, "The caller does not read by a share.");
        return Results.Json(Info(row, [], shares.LeftOut(principal.Tenant, row.Name)), ContractsJson.Default.ShareInfo);
    }

    public static bool IsManaged(Access access, ShareRow row) => access.ReachOf(Permission.SharesManage) is var reach
        && ShareContent.ToShare(row).Scope is var scope && (reach.Covers(scope) || access.Principal.ReachOf(Permission.SharesManage).Covers(scope));

    public static IEnumerable<ApiTokenRow> TokensOf(TenancyImage image, ShareRow row) => image.Tokens.Values.Where(t => t.Share == row.Name);

    public static ShareInfo Info(ShareRow row, IEnumerable<ApiTokenRow> tokens, long leftOut)
    {
        var content = ShareContent.Read(row);
        return new ShareInfo(
            row.TenantId, row.Name, content.Metrics, content.Sites, content.Groups, row.ToTenant, row.CallsPerMinute, row.ReadingsPerSecond, row.Created, row.Expires, leftOut,
            [.. tokens.Select(t => new ShareTokenInfo(t.Prefix, t.Name, t.Created, t.CreatedBy, t.Expires, t.LastUsed))]);
    }
}
