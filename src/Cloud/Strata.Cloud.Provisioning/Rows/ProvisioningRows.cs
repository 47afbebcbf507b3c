using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Isolation;

namespace Strata.Cloud.Provisioning.Rows;

/// <summary>A template. What it says is one document, in the API's form.</summary>
internal sealed record TemplateRow : IAuditedRow
{
    public required string TenantId { get; init; }

    public required string Name { get; init; }

    /// <summary>A <see cref="Contracts.TemplateInfo"/> as JSON.</summary>
    public required string Content { get; init; }

    public required DateTimeOffset Changed { get; init; }
}

/// <summary>An enrolment group: devices that prove who they are in one way.</summary>
[OfInstallation("its key is wrapped by the installation's key; devices enrol there by a group made there")]
internal sealed record EnrolmentGroupRow : IAuditedRow
{
    public required string TenantId { get; init; }

    public required string Name { get; init; }

    /// <summary><c>key</c> or <c>tpm</c>.</summary>
    public required string Method { get; init; }

    public required bool IsEnabled { get; init; }

    /// <summary>Patterns, one a line.</summary>
    public required string Allow { get; init; }

    public required string Deny { get; init; }

    /// <summary>The group's symmetric key, wrapped with the installation's key <see cref="WrappedBy"/>; empty where the method has none.</summary>
    public required byte[] Key { get; init; }

    public required string WrappedBy { get; init; }

    public required DateTimeOffset Changed { get; init; }
}

/// <summary>The endorsement key of a device's TPM, by which it enrols in a group.</summary>
[OfInstallation("devices enrol elsewhere by a group made there")]
internal sealed record EndorsementKeyRow : IAuditedRow
{
    public required string TenantId { get; init; }

    /// <summary>SHA-256 of <see cref="Key"/>, lower-case hexadecimal: by which a device that comes is found.</summary>
    public required string KeyHash { get; init; }

    /// <summary>The enrolment group.</summary>
    public required string Group { get; init; }

    /// <summary>What the device is called in its group.</summary>
    public required string Registration { get; init; }

    /// <summary>SubjectPublicKeyInfo.</summary>
    public required byte[] Key { get; init; }

    public required DateTimeOffset Added { get; init; }
}

/// <summary>Who came in by which proof: how a device that comes again is found to be itself. Written before its device, so that a crash between both leaves nobody out.</summary>
internal sealed record EnrolmentRow : ITenantRow
{
    public required string TenantId { get; init; }

    /// <summary>What it proves itself by: <c>certificate/ISSUER/SERIAL</c>, <c>key/GROUP/REGISTRATION</c>, <c>tpm/GROUP/REGISTRATION</c>.</summary>
    public required string Key { get; init; }

    public required string Device { get; init; }

    public required string Template { get; init; }

    /// <summary>Its <see cref="Strata.Core.Provisioning.TopicRules"/> as JSON; null for none.</summary>
    public string? Topics { get; init; }

    public required DateTimeOffset First { get; init; }

    public required DateTimeOffset Last { get; init; }

    /// <summary>The time in the last proof that was taken, in seconds since 1970; null where proofs have none.</summary>
    public long? LastProof { get; init; }
}

/// <summary>A device that waits for a person's yes, or has it.</summary>
internal sealed record ApprovalRow : ITenantRow
{
    public required string TenantId { get; init; }

    /// <summary>As <see cref="EnrolmentRow.Key"/>.</summary>
    public required string Key { get; init; }

    /// <summary>A short name for people and paths, drawn at random.</summary>
    public required string Id { get; init; }

    public required string Template { get; init; }

    /// <summary>What it would be called.</summary>
    public required string Device { get; init; }

    public string? Site { get; init; }

    /// <summary>What is known of it, for the person who decides.</summary>
    public required string Facts { get; init; }

    /// <summary><c>pending</c>, <c>approved</c> or <c>denied</c>.</summary>
    public required string State { get; init; }

    public required DateTimeOffset Asked { get; init; }

    public DateTimeOffset? Decided { get; init; }

    public string? DecidedBy { get; init; }
}
