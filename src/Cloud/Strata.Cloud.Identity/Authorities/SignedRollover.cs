using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Strata.Core;

namespace Strata.Cloud.Identity.Authorities;

/// <summary>What was signed off the node for a roll-over: the next intermediate, and where the root is replaced too, the new root and what crosses from either to the other. Checked: each is what it says.</summary>
/// <param name="Root">The new root; null where it stays.</param>
internal sealed record SignedRollover(X509Certificate2 Intermediate, X509Certificate2? Root, X509Certificate2? NewByOld, X509Certificate2? OldByNew)
{
    private const int Most = 8;

    /// <param name="pem">Certificates in any order.</param>
    /// <param name="key">The next intermediate's, SubjectPublicKeyInfo.</param>
    /// <param name="root">The root of now.</param>
    public static Outcome<SignedRollover> Read(string pem, byte[] key, X509Certificate2 root, DateTimeOffset now)
    {
        var found = new X509Certificate2Collection();
        try
        {
            if (pem.Length < Most * 8 * 1024)
                found.ImportFromPem(pem);
        }
        catch (CryptographicException e)
        {
            return Wrong($"it cannot be read ({e.Message})");
        }
        if (found.Count is 0 or > Most)
            return Wrong($"it holds {found.Count} certificates");
        var intermediate = found.FirstOrDefault(c => c.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key));
        if (intermediate is null)
            return Wrong("none of its certificates is of the key that was asked for: sign the request that this node has given last");
        if (IsSignedBy(intermediate, root, now))
            return new SignedRollover(intermediate, null, null, null);
        var next = found.FirstOrDefault(c => c.SubjectName.RawData.AsSpan().SequenceEqual(c.IssuerName.RawData) && IsSignedBy(intermediate, c, now));
        if (next is null)
            return Wrong("the intermediate is certified neither by the root of now nor by another one that is there");
        var newByOld = found.FirstOrDefault(c => IsSame(c, next) && IsSignedBy(c, root, now));
        var oldByNew = found.FirstOrDefault(c => IsSame(c, root) && IsSignedBy(c, next, now));
        return newByOld is null || oldByNew is null
            ? Wrong("the new root is not certified by the root of now and it by the new one: devices that know one would not come to know the other")
            : new SignedRollover(intermediate, next, newByOld, oldByNew);
    }

    private static Problem Wrong(string why) => new(ProblemKind.Invalid, $"What was signed is not what this roll-over needs: {why}. It is what 'strata ca sign' writes.", "certificates");

    private static bool IsSame(X509Certificate2 one, X509Certificate2 other) =>
        one.SubjectName.RawData.AsSpan().SequenceEqual(other.SubjectName.RawData) && one.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(other.PublicKey.ExportSubjectPublicKeyInfo());

    private static bool IsSignedBy(X509Certificate2 below, X509Certificate2 above, DateTimeOffset now)
    {
        if (!below.Extensions.OfType<X509BasicConstraintsExtension>().Any(b => b.CertificateAuthority))
            return false;
        using var chain = new X509Chain();
        var policy = chain.ChainPolicy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.CustomTrustStore.Add(above);
        policy.RevocationMode = X509RevocationMode.NoCheck;
        policy.DisableCertificateDownloads = true;
        policy.VerificationTimeIgnored = false;
        policy.VerificationTime = now.UtcDateTime;
        return chain.Build(below) && chain.ChainElements.Count == 2 && chain.ChainElements[1].Certificate.RawDataMemory.Span.SequenceEqual(above.RawDataMemory.Span);
    }
}
