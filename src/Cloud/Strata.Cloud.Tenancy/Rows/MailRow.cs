using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Isolation;

namespace Strata.Cloud.Tenancy.Rows;

/// <summary>
/// The mail that carries the link of an invitation: written in the invitation's transaction, and gone with it. So there are never more than invitations.
/// </summary>
[OfInstallation("it carries a link that leads here")]
internal sealed record MailRow : ITenantRow
{
    public required string TenantId { get; init; }

    /// <summary>The invitation's.</summary>
    public required string Id { get; init; }

    [Protected]
    public required string Recipient { get; init; }

    /// <summary>The link, sealed (<see cref="People.SealedBox"/>), while it waits; null as soon as it was sent or given up.</summary>
    public byte[]? Link { get; init; }

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

    /// <summary>It was refused for good, or its link grew too old.</summary>
    Failed,
}
