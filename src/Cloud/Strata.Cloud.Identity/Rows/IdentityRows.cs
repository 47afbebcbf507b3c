using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Isolation;

namespace Strata.Cloud.Identity.Rows;

/// <summary>What an authority is for.</summary>
internal static class AuthorityKinds
{
    /// <summary>Certifies the tenant's devices.</summary>
    public const string Tenant = "tenant";

    /// <summary>Certifies the births of one manufacturing batch.</summary>
    public const string Batch = "batch";

    /// <summary>Somebody else's: its key is not here.</summary>
    public const string Foreign = "foreign";
}

/// <summary>An authority of a tenant, which certifies its devices. It leads to this installation's root, so that it stays when the tenant goes to another: there devices enrol anew.</summary>
[OfInstallation("it leads to this installation's root")]
internal sealed record AuthorityRow : IAuditedRow
{
    public required string TenantId { get; init; }

    /// <summary>Its key id (SHA-1 of the public key, as in its certificates), lower-case hexadecimal; of a foreign one, which may write what it likes there, the first 20 bytes of its key's SHA-256.</summary>
    public required string Id { get; init; }

    /// <summary>One of <see cref="AuthorityKinds"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>The batch's name, or a foreign one's subject; empty for the tenant's own.</summary>
    public required string Name { get; init; }

    /// <summary>What the batch makes; null for others.</summary>
    public string? Sku { get; init; }

    /// <summary>What a foreign one must certify before it is trusted; null once it has.</summary>
    public string? Challenge { get; init; }

    /// <summary>DER.</summary>
    public required byte[] Certificate { get; init; }

    /// <summary>Those between it and the root, the root last: DER, one after the other.</summary>
    public required byte[] Above { get; init; }

    /// <summary>PKCS #8, wrapped with the installation's key <see cref="WrappedBy"/>; empty for a foreign one.</summary>
    public required byte[] Key { get; init; }

    public required string WrappedBy { get; init; }

    /// <summary>False when nobody is let in by it: not yet, or not any more.</summary>
    public required bool IsTrusted { get; init; }

    /// <summary>Why it is not trusted any more, as RFC 5280 numbers it; null while it is, and before.</summary>
    public int? Reason { get; init; }

    public DateTimeOffset? Since { get; init; }

    public required DateTimeOffset NotAfter { get; init; }

    public required DateTimeOffset Created { get; init; }
}

/// <summary>A certificate that was issued to a device, or one of a foreign authority that a device is bound to. Kept as long as it could be shown.</summary>
[OfInstallation("it leads to this installation's root")]
internal sealed record CertificateRow : IAuditedRow
{
    public required string TenantId { get; init; }

    /// <summary>Lower-case hexadecimal, 20 bytes, random.</summary>
    public required string Serial { get; init; }

    /// <summary>The authority's <see cref="AuthorityRow.Id"/>.</summary>
    public required string Authority { get; init; }

    /// <summary>Whom it speaks for; of a claim certificate its own name.</summary>
    public required string Device { get; init; }

    /// <summary>How it names its device, where that is not <see cref="Device"/>: a factory's serial number. Null otherwise.</summary>
    public string? Named { get; init; }

    /// <summary><c>Operational</c>, <c>Birth</c> or <c>Claim</c>.</summary>
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

    /// <summary>The key id of the newest root that its device was given during a roll-over of the root; null when none was under way.</summary>
    public string? Anchor { get; init; }
}
