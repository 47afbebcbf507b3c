using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Strata.Cloud.Tenancy.People;

/// <summary>
/// Passwords that are known to have leaked. A long list of SHA-1 hashes in order, as Have I Been Pwned gives it ("ordered by hash"), is searched in its file and takes no memory;
/// a short one, or one of words, is read at the start. Safe from any thread.
/// </summary>
internal sealed class BreachList : IDisposable
{
    /// <summary>Longest list that is held in memory: 40 bytes each.</summary>
    public const int MaxInMemory = 1_000_000;

    /// <summary>A file of hashes up to this size is read, in whatever order it is.</summary>
    public const int SmallFile = 4 << 20;

    private const int HashLength = 40;
    private const int MaxLine = 128;
    private const int Samples = 2_000;

    private readonly string path;
    private readonly HashSet<UInt128>? held;
    private readonly SafeFileHandle? file;
    private readonly long length;

    /// <exception cref="InvalidDataException">It cannot be read or searched; the message says what to do.</exception>
    public BreachList(string path)
    {
        this.path = path;
        try
        {
            length = new FileInfo(path).Length;
            if (length <= SmallFile || !IsHash(File.ReadLines(path).First()))
            {
                held = Read();
                return;
            }
            file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.RandomAccess);
            CheckOrder();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException($"--breach-list: {path} cannot be read: {e.Message}", e);
        }
    }

    public bool Contains(string password)
    {
        var hash = Sha1(password);
        return held is not null ? held.Contains(Key(hash)) : Find(Convert.ToHexString(hash));
    }

    public void Dispose() => file?.Dispose();

    /// <summary>Halves the file until the line is found or there is none.</summary>
    private bool Find(string hash)
    {
        var (low, high) = (0L, length);
        while (low < high)
        {
            var (start, end, line) = LineAt(low + ((high - low) / 2));
            switch (string.CompareOrdinal(line, hash))
            {
                case 0:
                    return true;
                case < 0:
                    low = end;
                    break;
                default:
                    high = start;
                    break;
            }
        }
        return false;
    }

    /// <summary>The line in which this byte is: where it begins and the next one begins, and its hash in upper case.</summary>
    private (long Start, long End, string Hash) LineAt(long position)
    {
        Span<byte> window = stackalloc byte[2 * MaxLine];
        var from = Math.Max(0, position - MaxLine);
        window = window[..RandomAccess.Read(file!, window, from)];
        var at = (int)(position - from);
        var begin = window[..at].LastIndexOf((byte)'\n') + 1;
        var line = window[begin..];
        var end = line.IndexOf((byte)'\n') is var found and >= 0 ? found : line.Length;
        var text = Encoding.ASCII.GetString(line[..end]).TrimEnd('\r');
        if (!IsHash(text) || (begin == 0 && from > 0))
            throw new InvalidDataException($"--breach-list: {path} has no SHA-1 hash in the line at byte {from + begin}; give lines of HASH or HASH:COUNT, in the order of the hashes.");
        return (from + begin, from + begin + end + 1, text[..HashLength].ToUpperInvariant());
    }

    private void CheckOrder()
    {
        var before = "";
        for (var i = 0L; i < Samples; i++)
        {
            var (start, _, hash) = LineAt(length / Samples * i);
            if (string.CompareOrdinal(hash, before) < 0)
                throw new InvalidDataException($"--breach-list: {path} is not in the order of its hashes at byte {start}; 'LC_ALL=C sort {path}' puts it in order.");
            before = hash;
        }
    }

    private HashSet<UInt128> Read()
    {
        var read = new HashSet<UInt128>();
        foreach (var line in File.ReadLines(path))
        {
            read.Add(Key(IsHash(line) ? Convert.FromHexString(line.AsSpan(0, HashLength)) : Sha1(line)));
            if (read.Count > MaxInMemory)
                throw new InvalidDataException($"--breach-list: {path} has more than {MaxInMemory:N0} words; give a list of SHA-1 hashes in order, which is searched in the file.");
        }
        return read;
    }

    private static bool IsHash(string line) => line.Length >= HashLength && (line.Length == HashLength || line[HashLength] == ':') && line.AsSpan(0, HashLength).IndexOfAnyExcept(HexDigits) < 0;

    private static readonly System.Buffers.SearchValues<char> HexDigits = System.Buffers.SearchValues.Create("0123456789abcdefABCDEF");

    private static UInt128 Key(byte[] sha1) => System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(sha1);

#pragma warning disable CA5350 // Lists of leaked passwords are kept as SHA-1; nothing rests on its strength.
    private static byte[] Sha1(string password) => SHA1.HashData(Encoding.UTF8.GetBytes(password));
#pragma warning restore CA5350
}
