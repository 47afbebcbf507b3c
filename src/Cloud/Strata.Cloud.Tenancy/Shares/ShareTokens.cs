using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Tenancy.Rows;
using Strata.Cloud.Tenancy.Tokens;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Devices;

namespace Strata.Cloud.Tenancy.Shares;

/// <summary>
/// <c>POST</c> and <c>DELETE /api/v1/shares/{name}/tokens</c> by whose data it is; <c>/api/v1/shares/received/{tenant}/{name}/tokens</c> by the tenant that it was given to.
/// Either way the token is the owner's to see and to end, and in the owner's audit trail.
/// </summary>
internal static class ShareTokens
{
    public static Task<IResult> IssueAsync(string name, HttpContext context, TenancyStore store, TenancyOptions options, CancellationToken cancellationToken) =>
        IssueAsync(Caller.Of(context), name, Own(context), context, store, options, cancellationToken);

    public static Task<IResult> IssueReceivedAsync(string tenant, string name, HttpContext context, TenancyStore store, TenancyOptions options, CancellationToken cancellationToken) =>
        Received(tenant, name, context, store) is { } owner
            ? IssueAsync(owner, name, Given(context), context, store, options, cancellationToken)
            : Task.FromResult(ProblemResults.Of(RevokeShare.NotFound(name)));

    public static Task<IResult> RevokeAsync(string name, string id, HttpContext context, TenancyStore store, CancellationToken cancellationToken) =>
        RevokeAsync(Caller.Of(context), name, id, Own(context), store, cancellationToken);

    public static Task<IResult> RevokeReceivedAsync(string tenant, string name, string id, HttpContext context, TenancyStore store, CancellationToken cancellationToken) =>
        Received(tenant, name, context, store) is { } owner
            ? RevokeAsync(owner, name, id, Given(context), store, cancellationToken)
            : Task.FromResult(ProblemResults.Of(RevokeShare.NotFound(name)));

    private static Func<ShareRow, bool> Own(HttpContext context)
    {
        var access = context.Access();
        return share => ListShares.IsManaged(access, share);
    }

    private static Func<ShareRow, bool> Given(HttpContext context)
    {
        var tenant = context.Tenant().Value;
        return share => share.ToTenant == tenant;
    }

    /// <summary>Who acts in the owner's tenant for the one that was given the share; null when there is no such share for it.</summary>
    private static Caller? Received(string tenant, string name, HttpContext context, TenancyStore store)
    {
        var access = context.Access();
        if (!access.IsWhole(Permission.SharesManage) || !TenantId.TryParse(tenant, out var owner)
            || store.Find(owner) is not { IsActive: true } image || image.Shares.GetValueOrDefault(name)?.ToTenant != access.Tenant.Value)
            return null;
        var caller = Caller.Of(context);
        return caller with { Tenant = owner, Actor = $"{access.Tenant.Value}/{caller.Actor}" };
    }

    private static async Task<IResult> IssueAsync(
        Caller caller, string name, Func<ShareRow, bool> may, HttpContext context, TenancyStore store, TenancyOptions options, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.CreateShareToken, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        var outcome = await store.ChangeAsync(caller, (image, now) => Issue(image!, name, may, request.Value, caller, options, now), cancellationToken);
        return outcome.ToResult(token => Results.Json(token, ContractsJson.Default.CreatedToken, statusCode: StatusCodes.Status201Created));
    }

    private static Outcome<TenancyChange<CreatedToken>> Issue(
        TenancyImage image, string name, Func<ShareRow, bool> may, CreateShareToken request, Caller caller, TenancyOptions options, DateTimeOffset now)
    {
        if (!image.Shares.TryGetValue(name, out var share) || !may(share) || share.Expires <= now)
            return RevokeShare.NotFound(name);
        if (request.Application is not { Length: >= 1 and <= 200 } application || application.Any(char.IsControl))
            return new Problem(ProblemKind.Invalid, "An application's name has 1 to 200 characters without control characters.", "application");
        if (request.ValidFor is { } validity && (validity <= TimeSpan.Zero || validity > IssueToken.LongestValidity))
            return new Problem(ProblemKind.Invalid, "A token is valid for more than no time and at most ten years.", "validFor");
        if (ListShares.TokensOf(image, share).Count() >= options.MaxShareTokens)
            return new Problem(ProblemKind.TooMuch, $"The share has {options.MaxShareTokens:N0} tokens; revoke some first.");
        if (image.Tokens.Count >= options.MaxTokens)
            return new Problem(ProblemKind.TooMuch, $"The tenant has {options.MaxTokens:N0} tokens; revoke some first.");
        var (prefix, token) = TokenText.Create();
        var row = new ApiTokenRow
        {
            TenantId = image.Tenant.TenantId, Prefix = prefix, Name = application, TokenHash = DeviceSecrets.Hash(token), Grants = "[]", Share = name, Created = now,
            CreatedBy = caller.Actor, Expires = Earlier(now + request.ValidFor, share.Expires),
        };
        return new TenancyChange<CreatedToken>(
            new CreatedToken(token, prefix, row.Name, row.Expires), image with { Tokens = image.Tokens.Add(prefix, row) }, [(null, row)], "create", "share-token", prefix, null,
            new { share = name, application, row.Expires });
    }

    private static async Task<IResult> RevokeAsync(Caller caller, string name, string id, Func<ShareRow, bool> may, TenancyStore store, CancellationToken cancellationToken)
    {
        var prefix = TokenText.TryReadPrefix(id, out var read) ? read : id;
        var outcome = await store.ChangeAsync<string>(
            caller,
            (image, _) => image!.Shares.TryGetValue(name, out var share) && may(share) && image.Tokens.TryGetValue(prefix, out var row) && row.Share == name
                ? new TenancyChange<string>(
                    prefix, image with { Tokens = image.Tokens.Remove(prefix) }, [(row, null)], "revoke", "share-token", prefix, new { share = name, application = row.Name }, null)
                : new Problem(ProblemKind.NotFound, "There is no such token of this share.", "id"),
            cancellationToken);
        return outcome.ToResult(_ => Results.NoContent());
    }

    private static DateTimeOffset? Earlier(DateTimeOffset? a, DateTimeOffset? b) => a is { } x && b is { } y ? (x < y ? x : y) : a ?? b;
}
