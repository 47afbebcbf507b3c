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

namespace Strata.Cloud.Tenancy.Roles;

/// <summary><c>GET /api/v1/roles</c>: the built-in ones, then the tenant's own.</summary>
internal static class ListRoles
{
    public static IResult Handle(HttpContext context, TenancyStore store)
    {
        var own = store.Find(context.Tenant())!.Roles.Values.Select(r => Info(TenancyImage.ToRole(r), builtIn: false));
        return Results.Json(new Page<RoleInfo>([.. Role.BuiltIn.Select(r => Info(r, builtIn: true)), .. own], null), ContractsJson.Default.PageRoleInfo);
    }

    internal static RoleInfo Info(Role role, bool builtIn) => new(role.Name, [.. role.Permissions.Items.Select(Permissions.NameOf)], builtIn);
}

/// <summary><c>POST /api/v1/roles</c>: a role made of permissions that the caller holds itself.</summary>
internal static class MakeRole
{
    public static async Task<IResult> HandleAsync(HttpContext context, TenancyStore store, TenancyOptions options, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.CreateRole, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        var access = context.Access();
        if (!access.IsWhole(Permission.RolesManage))
            return ProblemResults.Of(Access.Forbidden); // A role is the whole tenant's.
        var outcome = await store.ChangeAsync(Caller.Of(context), (image, now) => Decide(image!, request.Value, access, options.MaxRoles, now), cancellationToken);
        return outcome.ToResult(role => Results.Json(role, ContractsJson.Default.RoleInfo, statusCode: StatusCodes.Status201Created));
    }

    private static Outcome<TenancyChange<RoleInfo>> Decide(TenancyImage image, CreateRole request, Access access, int maxRoles, DateTimeOffset now)
    {
        if (!Role.IsName(request.Name))
            return new Problem(ProblemKind.Invalid, "A role's name is a letter or digit, then letters, digits and . _ : -, at most 64.", "name");
        if (image.FindRole(request.Name) is not null)
            return new Problem(ProblemKind.Conflict, $"There is a role '{request.Name}' already.", "name");
        var permissions = new List<Permission>();
        foreach (var name in request.Permissions ?? [])
        {
            if (!Permissions.TryParse(name, out var permission))
                return new Problem(ProblemKind.Invalid, $"There is no permission '{name}'; there are {PermissionSet.All}.", "permissions");
            if (!access.IsWhole(permission))
                return new Problem(ProblemKind.Forbidden, $"A role cannot hold what the caller does not: {name}.", "permissions");
            permissions.Add(permission);
        }
        if (permissions.Count == 0)
            return new Problem(ProblemKind.Invalid, "A role holds at least one permission.", "permissions");
        if (image.Roles.Count >= maxRoles)
            return new Problem(ProblemKind.TooMuch, $"The tenant has {maxRoles:N0} roles of its own; delete some first.");
        var role = new Role(request.Name, PermissionSet.Of([.. permissions]));
        var row = new RoleRow { TenantId = image.Tenant.TenantId, Name = role.Name, Permissions = role.Permissions.ToString(), Created = now };
        return new TenancyChange<RoleInfo>(
            ListRoles.Info(role, builtIn: false), image with { Roles = image.Roles.Add(role.Name, row) }, [(null, row)], "create", "role", role.Name, null, new { row.Permissions });
    }
}

/// <summary><c>DELETE /api/v1/roles/{name}</c>: a role of the tenant's own that no token and no user has.</summary>
internal static class DeleteRole
{
    public static async Task<IResult> HandleAsync(string name, HttpContext context, TenancyStore store, PeopleStore people, CancellationToken cancellationToken)
    {
        if (!context.Access().IsWhole(Permission.RolesManage))
            return ProblemResults.Of(Access.Forbidden);
        var outcome = await store.ChangeAsync(Caller.Of(context), (image, _) => Decide(image!, people, name), cancellationToken);
        return outcome.ToResult(_ => Results.NoContent());
    }

    private static Outcome<TenancyChange<string>> Decide(TenancyImage image, PeopleStore people, string name)
    {
        if (Role.TryFindBuiltIn(name, out _))
            return new Problem(ProblemKind.Conflict, $"The role '{name}' is built in; every tenant has it.", "name");
        if (!image.Roles.TryGetValue(name, out var row))
            return new Problem(ProblemKind.NotFound, $"There is no role '{(name.Length > 64 ? name[..64] : name)}'.", "name");
        if (image.Tokens.Values.FirstOrDefault(t => GrantText.Read(t.Grants).Any(g => g.Role == name)) is { } token)
            return new Problem(ProblemKind.Conflict, $"The token '{token.Name}' has the role '{name}'; revoke it first.", "name");
        if (people.Memberships.Any(m => m.TenantId == image.Tenant.TenantId && GrantText.Read(m.Grants).Any(g => g.Role == name)))
            return new Problem(ProblemKind.Conflict, $"A user has the role '{name}'; give him another one first.", "name");
        return new TenancyChange<string>(name, image with { Roles = image.Roles.Remove(name) }, [(row, null)], "remove", "role", name, new { row.Permissions }, null);
    }
}
