namespace Strata.Edge.Updates;

/// <summary>Where bytes come from.</summary>
internal interface IArtifactSource
{
    /// <summary>The bytes from <paramref name="from"/> on, or from the beginning where the source cannot do that.</summary>
    /// <param name="size">How many there are, as the manifest says.</param>
    /// <exception cref="ArtifactSourceException">They are not to be had; says whether trying again may help.</exception>
    Task<ArtifactStream> OpenAsync(string url, long from, long size, CancellationToken cancellationToken);
}

/// <param name="From">Where in the artifact the stream begins.</param>
internal sealed record ArtifactStream(Stream Content, long From) : IDisposable
{
    public void Dispose() => Content.Dispose();
}

/// <summary>Bytes are not to be had.</summary>
/// <param name="isFinal">Trying again does not help: it is not there for this device.</param>
internal sealed class ArtifactSourceException(string message, bool isFinal, Exception? inner = null) : Exception(message, inner)
{
    public bool IsFinal => isFinal;
}
