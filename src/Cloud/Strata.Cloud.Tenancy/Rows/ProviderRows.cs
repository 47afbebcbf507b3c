using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Isolation;

namespace Strata.Cloud.Tenancy.Rows;

/// <summary>The OpenID Connect provider by which people of a tenant sign in; one a tenant.</summary>
internal sealed record ProviderRow : IAuditedRow
{
    public required string TenantId { get; init; }

    /// <summary>As the provider says it itself.</summary>
    public required string Issuer { get; init; }

    public required string ClientId { get; init; }

    /// <summary>Sealed (<see cref="People.SealedBox"/>); null for a public client.</summary>
    [Protected]
    public byte[]? ClientSecret { get; init; }

    /// <summary>What the sign-in page calls it.</summary>
    public required string Label { get; init; }

    /// <summary>The claim that names a person's groups.</summary>
    public required string GroupsClaim { get; init; }

    /// <summary>What a member of each group may do, as the API writes it (JSON).</summary>
    public required string Groups { get; init; }

    public required DateTimeOffset Created { get; init; }
}

/// <summary>Whom a provider means: bound by issuer and subject, never by an e-mail address, and good in this tenant only.</summary>
[OfInstallation("it names an account of this installation; it is made anew at the next sign-in")]
internal sealed record IdentityRow : IAuditedRow
{
    public required string TenantId { get; init; }

    public required string Issuer { get; init; }

    public required string Subject { get; init; }

    public required string UserId { get; init; }

    public required DateTimeOffset Created { get; init; }
}
