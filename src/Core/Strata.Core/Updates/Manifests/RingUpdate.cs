namespace Strata.Core.Updates.Manifests;

/// <summary>
/// A new ring of keys comes to devices as an update does: an artifact of the component <c>keys</c> whose bytes are the ring (<see cref="KeyRingText"/>). As in TUF (section 5.3, root metadata), both rings must believe its
/// manifest: the one that a device has, or anybody could replace it; and the new one, or nobody could sign the next.
/// </summary>
public static class RingUpdate
{
    public const string Component = "keys";

    /// <summary>Whether the ring may take the place of one that believes the manifest.</summary>
    /// <param name="manifest">The exact bytes that were signed.</param>
    /// <param name="ring">The bytes that it is about.</param>
    /// <returns>The new ring; a problem that says why not.</returns>
    public static Outcome<KeyRing> Check(ReadOnlySpan<byte> manifest, IReadOnlyList<ManifestSignature> signatures, ReadOnlySpan<byte> ring)
    {
        var next = KeyRingText.Read(ring);
        if (!next.IsOk)
            return next.Problem;
        var believed = ManifestVerifier.Verify(manifest, signatures, next.Value);
        return believed.IsOk ? next : new Problem(believed.Problem.Kind, $"By the new ring: {believed.Problem.Detail} Sign it with keys of both rings.", "signatures");
    }
}
