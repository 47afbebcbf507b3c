using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Isolation;

namespace Strata.Cloud.Identity.Rows;

/// <summary>An authority of a tenant, which certifies its devices. It leads to this installation's root, so that it stays when the tenant goes to another: there devices enrol anew.</summary>
[OfInstallation("it leads to this installation's root")]
internal sealed record AuthorityRow : IAuditedRow
{
    public required string TenantId { get; init; }

    /// <summary>Its key id (SHA-1 of the public key, as in its certificates), lower-case hexadecimal.</summary>
    public required string Id { get; init; }

    /// <summary>DER.</summary>
    public required byte[] Certificate { get; init; }

    /// <summary>Those between it and the root, the root last: DER, one after the other.</summary>
    public required byte[] Above { get; init; }

    /// <summary>PKCS #8, wrapped with the installation's key <see cref="WrappedBy"/>.</summary>
    public required byte[] Key { get; init; }

    public required string WrappedBy { get; init; }

    /// <summary>False when nobody is let in by it any more.</summary>
    public required bool IsTrusted { get; init; }

    public required DateTimeOffset NotAfter { get; init; }

    public required DateTimeOffset Created { get; init; }
}

/// <summary>A certificate that was issued to a device. Kept as long as it could be shown.</summary>
[OfInstallation("it leads to this installation's root")]
internal sealed record CertificateRow : IAuditedRow
{
    public required string TenantId { get; init; }

    /// <summary>Lower-case hexadecimal, 20 bytes, random.</summary>
    public required string Serial { get; init; }

    /// <summary>The authority's <see cref="AuthorityRow.Id"/>.</summary>
    public required string Authority { get; init; }

    public required string Device { get; init; }

    /// <summary><c>Operational</c> or <c>Birth</c>.</summary>
    public required string Use { get; init; }

    public required DateTimeOffset NotBefore { get; init; }

    public required DateTimeOffset NotAfter { get; init; }

    /// <summary>SHA-256 of the public key (SubjectPublicKeyInfo), lower-case hexadecimal: what has the same is the same key.</summary>
    public required string KeyHash { get; init; }

    /// <summary><c>Good</c>, <c>OnHold</c>, <c>Revoked</c>.</summary>
    public required string Standing { get; init; }

    /// <summary>As RFC 5280 numbers it; null while it is good.</summary>
    public int? Reason { get; init; }

    /// <summary>Since when it is not good.</summary>
    public DateTimeOffset? Since { get; init; }

    public required DateTimeOffset Issued { get; init; }
}
