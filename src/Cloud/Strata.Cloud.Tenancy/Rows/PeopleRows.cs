using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Isolation;

namespace Strata.Cloud.Tenancy.Rows;

/// <summary>A person with an account. Of the installation: what he may do in a tenant is in <see cref="MembershipRow"/>.</summary>
[WithoutTenant("an account may belong to several tenants; what it may do in each is in memberships")]
internal sealed record UserRow
{
    public required string Id { get; init; }

    /// <summary>Empty for an account of the installation, which signs in with a password. Else the tenant whose provider speaks for it: it is in no other.</summary>
    public string HomeTenant { get; init; } = "";

    /// <summary>The login name, in lower case; of a tenant's own account, what its provider said at the first sign-in.</summary>
    public required string Email { get; init; }

    /// <summary>For people.</summary>
    public required string Name { get; init; }

    /// <summary>Argon2id in PHC form; empty where there is no password.</summary>
    public required string PasswordHash { get; init; }

    public required DateTimeOffset Created { get; init; }
}

/// <summary>What a user may do in a tenant.</summary>
[OfInstallation("people are the installation's; they are invited anew")]
internal sealed record MembershipRow : IAuditedRow
{
    public required string TenantId { get; init; }

    public required string UserId { get; init; }

    /// <summary>Roles and where they hold, as the API writes them (JSON).</summary>
    public required string Grants { get; init; }

    /// <summary>False: not let into this tenant; what was granted stays.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>He has asked for the daily digest of the fleet by e-mail.</summary>
    public bool Digest { get; init; }

    public required DateTimeOffset Created { get; init; }
}

/// <summary>A link that waits to be opened: to join a tenant, or to choose a new password.</summary>
[OfInstallation("its link leads here; who was invited is invited anew")]
internal sealed record InvitationRow : IAuditedRow
{
    public required string TenantId { get; init; }

    public required string Id { get; init; }

    /// <summary>SHA-256 of the code in the link.</summary>
    [Protected]
    public required byte[] CodeHash { get; init; }

    [Protected]
    public required string Email { get; init; }

    public required string Grants { get; init; }

    /// <summary>Whose password is to be chosen anew; null for an invitation.</summary>
    public string? ResetsUser { get; init; }

    public required DateTimeOffset Created { get; init; }

    [Protected]
    public required string CreatedBy { get; init; }

    public required DateTimeOffset Expires { get; init; }
}

/// <summary>A session of a browser or a program of a person's.</summary>
[WithoutTenant("a session is an account's, whichever of its tenants it shows")]
internal sealed record SessionRow
{
    public required string Id { get; init; }

    /// <summary>Null: opened by a one-time link, without an account.</summary>
    public string? UserId { get; init; }

    /// <summary>What a session without an account may do, everywhere in its tenant.</summary>
    public string? LinkRole { get; init; }

    /// <summary>The tenant it is in now.</summary>
    public required string CurrentTenant { get; init; }

    public required DateTimeOffset Created { get; init; }

    /// <summary>Written once a minute at most.</summary>
    public required DateTimeOffset LastSeen { get; init; }

    /// <summary>Whether the user's second factor was shown in it.</summary>
    public bool SecondFactor { get; init; }

    /// <summary>The tenant whose provider opened it for an account with a password: it is in no other, for the provider speaks for no other. Null for all other sessions.</summary>
    public string? OnlyTenant { get; init; }

    public required string Address { get; init; }

    /// <summary>What the browser said it is, at most 200 characters.</summary>
    public required string Agent { get; init; }
}
