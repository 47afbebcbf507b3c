using System.Security.Cryptography;
using System.Text;

namespace Strata.Core.Tenancy;

/// <summary>
/// One sealed field: AES-256-GCM with the id of the key in front and the place of the field as associated data, so that a value that was put into another row,
/// column or tenant does not open. Layout: 4 bytes of mark, 8 of key id, 12 of nonce, the ciphertext, 16 of tag. Pure: the nonce is an argument.
/// </summary>
public static class SealedField
{
    public const int KeyLength = 32;

    /// <summary>Bytes; must be new for each sealing with a key: take them at random.</summary>
    public const int NonceLength = 12;

    /// <summary>Letters of a key's id: lower-case hexadecimal.</summary>
    public const int KeyIdLength = 16;

    private const int TagLength = 16;
    private const int HeadLength = 4 + KeyIdLength / 2 + NonceLength;
    private const string TextMark = "~sealed1:";

    private static ReadOnlySpan<byte> Mark => [0xE5, 0x53, 0x46, 0x01];

    /// <summary>The associated data of a field.</summary>
    public static byte[] Place(TenantId tenant, string table, string column, string row) => Encoding.UTF8.GetBytes($"{tenant}\n{table}\n{column}\n{row}");

    public static byte[] Seal(ReadOnlySpan<byte> key, string keyId, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> place, ReadOnlySpan<byte> plain)
    {
        var whole = new byte[HeadLength + plain.Length + TagLength];
        Mark.CopyTo(whole);
        Convert.FromHexString(keyId).CopyTo(whole.AsSpan(4));
        nonce.CopyTo(whole.AsSpan(HeadLength - NonceLength));
        using var aes = new AesGcm(key, TagLength);
        aes.Encrypt(nonce, plain, whole.AsSpan(HeadLength, plain.Length), whole.AsSpan(HeadLength + plain.Length), place);
        return whole;
    }

    /// <summary>A sealed text is text: the bytes as Base64 behind a mark.</summary>
    public static string SealText(ReadOnlySpan<byte> key, string keyId, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> place, string plain) =>
        TextMark + Convert.ToBase64String(Seal(key, keyId, nonce, place, Encoding.UTF8.GetBytes(plain)));

    /// <summary>The id of the key that sealed it; null for what is not sealed.</summary>
    public static string? KeyOf(ReadOnlySpan<byte> value) =>
        value.Length >= HeadLength + TagLength && value.StartsWith(Mark) ? Convert.ToHexStringLower(value.Slice(4, KeyIdLength / 2)) : null;

    /// <inheritdoc cref="KeyOf(ReadOnlySpan{byte})"/>
    public static string? KeyOf(string value) => Bytes(value) is { } bytes ? KeyOf(bytes) : null;

    /// <exception cref="CryptographicException">The key is another one, or the value was changed or stands in another place.</exception>
    public static byte[] Open(ReadOnlySpan<byte> key, ReadOnlySpan<byte> place, ReadOnlySpan<byte> value)
    {
        var plain = new byte[value.Length - HeadLength - TagLength];
        using var aes = new AesGcm(key, TagLength);
        aes.Decrypt(value.Slice(HeadLength - NonceLength, NonceLength), value.Slice(HeadLength, plain.Length), value[^TagLength..], plain, place);
        return plain;
    }

    /// <inheritdoc cref="Open(ReadOnlySpan{byte}, ReadOnlySpan{byte}, ReadOnlySpan{byte})"/>
    public static string OpenText(ReadOnlySpan<byte> key, ReadOnlySpan<byte> place, string value) => Encoding.UTF8.GetString(Open(key, place, Bytes(value)!));

    private static byte[]? Bytes(string value)
    {
        if (!value.StartsWith(TextMark, StringComparison.Ordinal))
            return null;
        var bytes = new byte[value.Length];
        return Convert.TryFromBase64Chars(value.AsSpan(TextMark.Length), bytes, out var length) ? bytes[..length] : null;
    }
}
