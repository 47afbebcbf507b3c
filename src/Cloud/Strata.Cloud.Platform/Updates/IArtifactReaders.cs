using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform.Updates;

/// <summary>
/// Who reads which artifact, asked by the slice that serves them of those that give devices work; several may be registered, one that says yes is enough.
/// Asked for each request: must be of what is in memory. Safe from any thread.
/// </summary>
public interface IArtifactReaders
{
    /// <summary>Whether a job of the device names these bytes: an artifact or a patch to it.</summary>
    /// <param name="sha256">64 lower-case hexadecimal digits.</param>
    bool MayRead(TenantId tenant, DeviceId device, string sha256);

    /// <summary>Whether something that is not finished names the artifact, which is therefore not deleted: what does, in words (<c>rollout r1</c>); null when nothing does.</summary>
    string? InUse(TenantId tenant, string artifactId) => null;
}
