using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Cloud.Contracts;
using Strata.Core.Tenancy;
using Strata.Node.Auth;
using Strata.Node.Reads;

namespace Strata.Cloud.Tenancy.Shares;

/// <summary>The routes of shares.</summary>
internal static class ShareRoutes
{
    public static void MapShares(this IEndpointRouteBuilder api)
    {
        var shares = api.MapGroup("/shares").WithTags("Shares").ProducesProblem(StatusCodes.Status404NotFound);
        shares.MapGet("", ListShares.Handle).Requires(Permission.SharesManage).AcceptsOnly().WithName("ListShares")
            .WithSummary("What applications read of this tenant").Produces<Page<ShareInfo>>();
        shares.MapGet("/received", ListShares.HandleReceived).Requires(Permission.SharesManage).AcceptsOnly().WithName("ListReceivedShares")
            .WithSummary("What other tenants let this one's applications read").Produces<Page<ShareInfo>>();
        shares.MapGet("/own", ListShares.HandleOwn).Requires(Permission.ReadingsRead).ServesShares().AcceptsOnly().WithName("GetOwnShare")
            .WithSummary("What the caller's token reads by").Produces<ShareInfo>();
        shares.MapPost("", MakeShare.HandleAsync).Requires(Permission.SharesManage).AcceptsOnly().WithName("CreateShare")
            .WithSummary("Lets applications read some metrics").Accepts<CreateShare>("application/json").Produces<ShareInfo>(StatusCodes.Status201Created)
            .ProducesProblem(StatusCodes.Status409Conflict);
        shares.MapDelete("/{name}", RevokeShare.HandleAsync).Requires(Permission.SharesManage).AcceptsOnly().WithName("RevokeShare")
            .WithSummary("Ends a share at once, with all its tokens").Produces(StatusCodes.Status204NoContent);
        shares.MapPost("/{name}/tokens", ShareTokens.IssueAsync).Requires(Permission.SharesManage).AcceptsOnly().WithName("CreateShareToken")
            .WithSummary("A token for an application, shown once").Accepts<CreateShareToken>("application/json").Produces<CreatedToken>(StatusCodes.Status201Created);
        shares.MapDelete("/{name}/tokens/{id}", ShareTokens.RevokeAsync).Requires(Permission.SharesManage).AcceptsOnly().WithName("RevokeShareToken")
            .WithSummary("Ends one token of a share").Produces(StatusCodes.Status204NoContent);
        shares.MapPost("/received/{tenant}/{name}/tokens", ShareTokens.IssueReceivedAsync).Requires(Permission.SharesManage).AcceptsOnly().WithName("CreateReceivedShareToken")
            .WithSummary("A token for an own application, of a share that was received").Accepts<CreateShareToken>("application/json")
            .Produces<CreatedToken>(StatusCodes.Status201Created);
        shares.MapDelete("/received/{tenant}/{name}/tokens/{id}", ShareTokens.RevokeReceivedAsync).Requires(Permission.SharesManage).AcceptsOnly()
            .WithName("RevokeReceivedShareToken").WithSummary("Ends an own application's token of a share that was received").Produces(StatusCodes.Status204NoContent);
    }
}
