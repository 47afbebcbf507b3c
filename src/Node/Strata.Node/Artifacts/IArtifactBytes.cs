using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Node.Artifacts;

/// <summary>Where a node has the bytes of artifacts, and who of its devices may read them: the cloud its own, a gateway those that it fetches. Safe from any thread.</summary>
public interface IArtifactBytes
{
    /// <summary>With it a gateway names the device that it reads for.</summary>
    const string DeviceHeader = "Strata-Device";

    /// <summary>Why nothing is opened now.</summary>
    const string Busy = "As many downloads as may run at once do, or all that may go for a while is on its way; go on with this one later, from where it was.";

    /// <summary>Opens an artifact, or a patch, for a device; may wait until it is here.</summary>
    /// <param name="sha256">64 lower-case hexadecimal digits.</param>
    Task<Outcome<ArtifactBytes>> OpenAsync(TenantId tenant, DeviceId device, string sha256, CancellationToken cancellationToken);
}

/// <summary>Bytes that are read; whoever opened them disposes them, which gives the device's place back.</summary>
/// <param name="Content">Can be read from any position.</param>
/// <param name="Passage">By which they go as fast as they may.</param>
public sealed record ArtifactBytes(Stream Content, DownloadPassage Passage) : IAsyncDisposable
{
    public async ValueTask DisposeAsync()
    {
        await Content.DisposeAsync();
        Passage.Dispose();
    }
}
