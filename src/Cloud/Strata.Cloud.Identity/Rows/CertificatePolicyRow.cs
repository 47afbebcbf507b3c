using Strata.Cloud.Platform;
using Strata.Core.Identity;

namespace Strata.Cloud.Identity.Rows;

/// <summary>A tenant's <see cref="CertificatePolicy"/>, where it is not the default.</summary>
internal sealed record CertificatePolicyRow : IAuditedRow
{
    public required string TenantId { get; init; }

    public required long LifetimeSeconds { get; init; }

    public required long GraceSeconds { get; init; }

    public required bool AllowsSecrets { get; init; }

    public CertificatePolicy ToPolicy() => new() { Lifetime = TimeSpan.FromSeconds(LifetimeSeconds), Grace = TimeSpan.FromSeconds(GraceSeconds), AllowsSecrets = AllowsSecrets };
}
