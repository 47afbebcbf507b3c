using Microsoft.AspNetCore.Http;
using System.Collections.Immutable;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Tenancy.Isolation;
using Strata.Cloud.Tenancy.Rows;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Tenancy.Tenants;

/// <summary><c>GET /api/v1/tenants</c> and <c>GET /api/v1/tenants/{id}</c>: those that are there, in order of their ids.</summary>
internal static class ListTenants
{
    public static IResult Handle(string? cursor, string? limit, TenancyStore store)
    {
        var page = Paging.Parse(cursor, limit);
        if (!page.IsOk)
            return ProblemResults.Of(page.Problem);
        var tenants = store.All.Select(i => i.Tenant).Where(t => t.State != TenantState.Deleted)
            .Where(t => page.Value.After is null || string.CompareOrdinal(t.TenantId, page.Value.After) > 0)
            .OrderBy(t => t.TenantId, StringComparer.Ordinal).Take(page.Value.Limit + 1).Select(Info).ToList();
        return Results.Json(Paging.ToPage(tenants, page.Value.Limit, t => t.Id), ContractsJson.Default.PageTenantInfo);
    }

    public static IResult HandleOne(string id, TenancyStore store) =>
        Find(store, id) is { } image ? Results.Json(Info(image.Tenant), ContractsJson.Default.TenantInfo) : ProblemResults.Of(Unknown(id));

    internal static TenancyImage? Find(TenancyStore store, string id) =>
        TenantId.TryParse(id, out var tenant) && store.Find(tenant) is { Tenant.State: not TenantState.Deleted } image ? image : null;

    internal static Problem Unknown(string id) => new(ProblemKind.NotFound, $"There is no tenant '{(id.Length > 64 ? id[..64] : id)}'.", "id");

    internal static TenantInfo Info(TenantRow row) => new(row.TenantId, row.Name, row.State.ToString().ToLowerInvariant(), row.Created);
}

/// <summary><c>POST /api/v1/tenants</c>: a new tenant, and a link that lets its administrator in once.</summary>
internal static class AddTenant
{
    /// <summary>What the node calls tenants that are in its memory only: those of its probes.</summary>
    private const string OwnPrefix = "strata-";

    public static async Task<IResult> HandleAsync(HttpContext context, TenancyStore store, TenancyOptions options, OneTimeLinks links, PublicAddress address, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.CreateTenant, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        if (request.Value.Name is not { Length: >= 1 and <= 200 } name || name.Any(char.IsControl) || !TenantId.TryFromName(name, out var id))
            return ProblemResults.Of(ProblemKind.Invalid, "A tenant's name has 1 to 200 characters, letters or digits among them, and no control characters.", "name");
        if (id.Value.StartsWith(OwnPrefix, StringComparison.OrdinalIgnoreCase))
            return ProblemResults.Of(ProblemKind.Invalid, $"Tenants whose ids begin with '{OwnPrefix}' are the installation's own; choose another name.", "name");
        var outcome = await store.ChangeAsync(
            Caller.Of(context) with { Tenant = id }, (_, now) => Decide(store, id, name, options.MaxTenants, now), cancellationToken);
        if (!outcome.IsOk)
            return ProblemResults.Of(outcome.Problem);
        var (code, _) = links.Create(StrataIdentity.AdministratorOf(id), welcomes: true);
        return Results.Json(new CreatedTenant(id.Value, address.Of(context.Request, LoginEndpoints.PathOf(code))), ContractsJson.Default.CreatedTenant, statusCode: StatusCodes.Status201Created);
    }

    private static Outcome<TenancyChange<TenantRow>> Decide(TenancyStore store, TenantId id, string name, int maxTenants, DateTimeOffset now)
    {
        if (store.All.FirstOrDefault(t => string.Equals(t.Tenant.TenantId, id.Value, StringComparison.OrdinalIgnoreCase)) is { } known)
        {
            return new Problem(ProblemKind.Conflict, known.Tenant.State == TenantState.Deleted
                ? $"There was a tenant '{known.Tenant.TenantId}'; its audit trail is kept under that id, so choose another name."
                : $"There is a tenant '{known.Tenant.TenantId}' already.", "name");
        }
        if (store.All.Count(t => t.Tenant.State != TenantState.Deleted) >= maxTenants)
            return new Problem(ProblemKind.TooMuch, $"There are {maxTenants:N0} tenants; delete some first.");
        var row = new TenantRow { TenantId = id.Value, Name = name, Created = now };
        return new TenancyChange<TenantRow>(
            row, new TenancyImage(row, ImmutableSortedDictionary.Create<string, ApiTokenRow>(StringComparer.Ordinal), ImmutableSortedDictionary.Create<string, RoleRow>(StringComparer.Ordinal)),
            [(null, row)], "create", "tenant", id.Value, null, new { row.Name });
    }
}

