using System.Security.Cryptography;
using System.Text;

namespace Strata.Postgres.Schema;

/// <summary>A password as PostgreSQL keeps it (RFC 5803), so that the password itself is in no statement and no log of the server.</summary>
internal static class ScramVerifier
{
    private const int Iterations = 4096;

    /// <param name="password">Printable ASCII: other texts would need SASLprep (RFC 4013).</param>
    /// <exception cref="DatabaseException">It has other characters, or none.</exception>
    public static string Of(string password)
    {
        if (password.Length == 0 || password.Any(c => c is < ' ' or > '~'))
            throw new DatabaseException("The node's password must be of printable ASCII characters, at least one; for example the output of 'openssl rand -base64 24'.");
        var salt = RandomNumberGenerator.GetBytes(16);
        var salted = Rfc2898DeriveBytes.Pbkdf2(Encoding.ASCII.GetBytes(password), salt, Iterations, HashAlgorithmName.SHA256, 32);
        var stored = SHA256.HashData(HMACSHA256.HashData(salted, "Client Key"u8));
        var server = HMACSHA256.HashData(salted, "Server Key"u8);
        return $"SCRAM-SHA-256${Iterations}:{Convert.ToBase64String(salt)}${Convert.ToBase64String(stored)}:{Convert.ToBase64String(server)}";
    }
}
