using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Isolation;

namespace Strata.Cloud.Devices.Rows;

/// <summary>
/// A device that one tenant gives to another: kept by both, under one id. The giver's row is the truth; the receiver's says what it was told of it.
/// </summary>
[OfInstallation("it is between two tenants of this installation")]
internal sealed record TransferRow : IAuditedRow
{
    /// <summary>The receiver may accept it.</summary>
    public const string Offered = "offered";

    /// <summary>The receiver has accepted it, and the device is being registered there.</summary>
    public const string Accepted = "accepted";

    /// <summary>The receiver has the device; the giver lets go of it.</summary>
    public const string Moving = "moving";

    public const string Done = "done";

    /// <summary>The receiver did not want it.</summary>
    public const string Declined = "declined";

    /// <summary>The giver has taken the offer back.</summary>
    public const string Withdrawn = "withdrawn";

    /// <summary>Nobody accepted it in time.</summary>
    public const string Expired = "expired";

    public const string Stay = "stay";

    public const string Go = "go";

    public required string TenantId { get; init; }

    public required string Id { get; init; }

    /// <summary>Whether this is the giver's row.</summary>
    public required bool IsGiven { get; init; }

    /// <summary>The other tenant.</summary>
    public required string Other { get; init; }

    /// <summary>The device's id at the giver.</summary>
    public required string Device { get; init; }

    public required string State { get; init; }

    /// <summary><c>stay</c> or <c>go</c>.</summary>
    public required string Readings { get; init; }

    /// <summary>What it is, for the receiver.</summary>
    public string? Model { get; init; }

    public string? Serial { get; init; }

    public required DateTimeOffset Offers { get; init; }

    public required DateTimeOffset Expires { get; init; }

    /// <summary>Who offered it; at the receiver, who accepted or declined it.</summary>
    public required string Actor { get; init; }

    /// <summary>The device's id at the receiver, once it is accepted.</summary>
    public string? NewId { get; init; }

    /// <summary>Its place at the receiver.</summary>
    public string? Site { get; init; }

    /// <summary>Its way out of service at the giver, <see cref="DecommissionRow.Id"/>.</summary>
    public string? Decommission { get; init; }

    /// <summary>Readings that went along.</summary>
    public long Copied { get; init; }

    public DateTimeOffset? Finished { get; init; }

    public bool IsOpen => State is Offered or Accepted or Moving;
}
