using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Strata.Node.Devices;

/// <summary>
/// Secrets of devices, gateways and tokens: 256 random bits as base64url (43 characters), of which only the SHA-256 is kept. A fast hash is
/// enough because nobody can guess 256 random bits; a password chosen by a person would need a slow one.
/// </summary>
public static class DeviceSecrets
{
    /// <summary>Length of a hash in bytes.</summary>
    public const int HashLength = SHA256.HashSizeInBytes;

    /// <summary>The longest secret that is looked at; longer ones are wrong without being hashed.</summary>
    public const int MaxLength = 512;

    /// <summary>Draws a new secret.</summary>
    public static string Create()
    {
        Span<byte> random = stackalloc byte[32];
        RandomNumberGenerator.Fill(random);
        return Base64Url.EncodeToString(random);
    }

    /// <summary>SHA-256 of the secret's UTF-8 form.</summary>
    public static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));

    /// <summary>Compares a given secret with a kept hash in a time that does not depend on where they differ. An empty hash matches nothing.</summary>
    public static bool Matches(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> hash)
    {
        Span<byte> given = stackalloc byte[HashLength];
        if (secret.Length is 0 or > MaxLength)
            return false;
        SHA256.HashData(secret, given);
        return CryptographicOperations.FixedTimeEquals(given, hash);
    }
}
