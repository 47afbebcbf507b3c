using Microsoft.AspNetCore.Http;
using Strata.Cloud.Platform;
using Strata.Cloud.Tenancy.Rows;
using Strata.Core;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Tenancy.Shares;

/// <summary><c>DELETE /api/v1/shares/{name}</c>: ends a share at once, with all its tokens and what was opened with them.</summary>
internal static class RevokeShare
{
    public static async Task<IResult> HandleAsync(string name, HttpContext context, TenancyStore store, CancellationToken cancellationToken)
    {
        var access = context.Access();
        var outcome = await store.ChangeAsync(Caller.Of(context), (image, _) => Decide(image!, name, access), cancellationToken);
        return outcome.ToResult(_ => Results.NoContent());
    }

    private static Outcome<TenancyChange<string>> Decide(TenancyImage image, string name, Access access)
    {
        if (!image.Shares.TryGetValue(name, out var row) || !ListShares.IsManaged(access, row))
            return NotFound(name);
        List<ApiTokenRow> tokens = [.. ListShares.TokensOf(image, row)];
        return new TenancyChange<string>(
            name, image with { Shares = image.Shares.Remove(name), Tokens = image.Tokens.RemoveRange(tokens.Select(t => t.Prefix)) },
            [(row, null), .. tokens.Select(t => ((IAuditedRow?)t, (IAuditedRow?)null))], "revoke", "share", name,
            new { content = ShareContent.Read(row), row.ToTenant, row.Expires, tokens = tokens.Select(t => t.Prefix) }, null);
    }

    public static Problem NotFound(string name) =>
        new(ProblemKind.NotFound, $"There is no share '{(name.Length > 64 ? name[..64] : name)}'; 'strata shares list' shows them.", "name");
}
