namespace Strata.Cloud.Contracts;

/// <summary>An organisation on the installation.</summary>
/// <param name="State"><c>active</c> or <c>disabled</c>.</param>
public sealed record TenantInfo(string Id, string Name, string State, DateTimeOffset Created);

/// <summary>A request for a new tenant. Its id follows from the name.</summary>
public sealed record CreateTenant(string Name);

/// <summary>A new tenant.</summary>
/// <param name="AdminLink">Opens the dashboard once, within ten minutes, as the tenant's administrator.</param>
public sealed record CreatedTenant(string Id, string AdminLink);

/// <summary>A change of a tenant; null leaves a field as it is.</summary>
public sealed record ChangeTenant(string? Name = null, bool? Enabled = null);

/// <summary>A role and where it holds: in the whole tenant when neither sites nor groups are named.</summary>
/// <param name="Sites">Places, each with all below.</param>
/// <param name="Groups">Groups, for their members.</param>
public sealed record GrantInfo(string Role, IReadOnlyList<string>? Sites = null, IReadOnlyList<string>? Groups = null);

/// <summary>A request for an API token.</summary>
/// <param name="Name">For people and audit records; null for one made of role and id.</param>
/// <param name="ValidFor">How long; null until it is revoked.</param>
public sealed record CreateToken(IReadOnlyList<GrantInfo> Grants, string? Name = null, TimeSpan? ValidFor = null);

/// <summary>A new token. It is shown once.</summary>
/// <param name="Id">The part of the token by which it is listed and revoked.</param>
public sealed record CreatedToken(string Token, string Id, string Name, DateTimeOffset? Expires);

/// <summary>An API token, without its secret.</summary>
/// <param name="Id">The token begins with <c>strata_</c> and this.</param>
/// <param name="LastUsed">To within a minute; null when it was never used.</param>
public sealed record TokenInfo(
    string Id, string Name, IReadOnlyList<GrantInfo> Grants, DateTimeOffset Created, string CreatedBy, DateTimeOffset? Expires, DateTimeOffset? LastUsed);

/// <summary>A role.</summary>
/// <param name="Permissions">Names such as <c>readings.read</c>.</param>
public sealed record RoleInfo(string Name, IReadOnlyList<string> Permissions, bool BuiltIn);

/// <summary>A request for a role of the tenant's own.</summary>
public sealed record CreateRole(string Name, IReadOnlyList<string> Permissions);
