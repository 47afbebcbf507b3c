namespace Strata.Mqtt.Inspection;

/// <summary>Why a message did not reach a subscriber.</summary>
internal enum LossReason
{
    /// <summary>The subscriber's queue was full: this message, or the oldest, is lost.</summary>
    QueueFull,

    /// <summary>The queue was full and the message QoS 1 or 2: the connection was ended with 0x97.</summary>
    QueueOverflow,

    /// <summary>Larger than the subscriber takes.</summary>
    TooLarge,

    /// <summary>Its expiry passed while it waited.</summary>
    Expired,

    /// <summary>QoS 0 that waited when the connection ended.</summary>
    ConnectionLost,

    /// <summary>It waited when the session ended.</summary>
    SessionEnded,

    /// <summary>No member of the shared subscription could take it.</summary>
    NoMember,

    /// <summary>The namespace holds as many retained messages as it may.</summary>
    RetainedFull,

    /// <summary>The subscriber may not have it any more.</summary>
    Denied,
}

internal static class LossReasons
{
    /// <summary>As metrics, the API and <c>strata broker</c> name them; by <see cref="LossReason"/>.</summary>
    public static readonly string[] Names = ["queue_full", "queue_overflow", "too_large", "expired", "connection_lost", "session_ended", "no_member", "retained_full", "denied"];
}
