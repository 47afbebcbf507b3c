using System.Security.Cryptography;
using Strata.Storage;

namespace Strata.Edge.Updates;

/// <summary>
/// The few things that updates do to a disk, each of which a power cut may come after; names are paths below the folder of updates. What was written is on the disk after <see cref="IUpdateFile.Sync"/>, what a name means
/// after <see cref="SyncNames"/>.
/// </summary>
internal interface IUpdateDisk
{
    /// <summary>Null when there is none.</summary>
    Stream? Read(string name);

    /// <summary>-1 when there is none.</summary>
    long Length(string name);

    /// <summary>Opens a file for writing behind its first <paramref name="keep"/> bytes; the rest goes. Made, for its owner alone and executable, when it is missing.</summary>
    IUpdateFile Write(string name, long keep);

    void Rename(string from, string to);

    /// <summary>Nothing when it is not there.</summary>
    void Delete(string name);

    /// <summary>Makes the names durable in the folder that the file is in.</summary>
    void SyncNames(string name);

    /// <summary>Bytes that may still be written.</summary>
    long Free { get; }

    /// <summary>The names in a folder.</summary>
    IReadOnlyList<string> List(string folder);
}

/// <summary>A file that is open for writing.</summary>
internal interface IUpdateFile : IDisposable
{
    void Write(ReadOnlySpan<byte> bytes);

    void Sync();
}

/// <summary>What is made of these.</summary>
internal static class UpdateDisks
{
    /// <summary>A file that takes room for what has to be written when the disk is full: that a version is given up, or has proved itself.</summary>
    public const string Reserve = "reserve";

    private const int ReserveBytes = 64 * 1024;

    /// <summary>Takes the room again, where there is some.</summary>
    public static void KeepReserve(this IUpdateDisk disk)
    {
        if (disk.Length(Reserve) >= ReserveBytes)
            return;
        try
        {
            using (var file = disk.Write(Reserve, 0))
            {
                file.Write(RandomNumberGenerator.GetBytes(ReserveBytes)); // What a file system cannot make smaller.
                file.Sync();
            }
            disk.SyncNames(Reserve);
        }
        catch (IOException e) when (SafeFiles.IsFull(e))
        {
            disk.Delete(Reserve);
        }
    }

    /// <summary>A small file, whole; null when there is none.</summary>
    public static byte[]? ReadAll(this IUpdateDisk disk, string name, int most)
    {
        using var file = disk.Read(name);
        if (file is null)
            return null;
        if (file.Length > most)
            throw new InvalidDataException($"{name} has {file.Length} bytes; at most {most} are read.");
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>Puts the content in the place of the file: it is there whole, or what was there before is. On a full disk it takes the room that was kept for that.</summary>
    public static void Replace(this IUpdateDisk disk, string name, ReadOnlySpan<byte> content)
    {
        try
        {
            Put(disk, name, content);
        }
        catch (IOException e) when (SafeFiles.IsFull(e) && disk.Length(Reserve) >= 0)
        {
            disk.Delete(Reserve);
            Put(disk, name, content);
        }
    }

    private static void Put(IUpdateDisk disk, string name, ReadOnlySpan<byte> content)
    {
        using (var file = disk.Write(name + ".next", 0))
        {
            file.Write(content);
            file.Sync();
        }
        disk.Rename(name + ".next", name);
        disk.SyncNames(name);
    }

    /// <summary>Of a file's bytes, and how many there are; nothing and -1 when there is none.</summary>
    public static (string Sha256, long Length) Hash(this IUpdateDisk disk, string name)
    {
        using var file = disk.Read(name);
        if (file is null)
            return ("", -1);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[64 * 1024];
        long length = 0;
        while (file.Read(buffer) is var read && read > 0)
        {
            hash.AppendData(buffer, 0, read);
            length += read;
        }
        return (Convert.ToHexStringLower(hash.GetHashAndReset()), length);
    }
}
