using System.Security.Cryptography;
using System.Text;
using Strata.Core.Tenancy;

namespace Strata.Core.Tests.Tenancy;

public sealed class SealedFieldTests
{
    private const string KeyId = "00112233aabbccdd";
    private static readonly byte[] Key = RandomNumberGenerator.GetBytes(SealedField.KeyLength);
    private static readonly byte[] Nonce = RandomNumberGenerator.GetBytes(SealedField.NonceLength);
    private static readonly byte[] Place = SealedField.Place(TenantId.Parse("acme"), "tokens", "token_hash", "abc");

    [Fact]
    public void What_was_sealed_opens_with_its_key_in_its_place()
    {
        var value = SealedField.Seal(Key, KeyId, Nonce, Place, "secret"u8);

        Assert.Equal(KeyId, SealedField.KeyOf(value));
        Assert.Equal("secret"u8.ToArray(), SealedField.Open(Key, Place, value));
        Assert.Equal(-1, value.AsSpan().IndexOf("secret"u8));
    }

    [Fact]
    public void A_text_is_sealed_as_text()
    {
        var value = SealedField.SealText(Key, KeyId, Nonce, Place, "Zoë@example.com");

        Assert.Equal(KeyId, SealedField.KeyOf(value));
        Assert.Equal("Zoë@example.com", SealedField.OpenText(Key, Place, value));
        Assert.DoesNotContain("example", value, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("other", "tokens", "token_hash", "abc")]
    [InlineData("acme", "devices", "token_hash", "abc")]
    [InlineData("acme", "tokens", "grants", "abc")]
    [InlineData("acme", "tokens", "token_hash", "abd")]
    public void In_another_place_it_does_not_open(string tenant, string table, string column, string row)
    {
        var value = SealedField.Seal(Key, KeyId, Nonce, Place, "secret"u8);

        Assert.ThrowsAny<CryptographicException>(() => SealedField.Open(Key, SealedField.Place(TenantId.Parse(tenant), table, column, row), value));
    }

    [Fact]
    public void With_another_key_or_a_changed_byte_it_does_not_open()
    {
        var value = SealedField.Seal(Key, KeyId, Nonce, Place, "secret"u8);
        Assert.ThrowsAny<CryptographicException>(() => SealedField.Open(RandomNumberGenerator.GetBytes(SealedField.KeyLength), Place, value));

        value[^20] ^= 1;
        Assert.ThrowsAny<CryptographicException>(() => SealedField.Open(Key, Place, value));
    }

    [Fact]
    public void What_is_not_sealed_is_known()
    {
        Assert.Null(SealedField.KeyOf(SHA256.HashData("x"u8)));
        Assert.Null(SealedField.KeyOf("{\"name\":\"a\"}"));
        Assert.Null(SealedField.KeyOf("~sealed1:not base64!"));
        Assert.Null(SealedField.KeyOf(Encoding.UTF8.GetBytes("")));
    }
}

public sealed class IsolationPlanTests
{
    [Theory]
    [InlineData(IsolationLevel.Logical, IsolationLevel.Encrypted, "Key Seal")]
    [InlineData(IsolationLevel.Logical, IsolationLevel.Dedicated, "Key Seal Copy Switch Clear")]
    [InlineData(IsolationLevel.Encrypted, IsolationLevel.Dedicated, "Copy Switch Clear")]
    [InlineData(IsolationLevel.Dedicated, IsolationLevel.Encrypted, "Copy Switch Clear")]
    [InlineData(IsolationLevel.Dedicated, IsolationLevel.Logical, "Copy Switch Clear Unseal")]
    [InlineData(IsolationLevel.Encrypted, IsolationLevel.Logical, "Unseal")]
    [InlineData(IsolationLevel.Logical, IsolationLevel.Logical, "")]
    public void The_steps_between_two_levels(IsolationLevel from, IsolationLevel to, string steps) =>
        Assert.Equal(steps, string.Join(' ', IsolationPlan.Steps(from, to)));

    [Fact]
    public void A_key_is_renewed_without_a_change_of_level() => Assert.Equal("Key Seal", string.Join(' ', IsolationPlan.Steps(IsolationLevel.Dedicated, IsolationLevel.Dedicated, renew: true)));

    [Fact]
    public void Step_follows_step_until_none_is_left()
    {
        var steps = new List<IsolationStep>();
        for (var step = IsolationPlan.Next(IsolationLevel.Logical, IsolationLevel.Dedicated, false, IsolationStep.None); step != IsolationStep.None;
            step = IsolationPlan.Next(IsolationLevel.Logical, IsolationLevel.Dedicated, false, step))
            steps.Add(step);

        Assert.Equal(IsolationPlan.Steps(IsolationLevel.Logical, IsolationLevel.Dedicated), steps);
    }
}
