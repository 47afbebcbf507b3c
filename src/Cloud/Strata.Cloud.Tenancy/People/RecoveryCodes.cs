using System.Security.Cryptography;
using System.Text;

namespace Strata.Cloud.Tenancy.People;

/// <summary>Codes for who has lost the device of his second factor: 79 random bits each, shown once, kept as SHA-256, good once.</summary>
internal static class RecoveryCodes
{
    public const int Count = 10;

    private const int Length = 16;

    /// <summary>Without the letters and digits that look alike.</summary>
    private const string Letters = "abcdefghjkmnpqrstuvwxyz23456789";

    /// <summary>New codes, as they are shown, and what is kept of them.</summary>
    public static (IReadOnlyList<string> Codes, string Hashes) Create()
    {
        var codes = Enumerable.Range(0, Count).Select(_ => RandomNumberGenerator.GetString(Letters, Length)).ToList();
        return ([.. codes.Select(c => string.Join('-', c.Chunk(4).Select(p => new string(p))))], string.Join(',', codes.Select(Hash)));
    }

    /// <summary>How many are left.</summary>
    public static int Left(string hashes) => hashes.Length == 0 ? 0 : hashes.Count(c => c == ',') + 1;

    /// <summary>What is left when this one is used; null when it is none of them.</summary>
    public static string? Without(string hashes, string code)
    {
        var normal = code.Replace("-", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal).ToLowerInvariant();
        if (normal.Length != Length)
            return null;
        var left = hashes.Split(',').ToList();
        return left.Remove(Hash(normal)) ? string.Join(',', left) : null;
    }

    private static string Hash(string code) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(code)));
}
