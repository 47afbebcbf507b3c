using System.Security.Cryptography;

namespace Strata.Node.Identity;

/// <summary>Certificate requests and keys as people and devices send them: PEM, or its base64 alone.</summary>
public static class PemText
{
    /// <summary>The DER; null when it is neither, empty, or longer than may be.</summary>
    /// <param name="most">Characters that are looked at.</param>
    public static byte[]? Decode(string? text, int most = 32 * 1024)
    {
        if (text is null || text.Length > most)
            return null;
        var base64 = PemEncoding.TryFind(text, out var pem) ? text.AsSpan()[pem.Base64Data] : text;
        var bytes = new byte[base64.Length];
        return Convert.TryFromBase64Chars(base64, bytes, out var length) && length > 0 ? bytes[..length] : null;
    }
}
