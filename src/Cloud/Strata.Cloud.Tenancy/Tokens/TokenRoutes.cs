using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Tenancy.Rows;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Devices;

namespace Strata.Cloud.Tenancy.Tokens;

/// <summary><c>POST /api/v1/tokens</c>: a new token, shown once. Nobody gives more than he has.</summary>
internal static class IssueToken
{
    public static readonly TimeSpan LongestValidity = TimeSpan.FromDays(3_653);

    public static async Task<IResult> HandleAsync(HttpContext context, TenancyStore store, TenancyOptions options, TenantDirectory tenants, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.CreateToken, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        var (access, caller) = (context.Access(), Caller.Of(context));
        var outcome = await store.ChangeAsync(
            caller, (image, now) => Decide(image!, request.Value, access, caller, options.MaxTokens, access.Tenant == tenants.Default, now), cancellationToken);
        return outcome.ToResult(token => Results.Json(token, ContractsJson.Default.CreatedToken, statusCode: StatusCodes.Status201Created));
    }

    private static Outcome<TenancyChange<CreatedToken>> Decide(
        TenancyImage image, CreateToken request, Access access, Caller caller, int maxTokens, bool isFirstTenant, DateTimeOffset now)
    {
        var grants = GrantText.Parse(request.Grants, image);
        if (!grants.IsOk)
            return grants.Problem;
        if (grants.Value.Any(g => g.Role.IsOfPlatform && !(isFirstTenant && access.Principal.IsPlatformOwner)))
            return new Problem(ProblemKind.Forbidden, "A role of the platform is given by its owner, in the installation's first tenant.", "role");
        // Beyond the scope of who asks, a place is like one that is not there.
        if (grants.Value.Any(g => !access.ReachOf(Permission.TokensManage).Covers(g.Scope) && !access.Principal.ReachOf(Permission.TokensManage).Covers(g.Scope)))
            return new Problem(ProblemKind.NotFound, "There is no such place for the caller; name places within its own scope.", "site");
        if (!grants.Value.All(access.Principal.MayGive))
            return new Problem(ProblemKind.Forbidden, "A token cannot be given more than the caller may do itself.", "role");
        if (request.Name is not null && (request.Name.Length is 0 or > 200 || request.Name.Any(char.IsControl)))
            return new Problem(ProblemKind.Invalid, "A token's name has 1 to 200 characters without control characters.", "name");
        if (request.ValidFor is { } validity && (validity <= TimeSpan.Zero || validity > LongestValidity))
            return new Problem(ProblemKind.Invalid, "A token is valid for more than no time and at most ten years.", "validFor");
        if (image.Tokens.Count >= maxTokens)
            return new Problem(ProblemKind.TooMuch, $"The tenant has {maxTokens:N0} tokens; revoke some first.");
        var (prefix, token) = TokenText.Create();
        var row = new ApiTokenRow
        {
            TenantId = image.Tenant.TenantId, Prefix = prefix, Name = request.Name ?? $"{grants.Value[0].Role.Name}-{prefix}", TokenHash = DeviceSecrets.Hash(token),
            Grants = GrantText.Write([.. grants.Value.Select(GrantText.Info)]), Created = now, CreatedBy = caller.Actor, Expires = now + request.ValidFor,
        };
        return new TenancyChange<CreatedToken>(
            new CreatedToken(token, prefix, row.Name, row.Expires), image with { Tokens = image.Tokens.Add(prefix, row) }, [(null, row)],
            "create", "api-token", prefix, null, new { row.Name, grants = GrantText.Read(row.Grants), row.Expires });
    }
}

/// <summary><c>GET /api/v1/tokens</c>: in order of their ids; those whose whole scope the caller manages.</summary>
internal static class ListTokens
{
    public static IResult Handle(string? search, string? cursor, string? limit, HttpContext context, TenancyStore store, TokenDirectory directory)
    {
        var page = Paging.Parse(cursor, limit);
        if (!page.IsOk)
            return ProblemResults.Of(page.Problem);
        var access = context.Access();
        var prefix = search is not null && search.StartsWith(TokenText.Mark, StringComparison.Ordinal) ? search[TokenText.Mark.Length..] : search;
        var tokens = store.Find(access.Tenant)!.Tokens.Values
            .Where(t => t.Share is null && IsManaged(access, directory, t))
            .Where(t => prefix is null || t.Prefix.StartsWith(prefix, StringComparison.Ordinal) || prefix.StartsWith(t.Prefix + "_", StringComparison.Ordinal) || t.Name.Contains(prefix, StringComparison.OrdinalIgnoreCase))
            .SkipWhile(t => page.Value.After is not null && string.CompareOrdinal(t.Prefix, page.Value.After) <= 0)
            .Take(page.Value.Limit + 1)
            .Select(t => new TokenInfo(t.Prefix, t.Name, GrantText.Read(t.Grants), t.Created, t.CreatedBy, t.Expires, t.LastUsed))
            .ToList();
        return Results.Json(Paging.ToPage(tokens, page.Value.Limit, t => t.Id), ContractsJson.Default.PageTokenInfo);
    }

    /// <summary>A token of the platform's own roles is managed by its owner alone.</summary>
    internal static bool IsManaged(Access access, TokenDirectory directory, ApiTokenRow token) =>
        directory.PrincipalOf(token.Prefix) is { } principal
        && (access.Principal.IsPlatformOwner || principal.Grants.All(g => !g.Role.IsOfPlatform && access.Principal.ReachOf(Permission.TokensManage).Covers(g.Scope)));
}

/// <summary><c>DELETE /api/v1/tokens/{id}</c>: ends a token at once, with what was opened with it.</summary>
internal static class RevokeToken
{
    public static async Task<IResult> HandleAsync(string id, HttpContext context, TenancyStore store, TokenDirectory directory, CancellationToken cancellationToken)
    {
        var access = context.Access();
        // A whole token may be given in place of its id: who found one that leaked has that.
        var prefix = TokenText.TryReadPrefix(id, out var read) ? read : id;
        var outcome = await store.ChangeAsync<string>(
            Caller.Of(context),
            (image, _) => image!.Tokens.TryGetValue(prefix, out var row) && ListTokens.IsManaged(access, directory, row)
                ? new TenancyChange<string>(
                    prefix, image with { Tokens = image.Tokens.Remove(prefix) }, [(row, null)], "revoke", "api-token", prefix,
                    new { row.Name, grants = GrantText.Read(row.Grants), row.Expires }, null)
                : new Problem(ProblemKind.NotFound, $"There is no token '{(prefix.Length > 40 ? prefix[..40] + "..." : prefix)}'; 'strata tokens list' shows the ids.", "id"),
            cancellationToken);
        return outcome.ToResult(_ => Results.NoContent());
    }
}
