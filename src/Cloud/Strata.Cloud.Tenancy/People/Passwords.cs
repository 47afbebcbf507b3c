using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Konscious.Security.Cryptography;
using Strata.Core;

namespace Strata.Cloud.Tenancy.People;

/// <summary>
/// Passwords: which are taken, and how they are kept and checked: Argon2id in PHC form (RFC 9106). A bounded number is computed at once and a bounded number waits.
/// Safe from any thread.
/// </summary>
internal sealed class Passwords : IDisposable
{
    /// <summary>Longer ones are refused without being hashed.</summary>
    public const int MaxLength = 256;

    private const int SaltLength = 16;
    private const int HashLength = 32;

    private readonly PeopleOptions options;
    private readonly SemaphoreSlim turns;
    private readonly BreachList? breached;
    private readonly string nobody;
    private int waiting;

    public Passwords(PeopleOptions options)
    {
        this.options = options;
        turns = new SemaphoreSlim(options.ParallelHashes, options.ParallelHashes);
        breached = options.BreachList is null ? null : new BreachList(options.BreachList);
        nobody = Text(options.HashMemory, options.HashPasses, RandomNumberGenerator.GetBytes(SaltLength), RandomNumberGenerator.GetBytes(HashLength));
    }

    /// <summary>Why the password is not taken; null when it is.</summary>
    public Problem? Check(string? password)
    {
        if (password is null || password.Length < options.MinPasswordLength || password.Length > MaxLength)
            return new Problem(ProblemKind.Invalid, $"A password has {options.MinPasswordLength} to {MaxLength} characters.", "password");
        return breached?.Contains(password) == true
            ? new Problem(ProblemKind.Invalid, "This password is in a list of passwords that have leaked; choose another one.", "password")
            : null;
    }

    /// <summary>What is kept of a password. Unavailable when too many wait.</summary>
    public async Task<Outcome<string>> HashAsync(string password, CancellationToken cancellationToken)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltLength);
        var hash = await ComputeAsync(password, salt, options.HashMemory, options.HashPasses, cancellationToken);
        return hash.IsOk ? Text(options.HashMemory, options.HashPasses, salt, hash.Value) : hash.Problem;
    }

    /// <summary>Whether it is the password. As much work for a user who is not there or has none (<paramref name="kept"/> null or empty).</summary>
    public async Task<Outcome<bool>> VerifyAsync(string password, string? kept, CancellationToken cancellationToken)
    {
        if (password.Length > MaxLength)
            return false;
        var parts = (string.IsNullOrEmpty(kept) ? nobody : kept).Split('$');
        var numbers = parts[3].Split(',').Select(p => int.Parse(p[2..], CultureInfo.InvariantCulture)).ToArray();
        var hash = await ComputeAsync(password, Convert.FromBase64String(parts[4]), numbers[0], numbers[1], cancellationToken);
        if (!hash.IsOk)
            return hash.Problem;
        return CryptographicOperations.FixedTimeEquals(hash.Value, Convert.FromBase64String(parts[5])) && !string.IsNullOrEmpty(kept);
    }

    public void Dispose()
    {
        turns.Dispose();
        breached?.Dispose();
    }

    private async Task<Outcome<byte[]>> ComputeAsync(string password, byte[] salt, int memory, int passes, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref waiting) > options.WaitingHashes + options.ParallelHashes)
        {
            Interlocked.Decrement(ref waiting);
            return new Problem(ProblemKind.Unavailable, "Too many people sign in just now; try again in a moment.");
        }
        try
        {
            await turns.WaitAsync(cancellationToken);
            try
            {
                using var argon = new Argon2id(Encoding.UTF8.GetBytes(password)) { Salt = salt, MemorySize = memory, Iterations = passes, DegreeOfParallelism = 1 };
                return await argon.GetBytesAsync(HashLength);
            }
            finally
            {
                turns.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref waiting);
        }
    }

    private static string Text(int memory, int passes, byte[] salt, byte[] hash) =>
        string.Create(CultureInfo.InvariantCulture, $"$argon2id$v=19$m={memory},t={passes},p=1${Convert.ToBase64String(salt)}${Convert.ToBase64String(hash)}");
}
