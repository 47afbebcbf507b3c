using Strata.Cloud.Platform;

namespace Strata.Cloud.Tenancy.Rows;

/// <summary>A user's second factor: codes by the clock (RFC 6238), and recovery codes for who has lost the device that makes them.</summary>
[WithoutTenant("it is an account's, whichever tenants that belongs to")]
internal sealed record SecondFactorRow
{
    public required string UserId { get; init; }

    /// <summary>The shared secret, sealed (<see cref="People.SealedBox"/>).</summary>
    public required byte[] Secret { get; init; }

    /// <summary>The step of the newest code that was taken: none of it or before is taken again.</summary>
    public required long LastStep { get; init; }

    /// <summary>SHA-256 of the recovery codes that were not used yet, in hexadecimal, with commas between.</summary>
    public required string RecoveryHashes { get; init; }

    public required DateTimeOffset Created { get; init; }
}

/// <summary>How people sign in to a tenant. A tenant without a row has the defaults.</summary>
internal sealed record SignInRulesRow : IAuditedRow
{
    public required string TenantId { get; init; }

    /// <summary>Who comes with a password is let in with a second factor only.</summary>
    public bool RequireSecondFactor { get; init; }
}