/// <summary><c>PATCH /api/v1/tenants/{id}</c>: another name, disabled, enabled.</summary>
internal static class ChangeTenantState
{
    public static async Task<IResult> HandleAsync(string id, HttpContext context, TenancyStore store, TenantDirectory tenants, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.ChangeTenant, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        if (ListTenants.Find(store, id) is null || !TenantId.TryParse(id, out var tenant))
            return ProblemResults.Of(ListTenants.Unknown(id));
        if (request.Value.Name is { } name && (name.Length is 0 or > 200 || name.Any(char.IsControl)))
            return ProblemResults.Of(ProblemKind.Invalid, "A tenant's name has 1 to 200 characters without control characters.", "name");
        if (request.Value.Enabled == false && tenant == tenants.Default)
            return ProblemResults.Of(ProblemKind.Conflict, "The installation's first tenant cannot be disabled: the platform's owner is its.", "enabled");
        var outcome = await store.ChangeAsync(
            Caller.Of(context) with { Tenant = tenant }, (image, _) => image is { Tenant.State: not TenantState.Deleted } ? Decide(image, request.Value) : ListTenants.Unknown(id), cancellationToken);
        return outcome.ToResult(row => Results.Json(ListTenants.Info(row), ContractsJson.Default.TenantInfo));
    }

    internal static Outcome<TenancyChange<TenantRow>> Decide(TenancyImage image, ChangeTenant request)
    {
        var before = image.Tenant;
        var after = before with
        {
            Name = request.Name ?? before.Name,
            State = request.Enabled switch { true => TenantState.Active, false => TenantState.Disabled, null => before.State },
        };
        return new TenancyChange<TenantRow>(
            after, image with { Tenant = after }, [(before, after)], "change", "tenant", before.TenantId, new { before.Name, state = before.State.ToString() },
            new { after.Name, state = after.State.ToString() });
    }
}

/// <summary><c>DELETE /api/v1/tenants/{id}</c>: a tenant that has nothing any more. Its tokens and roles go; its audit trail stays.</summary>
internal static class DeleteTenant
{
    public static async Task<IResult> HandleAsync(
        string id, HttpContext context, TenancyStore store, TenantDirectory tenants, IEnumerable<ITenantContents> slices, ShredTenant shredding, bool? shred, bool? purge,
        CancellationToken cancellationToken)
    {
        if (shred == true || purge == true)
            return await shredding.HandleAsync(id, purge == true, Caller.Of(context), tenants, cancellationToken);
        if (ListTenants.Find(store, id) is null || !TenantId.TryParse(id, out var tenant))
            return ProblemResults.Of(ListTenants.Unknown(id));
        if (tenant == tenants.Default)
            return ProblemResults.Of(ProblemKind.Conflict, "The installation's first tenant stays.", "id");
        foreach (var slice in slices)
        {
            if (await slice.DescribeAsync(tenant, cancellationToken) is { } contents)
                return ProblemResults.Of(ProblemKind.Conflict, $"The tenant '{id}' is not empty: {contents}. Remove them first, or disable it: 'strata tenants disable {id}'.", "id");
        }
        var outcome = await store.ChangeAsync(
            Caller.Of(context) with { Tenant = tenant }, (image, _) => image is { Tenant.State: not TenantState.Deleted } ? Decide(image) : ListTenants.Unknown(id), cancellationToken);
        return outcome.ToResult(_ => Results.NoContent());
    }

    internal static Outcome<TenancyChange<TenantRow>> Decide(TenancyImage image, string action = "remove")
    {
        var gone = image.Tenant with { State = TenantState.Deleted };
        var rows = image.Tokens.Values.Select(t => ((IAuditedRow?)t, (IAuditedRow?)null)).Concat(image.Roles.Values.Select(r => ((IAuditedRow?)r, (IAuditedRow?)null)));
        return new TenancyChange<TenantRow>(
            gone, image with { Tenant = gone, Tokens = image.Tokens.Clear(), Roles = image.Roles.Clear() }, [(image.Tenant, gone), .. rows],
            action, "tenant", gone.TenantId, new { gone.Name, tokens = image.Tokens.Count, roles = image.Roles.Count }, null);
    }
}
