using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using Strata.Mqtt.Access;

namespace Strata.Mqtt.Broker;

/// <summary>
/// Names with the hashes of their passwords, one <c>NAME:HASH</c> a line (<see cref="PasswordHash"/>). Only its owner may read it. A change that cannot be read
/// leaves what was known and is told.
/// </summary>
public sealed class UserFile : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int MaxBytes = 64 * 1024 * 1024;
    private readonly string path;
    private readonly Action<string> problem;
    private readonly SemaphoreSlim hashing = new(Math.Max(1, Environment.ProcessorCount / 2));
    private readonly byte[] seal = RandomNumberGenerator.GetBytes(32);
    private readonly PasswordHash nobody = PasswordHash.Of(RandomNumberGenerator.GetBytes(16));
    private volatile FrozenDictionary<string, User> users;
    private DateTime written;

    private UserFile(string path, Action<string> problem)
    {
        (this.path, this.problem) = (path, problem);
        users = Read(path, out written);
    }

    /// <param name="problem">Told when a change cannot be read.</param>
    /// <exception cref="BrokerConfigurationException">The file cannot be used; the message says why.</exception>
    public static UserFile Open(string path, Action<string> problem) => new(path, problem);

    /// <summary>What is kept of a user's password; null when there is no such user.</summary>
    public PasswordHash? Find(string name) => users.GetValueOrDefault(name)?.Hash;

    /// <summary>Whether the password is this user's. A name that nobody has takes as long.</summary>
    public async ValueTask<bool> VerifyAsync(string name, ReadOnlyMemory<byte> password, CancellationToken cancellationToken)
    {
        var user = users.GetValueOrDefault(name);
        var proof = HMACSHA256.HashData(seal, password.Span);
        if (user?.Proof is { } known && CryptographicOperations.FixedTimeEquals(known, proof))
            return true; // The same password was right before: no need to hash it again.
        await hashing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!(user?.Hash ?? nobody).Verify(password.Span) || user is null)
                return false;
        }
        finally
        {
            hashing.Release();
        }

        user.Proof = proof;
        return true;
    }

    public void Dispose() => hashing.Dispose();

    /// <summary>Sets a user's password, or takes the user out when it is null; the file is made when it is missing.</summary>
    /// <returns>False: there is no such user to take out.</returns>
    public static bool Set(string path, string name, string? password)
    {
        if (name.Length is 0 or > 256 || name.AsSpan().IndexOfAny(":\r\n\0") >= 0)
            throw new BrokerConfigurationException("A user's name has 1 to 256 characters, and no ':' or line break.");
        if (password is { Length: < 8 })
            throw new BrokerConfigurationException("A password has at least 8 characters.");
        var lines = File.Exists(path) ? File.ReadAllLines(path).Where(line => line.Length > 0).ToList() : [];
        var found = lines.RemoveAll(line => line.StartsWith(name + ":", StringComparison.Ordinal)) > 0;
        if (password is null && !found)
            return false;
        if (password is not null)
            lines.Add($"{name}:{PasswordHash.Of(Encoding.UTF8.GetBytes(password))}");
        var next = path + ".new";
        using (var stream = new FileStream(next, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = OwnerOnly }))
        using (var writer = new StreamWriter(stream))
        {
            foreach (var line in lines)
                writer.WriteLine(line);
            writer.Flush();
            stream.Flush(flushToDisk: true);
        }

        File.Move(next, path, overwrite: true);
        return true;
    }

    /// <summary>Reads the file again when it has changed. One caller at a time.</summary>
    /// <returns>Whether it has.</returns>
    public bool LookAgain()
    {
        if (File.GetLastWriteTimeUtc(path) == written)
            return false;
        try
        {
            users = Read(path, out written);
            return true;
        }
        catch (BrokerConfigurationException e)
        {
            problem(e.Message);
            return false;
        }
    }

    internal static FrozenDictionary<string, User> Read(string path, out DateTime written)
    {
        var found = new Dictionary<string, User>(StringComparer.Ordinal);
        var number = 0;
        try
        {
            var file = new FileInfo(path);
            written = file.LastWriteTimeUtc;
            if (!file.Exists)
                throw new BrokerConfigurationException($"--users: {path} does not exist; make it with 'strata broker passwd {path} NAME'.");
            if ((file.UnixFileMode & ~OwnerOnly) != 0)
                throw new BrokerConfigurationException($"--users: {path} can be read or changed by others; 'chmod 600 {path}'.");
            if (file.Length > MaxBytes)
                throw new BrokerConfigurationException($"--users: {path} is larger than {MaxBytes >> 20} MiB.");
            foreach (var line in File.ReadLines(path))
            {
                number++;
                if (line.Length == 0)
                    continue;
                var end = line.IndexOf(':', StringComparison.Ordinal);
                if (end <= 0)
                    throw new FormatException("there is no ':' after a name");
                if (!found.TryAdd(line[..end], new User(PasswordHash.Parse(line[(end + 1)..]))))
                    throw new FormatException($"'{line[..end]}' stands twice");
            }
        }
        catch (FormatException e)
        {
            throw new BrokerConfigurationException($"--users: {path}, line {number}: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BrokerConfigurationException($"--users: {path} cannot be read: {e.Message}", e);
        }

        return found.ToFrozenDictionary(StringComparer.Ordinal);
    }

    internal sealed class User(PasswordHash hash)
    {
        public PasswordHash Hash { get; } = hash;

        /// <summary>A keyed digest of the password that was right; in this process only.</summary>
        public byte[]? Proof { get; set; }
    }
}
