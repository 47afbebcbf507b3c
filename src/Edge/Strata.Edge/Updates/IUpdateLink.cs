namespace Strata.Edge.Updates;

/// <summary>A connection by which updates are spoken of; in tests one that answers as it is told to.</summary>
internal interface IUpdateLink : IArtifactLink
{
    /// <summary>Something was said of updates: the topic below <c>jobs/</c>, and the payload, which is the receiver's. Called by the connection: must not wait.</summary>
    event Action<string, byte[]>? JobSaid;

    /// <summary>Asks to be told of updates. Never throws for the network's sake.</summary>
    /// <returns>Why it is not; null when it is, or nobody knows.</returns>
    Task<string?> ListenToJobsAsync(CancellationToken cancellationToken);

    /// <summary>Says something of updates, below <c>jobs/</c>. Never throws for the network's sake.</summary>
    Task SayOfJobsAsync(string rest, byte[] payload, CancellationToken cancellationToken);
}
