using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Isolation;

namespace Strata.Cloud.Shadows.Rows;

/// <summary>A shadow as it is now, or only its version where it was deleted.</summary>
internal sealed record ShadowRow : ITenantRow
{
    public const string Table = "shadows";

    public required string TenantId { get; init; }

    /// <summary>The device's id, and for a named shadow <c>/NAME</c>.</summary>
    public required string Id { get; init; }

    public required string Device { get; init; }

    /// <summary>ms since 1970 UTC.</summary>
    public required long Updated { get; set; }

    /// <summary>Only its version is kept, for a while.</summary>
    public required bool Deleted { get; set; }

    /// <summary>As <see cref="Core.Shadows.ShadowCodec"/> writes it. What is wanted of a device may hold a password of its network.</summary>
    [Protected]
    public required byte[] Content { get; set; }
}

/// <summary>One change of a shadow: who, when, why, what, and what takes it back.</summary>
internal sealed record ShadowChangeRow : ITenantRow
{
    public const string Table = "shadow_changes";

    public required string TenantId { get; init; }

    /// <summary>The shadow's id, <c>@</c> and the place of the change in its ring (<see cref="Core.Shadows.ShadowHistory.PlaceOf"/>).</summary>
    public required string Id { get; init; }

    /// <summary>ms since 1970 UTC; by it old ones are let go.</summary>
    public required long Time { get; init; }

    /// <summary>As <see cref="Store.EntryText"/> writes it.</summary>
    [Protected]
    public required byte[] Entry { get; set; }
}
