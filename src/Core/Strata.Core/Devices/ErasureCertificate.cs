using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Strata.Core.Devices;

/// <summary>
/// The proof that a device was taken out of service: a JSON document signed as a flattened JWS (RFC 7515 7.2.2, ES256, RFC 7518 3.4), so that anybody's library can verify it with the public key it names.
/// </summary>
public static class ErasureCertificate
{
    /// <summary>The key's name: the first 16 hexadecimal digits of the SHA-256 of its public part (SubjectPublicKeyInfo).</summary>
    public static string NameOf(ECDsa key) => Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()))[..16];

    /// <param name="statement">A JSON document.</param>
    /// <param name="key">P-256 with its private part.</param>
    public static string Sign(string statement, ECDsa key)
    {
        var header = Base64Url.EncodeToString(Encoding.UTF8.GetBytes($$"""{"alg":"ES256","kid":"{{NameOf(key)}}"}"""));
        var payload = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(statement));
        var signature = key.SignData(Encoding.ASCII.GetBytes($"{header}.{payload}"), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        return $$"""{"payload":"{{payload}}","protected":"{{header}}","signature":"{{Base64Url.EncodeToString(signature)}}"}""";
    }

    /// <summary>The statement, if it was signed with the key; null otherwise, and for what is no certificate.</summary>
    public static string? Verify(string certificate, ECDsa key)
    {
        try
        {
            using var document = JsonDocument.Parse(certificate);
            var (header, payload) = (document.RootElement.GetProperty("protected").GetString()!, document.RootElement.GetProperty("payload").GetString()!);
            var signature = Base64Url.DecodeFromChars(document.RootElement.GetProperty("signature").GetString());
            using var said = JsonDocument.Parse(Base64Url.DecodeFromChars(header));
            return said.RootElement.GetProperty("alg").GetString() == "ES256"
                && key.VerifyData(Encoding.ASCII.GetBytes($"{header}.{payload}"), signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation)
                ? Encoding.UTF8.GetString(Base64Url.DecodeFromChars(payload))
                : null;
        }
        catch (Exception wrong) when (wrong is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentNullException)
        {
            return null;
        }
    }
}
