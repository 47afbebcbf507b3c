using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Isolation;

namespace Strata.Cloud.Installer.Rows;

/// <summary>That somebody mounted a device at a place. Written once; it goes when its device has newer ones enough.</summary>
internal sealed record MountingRow : IAuditedRow
{
    public required string TenantId { get; init; }

    /// <summary>Made by the one who sends it, so that sending twice is mounting once.</summary>
    public required string Id { get; init; }

    public required string Device { get; init; }

    public required string Site { get; init; }

    /// <summary>Where it was before; null for nowhere, or when it was there already.</summary>
    public string? FromSite { get; init; }

    [Protected]
    public string? Note { get; init; }

    /// <summary>When it was done, by the phone's clock.</summary>
    public required DateTimeOffset Done { get; init; }

    public required DateTimeOffset Received { get; init; }

    public required string DoneBy { get; init; }

    /// <summary>0 without a photo.</summary>
    public required int PhotoBytes { get; init; }
}

/// <summary>The photo of a mounting.</summary>
internal sealed record MountingPhotoRow : IAuditedRow
{
    public required string TenantId { get; init; }

    public required string Mounting { get; init; }

    [Protected]
    public required byte[] Content { get; init; }
}
