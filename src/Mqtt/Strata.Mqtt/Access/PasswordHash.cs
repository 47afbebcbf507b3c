using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Strata.Mqtt.Access;

/// <summary>
/// What is kept of a password: the SCRAM-SHA-256 verifier of RFC 5802 and 7677, written as <c>SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY</c> (Base64, the
/// form PostgreSQL uses). The password cannot be read from it, and it is not enough to log in with.
/// </summary>
public sealed class PasswordHash
{
    private const string Scheme = "SCRAM-SHA-256$";
    private const int KeyLength = 32;

    private PasswordHash(int iterations, byte[] salt, byte[] storedKey, byte[] serverKey) =>
        (Iterations, this.salt, this.storedKey, this.serverKey) = (iterations, salt, storedKey, serverKey);

    /// <summary>What a new hash takes: some milliseconds of a processor.</summary>
    public const int DefaultIterations = 10_000;

    private readonly byte[] salt;
    private readonly byte[] storedKey;
    private readonly byte[] serverKey;

    public int Iterations { get; }

    internal ReadOnlySpan<byte> Salt => salt;

    internal ReadOnlySpan<byte> StoredKey => storedKey;

    internal ReadOnlySpan<byte> ServerKey => serverKey;

    /// <summary>A hash that no password fits, the same for the same name each time: who asks for a user that is not there learns nothing.</summary>
    internal static PasswordHash Imaginary(ReadOnlySpan<byte> secret, string name)
    {
        var salt = HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes(name))[..16];
        return new PasswordHash(DefaultIterations, salt, RandomNumberGenerator.GetBytes(KeyLength), RandomNumberGenerator.GetBytes(KeyLength));
    }

    public static PasswordHash Of(ReadOnlySpan<byte> password, int iterations = DefaultIterations)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(iterations, 4096);
        var salt = RandomNumberGenerator.GetBytes(16);
        var salted = Rfc2898DeriveBytes.Pbkdf2(password, salt, iterations, HashAlgorithmName.SHA256, KeyLength);
        return new PasswordHash(
            iterations, salt, SHA256.HashData(HMACSHA256.HashData(salted, "Client Key"u8)), HMACSHA256.HashData(salted, "Server Key"u8));
    }

    /// <exception cref="FormatException">The text is no hash of this form.</exception>
    public static PasswordHash Parse(string text)
    {
        var parts = text.StartsWith(Scheme, StringComparison.Ordinal) ? text[Scheme.Length..].Split(':', '$') : [];
        if (parts.Length != 4 || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var iterations) || iterations is < 4096 or > 10_000_000)
            throw new FormatException("The password's hash is not of the form SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY.");
        var (salt, stored, server) = (Convert.FromBase64String(parts[1]), Convert.FromBase64String(parts[2]), Convert.FromBase64String(parts[3]));
        if (salt.Length < 8 || stored.Length != KeyLength || server.Length != KeyLength)
            throw new FormatException("The password's hash has keys of a wrong length.");
        return new PasswordHash(iterations, salt, stored, server);
    }

    /// <summary>Whether this is the password; takes the same time whether it is or not.</summary>
    public bool Verify(ReadOnlySpan<byte> password)
    {
        var salted = Rfc2898DeriveBytes.Pbkdf2(password, salt, Iterations, HashAlgorithmName.SHA256, KeyLength);
        return CryptographicOperations.FixedTimeEquals(SHA256.HashData(HMACSHA256.HashData(salted, "Client Key"u8)), storedKey);
    }

    public override string ToString() => new StringBuilder(Scheme).Append(Iterations).Append(':').Append(Convert.ToBase64String(salt))
        .Append('$').Append(Convert.ToBase64String(storedKey)).Append(':').Append(Convert.ToBase64String(serverKey)).ToString();
}
