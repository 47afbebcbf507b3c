using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Strata.Node.Devices;

namespace Strata.Cloud.Tenancy.Tokens;

/// <summary>
/// A token's text: <c>strata_</c>, 10 characters by which it is found and named, <c>_</c>, and the secret (256 random bits, base64url). Recognisable, so that programs that look
/// for leaked secrets find it.
/// </summary>
internal static class TokenText
{
    public const string Mark = "strata_";
    public const int PrefixLength = 10;

    private const string Letters = "abcdefghijkmnpqrstuvwxyz23456789";

    public static (string Prefix, string Token) Create()
    {
        var prefix = RandomNumberGenerator.GetString(Letters, PrefixLength);
        return (prefix, $"{Mark}{prefix}_{DeviceSecrets.Create()}");
    }

    public static bool TryReadPrefix(string token, [NotNullWhen(true)] out string? prefix)
    {
        var valid = token.Length > Mark.Length + PrefixLength + 1 && token.StartsWith(Mark, StringComparison.Ordinal) && token[Mark.Length + PrefixLength] == '_';
        prefix = valid ? token.Substring(Mark.Length, PrefixLength) : null;
        return valid;
    }
}
