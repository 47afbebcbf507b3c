namespace Strata.Edge.Updates;

/// <summary>Downloads in blocks by the agent's own MQTT connection: for devices that reach nothing else.</summary>
/// <param name="current">The connection; null while there is none.</param>
internal sealed class MqttArtifactSource(Func<IArtifactLink?> current, TimeProvider time) : IArtifactSource
{
    public async Task<ArtifactStream> OpenAsync(string url, long from, long size, CancellationToken cancellationToken)
    {
        var link = current() ?? throw new ArtifactSourceException("there is no connection", isFinal: false);
        var sha256 = url[(url.LastIndexOf('/') + 1)..];
        // It hears before it asks.
        var blocks = new BlockStream(link, sha256, from, size, time);
        if (await link.ListenToArtifactAsync(sha256, cancellationToken) is { } refused)
        {
            await blocks.DisposeAsync();
            throw new ArtifactSourceException($"its blocks are not to be heard: {refused}", isFinal: false);
        }
        return new ArtifactStream(blocks, from);
    }
}
