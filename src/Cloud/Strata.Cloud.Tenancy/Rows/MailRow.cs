using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Isolation;

namespace Strata.Cloud.Tenancy.Rows;

/// <summary>
/// A mail: with the link of an invitation, written in the invitation's transaction and gone with it; or a member's digest of a day, gone a day later. So there are never more than invitations and members.
/// </summary>
[OfInstallation("it carries a link that leads here")]
internal sealed record MailRow : ITenantRow
{
    public required string TenantId { get; init; }

    /// <summary>The invitation's, or of member and day.</summary>
    public required string Id { get; init; }

    [Protected]
    public required string Recipient { get; init; }

    /// <summary>The link, sealed (<see cref="People.SealedBox"/>), while it waits; null as soon as it was sent or given up.</summary>
    public byte[]? Link { get; init; }

    /// <summary>What a digest says, sealed, while it waits; null for a link.</summary>
    public byte[]? Digest { get; init; }

    /// <summary>The member whose digest it is; null for a link.</summary>
    public string? UserId { get; init; }

    /// <summary>When a digest is of no use any more; null for a link, which ends with its invitation.</summary>
    public DateTimeOffset? Until { get; init; }

    public required MailState State { get; init; }

    /// <summary>How often the server was asked to take it and did not.</summary>
    public int Attempts { get; init; }

    /// <summary>When it is tried next.</summary>
    public required DateTimeOffset Due { get; init; }

    /// <summary>What the server said last, at most 300 characters; null when it said nothing bad.</summary>
    [Protected]
    public string? Problem { get; init; }

    public required DateTimeOffset Created { get; init; }
}

/// <summary>Where a mail is.</summary>
internal enum MailState
{
    Waiting,

    /// <summary>The server has taken it; what it does then is not known here.</summary>
    Sent,

    /// <summary>It was refused for good, or it grew too old.</summary>
    Failed,
}
