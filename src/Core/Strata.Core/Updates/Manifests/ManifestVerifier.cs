namespace Strata.Core.Updates.Manifests;

/// <summary>
/// Whether a manifest may be believed. The verifier's own clock is not asked: a device's may be wrong, and a key that must not be believed any more is taken from the ring.
/// </summary>
public static class ManifestVerifier
{
    /// <param name="manifest">The exact bytes that were signed.</param>
    /// <returns>What it says, when as many different keys of the ring as are asked for have signed it; else why not.</returns>
    public static Outcome<UpdateManifest> Verify(ReadOnlySpan<byte> manifest, IReadOnlyList<ManifestSignature> signatures, KeyRing ring)
    {
        if (signatures.Count > ManifestLimits.MaxSignatures)
            return Refused($"it has {signatures.Count} signatures; at most {ManifestLimits.MaxSignatures} are read");
        var read = ManifestReader.Read(manifest);
        if (!read.IsOk)
            return read;
        var signers = new HashSet<string>(StringComparer.Ordinal);
        var faults = new List<string>();
        foreach (var signature in signatures)
        {
            if (Fault(manifest, signature, read.Value.Created, ring) is { } fault)
                faults.Add(fault);
            else
                signers.Add(Convert.ToBase64String(ring.Keys.First(k => k.Id == signature.Key).PublicKey)); // One key under two names is one signer.
        }
        if (signers.Count >= Math.Max(1, ring.Threshold))
            return read;
        var enough = ring.Threshold > 1 ? $"{signers.Count} of {ring.Threshold} signatures that are asked for hold" : "no signature of it holds";
        return Refused(faults.Count == 0 ? enough : $"{enough}: {string.Join("; ", faults)}");
    }

    private static string? Fault(ReadOnlySpan<byte> manifest, ManifestSignature signature, DateTimeOffset created, KeyRing ring) =>
        ring.Keys.FirstOrDefault(k => k.Id == signature.Key) is not { } key ? $"key '{signature.Key}' is not known here (never was, or was taken back)"
        : key.Algorithm != signature.Algorithm ? $"key '{key.Id}' is {key.Algorithm}, not {signature.Algorithm}"
        : created < key.NotBefore ? $"key '{key.Id}' signs from {key.NotBefore:yyyy-MM-dd HH:mm:ss}Z on, and the manifest says {created.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z"
        : created > key.NotAfter ? $"key '{key.Id}' signed until {key.NotAfter:yyyy-MM-dd HH:mm:ss}Z, and the manifest says {created.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z"
        : !SignatureAlgorithms.Verify(key, manifest, signature.Signature) ? $"the signature of key '{key.Id}' is wrong"
        : null;

    private static Problem Refused(string why) => new(ProblemKind.Forbidden, $"The manifest is not believed: {why}.", "signatures");
}
