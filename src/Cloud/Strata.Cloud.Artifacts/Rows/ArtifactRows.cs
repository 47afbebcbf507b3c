using Strata.Cloud.Platform;

namespace Strata.Cloud.Artifacts.Rows;

/// <summary>That a tenant has these bytes: it has sent all of them once, or they were made for it. Nobody sees bytes by knowing their hash.</summary>
internal sealed record ContentRow : IAuditedRow
{
    public required string TenantId { get; init; }

    public required string Sha256 { get; init; }

    public required long Size { get; init; }

    public required DateTimeOffset Added { get; init; }
}

/// <summary>An artifact: its signed manifest as it came, and what came with it. Written once.</summary>
internal sealed record ArtifactRow : IAuditedRow
{
    public required string TenantId { get; init; }

    /// <summary><c>{component}/{version}/{12 digits}</c>.</summary>
    public required string Id { get; init; }

    public required string Sha256 { get; init; }

    public required byte[] Manifest { get; init; }

    /// <summary>JSON, as in the API.</summary>
    public required string Signatures { get; init; }

    /// <summary>The bill of materials as it came, compressed (Brotli); null when none did.</summary>
    public byte[]? Bom { get; init; }

    public required DateTimeOffset Added { get; init; }

    public required string AddedBy { get; init; }
}

/// <summary>A patch from an older artifact's bytes to this one's.</summary>
internal sealed record DeltaRow : IAuditedRow
{
    public required string TenantId { get; init; }

    public required string Artifact { get; init; }

    /// <summary>SHA-256 of the older bytes.</summary>
    public required string Base { get; init; }

    public required string Sha256 { get; init; }

    public required long Size { get; init; }

    public required string Format { get; init; }
}

/// <summary>A public key by which manifests of the tenant are believed.</summary>
internal sealed record ArtifactKeyRow : IAuditedRow
{
    public required string TenantId { get; init; }

    public required string Id { get; init; }

    public required string Algorithm { get; init; }

    public required byte[] PublicKey { get; init; }

    public DateTimeOffset? NotBefore { get; init; }

    public DateTimeOffset? NotAfter { get; init; }

    public required DateTimeOffset Added { get; init; }

    public required string AddedBy { get; init; }
}

/// <summary>What the tenant asks of manifests.</summary>
internal sealed record ArtifactPolicyRow : IAuditedRow
{
    public required string TenantId { get; init; }

    /// <summary>How many different keys must have signed.</summary>
    public required int Threshold { get; init; }
}
