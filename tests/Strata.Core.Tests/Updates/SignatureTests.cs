using System.Numerics;
using System.Security.Cryptography;
using CsCheck;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;
using Strata.Core.Updates.Manifests;

namespace Strata.Core.Tests.Updates;

public sealed class SignatureTests
{
    private static readonly BigInteger Order = BigInteger.Pow(2, 252) + BigInteger.Parse("27742317777372353535851937790883648493", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>RFC 8032 section 7.1.</summary>
    [Theory]
    [InlineData("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "", "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b")]
    [InlineData("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72", "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")]
    [InlineData("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82", "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a")]
    public void The_vectors_of_the_RFC_hold_and_no_changed_bit_does(string key, string content, string signature)
    {
        var (k, m, s) = (Convert.FromHexString(key), Convert.FromHexString(content), Convert.FromHexString(signature));
        Assert.True(Ed25519Verifier.Verify(k, m, s));
        for (var bit = 0; bit < s.Length * 8; bit += 37)
        {
            var changed = (byte[])s.Clone();
            changed[bit / 8] ^= (byte)(1 << bit % 8);
            Assert.False(Ed25519Verifier.Verify(k, m, changed), $"bit {bit}");
        }
        Assert.False(Ed25519Verifier.Verify(k, [.. m, 0], s));
    }

    [Fact]
    public void It_agrees_with_another_library_on_any_content() =>
        Gen.Select(Gen.Byte.Array[32], Gen.Byte.Array[0, 200], Gen.Int[0, 3]).Sample((seed, content, damage) =>
        {
            var secret = new Ed25519PrivateKeyParameters(seed);
            var key = secret.GeneratePublicKey().GetEncoded();
            var signer = new Ed25519Signer();
            signer.Init(true, secret);
            signer.BlockUpdate(content);
            var signature = signer.GenerateSignature();
            if (damage == 1)
                signature[7] ^= 1;
            if (damage == 2)
                signature[40] ^= 1;
            if (damage == 3)
                key[3] ^= 1;
            return Ed25519Verifier.Verify(key, content, signature) == (damage == 0);
        }, iter: 40);

    [Fact]
    public void A_signature_has_one_form_only()
    {
        var secret = new Ed25519PrivateKeyParameters(new byte[32]);
        var signer = new Ed25519Signer();
        signer.Init(true, secret);
        signer.BlockUpdate([1, 2, 3]);
        var signature = signer.GenerateSignature();
        var key = secret.GeneratePublicKey().GetEncoded();
        Assert.True(Ed25519Verifier.Verify(key, [1, 2, 3], signature));
        var other = (new BigInteger(signature.AsSpan(32), isUnsigned: true) + Order).ToByteArray(isUnsigned: true);
        Assert.False(Ed25519Verifier.Verify(key, [1, 2, 3], [.. signature[..32], .. other, .. new byte[32 - other.Length]]));
    }

    /// <summary>With such a key one signature holds for every content.</summary>
    [Theory]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000080")]
    [InlineData("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")]
    [InlineData("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    public void A_key_of_small_order_or_in_another_encoding_is_none(string key)
    {
        Assert.False(Ed25519Verifier.IsKey(Convert.FromHexString(key)));
        Assert.False(Ed25519Verifier.Verify(Convert.FromHexString(key), [1], [.. Convert.FromHexString(key), .. new byte[32]]));
    }

    [Fact]
    public void A_key_on_another_curve_is_none()
    {
        using var p256 = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        Assert.True(SignatureAlgorithms.IsKey("ecdsa-p256", p256.ExportSubjectPublicKeyInfo()));
        Assert.False(SignatureAlgorithms.IsKey("ecdsa-p256", p384.ExportSubjectPublicKeyInfo()));
        Assert.False(SignatureAlgorithms.IsKey("rsa", p256.ExportSubjectPublicKeyInfo()));
    }
}
