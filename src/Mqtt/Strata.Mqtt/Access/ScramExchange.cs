using System.Security.Cryptography;
using System.Text;

namespace Strata.Mqtt.Access;

/// <summary>
/// The server's side of SCRAM-SHA-256 (RFC 5802, RFC 7677) without channel binding: three messages, of which the last tells the client that the server knows
/// the password's verifier too. A password never crosses the wire. Not safe for use by two threads at once.
/// </summary>
internal sealed class ScramExchange
{
    public const string Method = "SCRAM-SHA-256";

    // What a server without channel binding demands in c=: Base64 of the header "n,,".
    private const string NoBinding = "biws";
    private const int MaxMessage = 1024;
    private static readonly byte[] Secret = RandomNumberGenerator.GetBytes(32);

    private readonly string clientFirstBare;
    private readonly string clientNonce;
    private PasswordHash? hash;
    private string serverFirst = "";
    private string nonce = "";
    private bool isKnown;

    private ScramExchange(string user, string clientFirstBare, string clientNonce) => (User, this.clientFirstBare, this.clientNonce) = (user, clientFirstBare, clientNonce);

    /// <summary>Who the client says it is.</summary>
    public string User { get; }

    /// <summary>Reads the client's first message.</summary>
    /// <returns>Null: it is none, or asks for what is not offered.</returns>
    public static ScramExchange? Begin(ReadOnlySpan<byte> clientFirst)
    {
        if (clientFirst.Length > MaxMessage || !System.Text.Unicode.Utf8.IsValid(clientFirst))
            return null;
        var text = Encoding.UTF8.GetString(clientFirst);
        if (!text.StartsWith("n,,", StringComparison.Ordinal))
            return null;
        var bare = text[3..];
        var parts = bare.Split(',');
        if (parts.Length < 2 || !parts[0].StartsWith("n=", StringComparison.Ordinal) || !parts[1].StartsWith("r=", StringComparison.Ordinal) || parts[1].Length < 2 + 8)
            return null;
        return Name(parts[0][2..]) is { } user ? new ScramExchange(user, bare, parts[1][2..]) : null;
    }

    /// <summary>The server's first message.</summary>
    /// <param name="known">The user's; null when there is no such user, which shows only at the end.</param>
    /// <param name="serverNonce">Null for a random one.</param>
    public byte[] Challenge(PasswordHash? known, string? serverNonce = null)
    {
        isKnown = known is not null;
        hash = known ?? PasswordHash.Imaginary(Secret, User);
        nonce = clientNonce + (serverNonce ?? Convert.ToBase64String(RandomNumberGenerator.GetBytes(18)));
        serverFirst = $"r={nonce},s={Convert.ToBase64String(hash.Salt)},i={hash.Iterations}";
        return Encoding.UTF8.GetBytes(serverFirst);
    }

    /// <summary>Judges the client's final message.</summary>
    /// <returns>The server's final message; null when the client does not know the password.</returns>
    public byte[]? Finish(ReadOnlySpan<byte> clientFinal)
    {
        if (hash is null || clientFinal.Length > MaxMessage || !System.Text.Unicode.Utf8.IsValid(clientFinal))
            return null;
        var text = Encoding.UTF8.GetString(clientFinal);
        var at = text.LastIndexOf(",p=", StringComparison.Ordinal);
        if (at < 0 || text[..at] != $"c={NoBinding},r={nonce}")
            return null;
        var proof = new byte[SHA256.HashSizeInBytes];
        if (!Convert.TryFromBase64String(text[(at + 3)..], proof, out var length) || length != proof.Length)
            return null;
        var authMessage = Encoding.UTF8.GetBytes($"{clientFirstBare},{serverFirst},{text[..at]}");
        var clientKey = HMACSHA256.HashData(hash.StoredKey, authMessage);
        for (var i = 0; i < proof.Length; i++)
            clientKey[i] ^= proof[i];
        var fits = CryptographicOperations.FixedTimeEquals(SHA256.HashData(clientKey), hash.StoredKey);
        return fits && isKnown ? Encoding.UTF8.GetBytes("v=" + Convert.ToBase64String(HMACSHA256.HashData(hash.ServerKey, authMessage))) : null;
    }

    /// <summary>A name with <c>=2C</c> for a comma and <c>=3D</c> for an equals sign; null when it holds another '='.</summary>
    private static string? Name(string encoded)
    {
        var name = encoded.Replace("=2C", ",", StringComparison.Ordinal).Replace("=3D", "\u0001", StringComparison.Ordinal);
        return name.Length == 0 || name.Contains('=', StringComparison.Ordinal) ? null : name.Replace('\u0001', '=');
    }
}
