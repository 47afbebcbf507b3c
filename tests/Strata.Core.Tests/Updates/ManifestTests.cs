using System.Security.Cryptography;
using System.Text;
using Strata.Core.Updates.Manifests;

namespace Strata.Core.Tests.Updates;

public sealed class ManifestTests : IDisposable
{
    private static readonly DateTimeOffset Signed = new(2026, 11, 27, 8, 0, 0, TimeSpan.Zero);
    private readonly ECDsa one = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa two = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public void Dispose()
    {
        one.Dispose();
        two.Dispose();
    }

    [Fact]
    public void What_is_written_is_read()
    {
        var read = ManifestReader.Read(ManifestWriter.Write(Manifest));
        Assert.True(read.IsOk, read.Problem?.Detail);
        Assert.Equivalent(Manifest, read.Value, strict: true);
    }

    [Fact]
    public void A_manifest_with_a_good_signature_is_believed()
    {
        var bytes = ManifestWriter.Write(Manifest);
        Assert.True(ManifestVerifier.Verify(bytes, [Sign("k1", one, bytes)], Ring(1)).IsOk);
    }

    [Theory]
    [InlineData("\"version\":\"2.0\"", "\"version\":\"2.1\"", "the signature of key 'k1' is wrong")]
    [InlineData("{\"format\":1", "{\"format\":1,\"unless\":true", "'unless' is not known")]
    [InlineData("\"component\":\"os\"", "\"component\":\"os\",\"component\":\"app\"", "not JSON as it should be")]
    [InlineData("\"format\":1", "\"format\":2", "its format is 2")]
    [InlineData("\"counter\":7", "\"counter\":-1", "'counter' must be 0 or more")]
    [InlineData("\"models\":[\"T-100\"]", "\"models\":[]", "'models' must name at least one")]
    [InlineData("\"size\":1234", "\"size\":\"1234\"", "'size' must be a whole number")]
    public void What_was_changed_is_refused_with_the_reason(string from, string to, string reason)
    {
        var bytes = ManifestWriter.Write(Manifest);
        var changed = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(bytes).Replace(from, to, StringComparison.Ordinal));
        Assert.NotEqual(bytes, changed);
        Assert.Contains(reason, ManifestVerifier.Verify(changed, [Sign("k1", one, bytes)], Ring(1)).Problem?.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_signers_are_two_different_keys()
    {
        var bytes = ManifestWriter.Write(Manifest);
        Assert.Contains("1 of 2", ManifestVerifier.Verify(bytes, [Sign("k1", one, bytes), Sign("k1", one, bytes)], Ring(2)).Problem?.Detail, StringComparison.Ordinal);
        Assert.True(ManifestVerifier.Verify(bytes, [Sign("k1", one, bytes), Sign("k2", two, bytes)], Ring(2)).IsOk);
    }

    [Fact]
    public void One_key_under_two_names_is_one_signer()
    {
        var bytes = ManifestWriter.Write(Manifest);
        var ring = Ring(2);
        var twice = ring with { Keys = [ring.Keys[0], ring.Keys[0] with { Id = "k2" }] };
        Assert.Contains("1 of 2", ManifestVerifier.Verify(bytes, [Sign("k1", one, bytes), Sign("k2", one, bytes)], twice).Problem?.Detail, StringComparison.Ordinal);
        Assert.Contains("2 signatures are asked for, and there are 1 different keys", KeyRingText.Read(KeyRingText.Write(twice)).Problem?.Detail, StringComparison.Ordinal);
        Assert.True(KeyRingText.Read(KeyRingText.Write(twice with { Threshold = 1 })).IsOk);
        Assert.True(KeyRingText.Read(KeyRingText.Write(ring)).IsOk);
    }

    [Fact]
    public void A_key_vouches_for_its_own_time_alone()
    {
        var late = ManifestWriter.Write(Manifest with { Created = Signed.AddDays(11) });
        var early = ManifestWriter.Write(Manifest with { Created = Signed.AddDays(-11) });
        Assert.Contains("'k1' signed until 2026-12-07", ManifestVerifier.Verify(late, [Sign("k1", one, late)], Ring(1)).Problem?.Detail, StringComparison.Ordinal);
        Assert.Contains("'k1' signs from 2026-11-17", ManifestVerifier.Verify(early, [Sign("k1", one, early)], Ring(1)).Problem?.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_that_is_not_in_the_ring_is_named()
    {
        var bytes = ManifestWriter.Write(Manifest);
        Assert.Contains("key 'k9' is not known here", ManifestVerifier.Verify(bytes, [Sign("k9", one, bytes)], Ring(1)).Problem?.Detail, StringComparison.Ordinal);
        Assert.Contains("the signature of key 'k2' is wrong", ManifestVerifier.Verify(bytes, [Sign("k2", one, bytes)], Ring(1)).Problem?.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void What_fits_a_device_fits()
    {
        Assert.Null(UpdateCompatibility.Refusal(Manifest, Device));
        Assert.Contains("it is for 'T-100', and this is 'T-200'", UpdateCompatibility.Refusal(Manifest, Device with { Model = "T-200" }), StringComparison.Ordinal);
        Assert.Contains("hardware 'B' or 'C', and this is 'A'", UpdateCompatibility.Refusal(Manifest, Device with { Hardware = "A" }), StringComparison.Ordinal);
        Assert.Contains("unknown hardware", UpdateCompatibility.Refusal(Manifest, Device with { Hardware = null }), StringComparison.Ordinal);
        Assert.Contains("the device runs 1.7", UpdateCompatibility.Refusal(Manifest, Device with { Components = new Dictionary<string, string> { ["os"] = "1.7", ["bootloader"] = "3.1" } }), StringComparison.Ordinal);
        Assert.Contains("needs bootloader 3.0", UpdateCompatibility.Refusal(Manifest, Device with { Components = new Dictionary<string, string> { ["os"] = "1.9", ["bootloader"] = "2.9" } }), StringComparison.Ordinal);
        Assert.Contains("has confirmed 8", UpdateCompatibility.Refusal(Manifest, Device with { Counters = new Dictionary<string, long> { ["os"] = 8 } }), StringComparison.Ordinal);
    }

    private static UpdateManifest Manifest { get; } = new()
    {
        Component = "os", Version = "2.0", Models = ["T-100"], Hardware = ["B", "C"], From = ["1.8", "1.9"], Needs = [new ComponentNeed("bootloader", "3.0")], Counter = 7,
        Sha256 = new string('a', 64), Size = 1234, Reversible = false, Created = Signed,
    };

    private static UpdateTarget Device { get; } =
        new("T-100", "B", new Dictionary<string, string> { ["os"] = "1.9", ["bootloader"] = "3.0" }, new Dictionary<string, long> { ["os"] = 7 });

    private KeyRing Ring(int threshold) => new(
        [new("k1", "ecdsa-p256", one.ExportSubjectPublicKeyInfo(), Signed.AddDays(-10), Signed.AddDays(10)), new("k2", "ecdsa-p256", two.ExportSubjectPublicKeyInfo(), null, null)], threshold);

    private static ManifestSignature Sign(string id, ECDsa key, byte[] bytes) => new(id, "ecdsa-p256", key.SignData(bytes, HashAlgorithmName.SHA256));
}
