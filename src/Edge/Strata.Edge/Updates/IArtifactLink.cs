namespace Strata.Edge.Updates;

/// <summary>A connection by which artifacts come in blocks; in tests one that loses them.</summary>
internal interface IArtifactLink
{
    /// <summary>Something was said of artifacts: the topic below <c>artifacts/</c>, and the payload, which is the receiver's. Called by the connection: must not wait.</summary>
    event Action<string, byte[]>? ArtifactSaid;

    /// <summary>Completes with the reason when the connection is gone.</summary>
    Task<string> Closed { get; }

    /// <summary>Asks to be told of an artifact. Never throws for the network's sake.</summary>
    /// <returns>Why it is not; null when it is, or nobody knows.</returns>
    Task<string?> ListenToArtifactAsync(string sha256, CancellationToken cancellationToken);

    /// <summary>Asks for blocks. Never throws for the network's sake: what does not come is asked for again.</summary>
    Task AskForBlocksAsync(string sha256, byte[] request, CancellationToken cancellationToken);
}
