using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Tenancy.People;
using Strata.Cloud.Tenancy.Rows;
using Strata.Cloud.Tenancy.Tokens;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Tenancy.Providers;

/// <summary>
/// <c>PUT</c> and <c>DELETE /api/v1/sign-in/provider</c>: the OpenID Connect provider of a tenant. For the platform's owner: the node connects to the address that is given.
/// </summary>
internal static class ManageProvider
{
    public const int MaxGroups = 32;

    public static async Task<IResult> SetAsync(HttpContext context, PeopleStore people, TenancyStore tenancy, SealedBox box, ProviderHttp http, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.SetSignInProvider, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        var access = context.Access();
        var outcome = await people.ChangeAsync<ProviderRow>(
            Caller.Of(context),
            now =>
            {
                var before = people.FindProvider(access.Tenant);
                var row = Decide(request.Value!, before, access.Tenant, tenancy.Find(access.Tenant)!, box, now);
                return row.IsOk
                    ? new PeopleChange<ProviderRow>(row.Value!, [(before, row.Value)], new PeopleAudit(before is null ? "create" : "change", "sign-in-provider", row.Value!.Issuer, Image(before), Image(row.Value)))
                    : row.Problem;
            },
            cancellationToken);
        if (!outcome.IsOk)
            return ProblemResults.Of(outcome.Problem);
        http.Forget(outcome.Value.Issuer);
        return Results.Json(Info(outcome.Value, context), ContractsJson.Default.SignInProvider);
    }

    public static async Task<IResult> RemoveAsync(HttpContext context, PeopleStore people, PeopleDirectory directory, ProviderHttp http, CancellationToken cancellationToken)
    {
        var tenant = context.Access().Tenant;
        List<SessionRow> ended = [.. people.Sessions.Where(s => s.OnlyTenant == tenant.Value || (s.UserId is { } id && people.FindUser(id)?.HomeTenant == tenant.Value))];
        var outcome = await people.ChangeAsync<ProviderRow>(
            Caller.Of(context),
            _ => people.FindProvider(tenant) is { } before
                ? new PeopleChange<ProviderRow>(before, [(before, null), .. ended.Select(s => ((object?)s, (object?)null))], new PeopleAudit("remove", "sign-in-provider", before.Issuer, Image(before)))
                : new Problem(ProblemKind.NotFound, "The tenant has no provider."),
            cancellationToken);
        if (outcome.IsOk)
        {
            http.Forget(outcome.Value.Issuer);
            directory.End(ended);
        }
        return outcome.ToResult(_ => Results.NoContent());
    }

    public static SignInProvider Info(ProviderRow row, HttpContext context) =>
        new(row.Issuer, row.ClientId, row.ClientSecret is not null, row.Label, row.GroupsClaim, ProviderAccounts.Groups(row.Groups), ProviderSignIn.RedirectUri(context));

    private static Outcome<ProviderRow> Decide(SetSignInProvider request, ProviderRow? before, TenantId tenant, TenancyImage image, SealedBox box, DateTimeOffset now)
    {
        if (request.Issuer is not { Length: <= 500 } issuer || !Uri.TryCreate(issuer, UriKind.Absolute, out var address) || !ProviderHttp.IsAllowed(address) || address.Query.Length + address.Fragment.Length > 0)
            return new Problem(ProblemKind.Invalid, "The issuer is the provider's https address (http only on this machine), without a query, as the provider itself says it.", "issuer");
        if (!IsText(request.ClientId, 200))
            return new Problem(ProblemKind.Invalid, "The client id is what the provider calls this installation: 1 to 200 characters.", "clientId");
        if (request.ClientSecret is { } secret && !IsText(secret, 1_000))
            return new Problem(ProblemKind.Invalid, "A client secret has 1 to 1,000 characters.", "clientSecret");
        var (label, claim) = (request.Label ?? address.Host, request.GroupsClaim ?? "groups");
        if (!IsText(label, 100) || !IsText(claim, 200))
            return new Problem(ProblemKind.Invalid, "The label has 1 to 100 characters, the claim of groups 1 to 200.", "label");
        if (request.Groups is not { Count: >= 1 and <= MaxGroups } groups || groups.FirstOrDefault(g => !IsText(g?.Group, 500)) is { } || groups.Contains(null!))
            return new Problem(ProblemKind.Invalid, $"1 to {MaxGroups} groups are named, each with what its members may do.", "groups");
        var grants = GrantText.Parse([.. groups.Select(g => g.Grant)], image);
        if (!grants.IsOk)
            return grants.Problem;
        if (grants.Value!.Any(g => g.Role.IsOfPlatform))
            return new Problem(ProblemKind.Forbidden, "A role of the platform is not given by a provider.", "role");
        var kept = request.ClientSecret is { } given ? box.Seal(ProviderAnswer.SecretPurpose, Encoding.UTF8.GetBytes(given))
            : before is not null && before.Issuer == issuer && before.ClientId == request.ClientId ? before.ClientSecret : null;
        return new ProviderRow
        {
            TenantId = tenant.Value, Issuer = issuer, ClientId = request.ClientId, ClientSecret = kept, Label = label, GroupsClaim = claim,
            Groups = JsonSerializer.Serialize(groups, JsonSerializerOptions.Web), Created = before?.Created ?? now,
        };
    }

    private static bool IsText(string? text, int longest) => text is { Length: >= 1 } && text.Length <= longest && !text.Any(char.IsControl);

    private static object? Image(ProviderRow? row) => row is null ? null : new { row.Issuer, row.ClientId, secret = row.ClientSecret is not null, row.Label, row.GroupsClaim, groups = ProviderAccounts.Groups(row.Groups) };
}
