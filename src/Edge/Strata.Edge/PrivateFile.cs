using Strata.Storage;

namespace Strata.Edge;

/// <summary>Files that only their owner reads (0600) and that are there whole or not at all.</summary>
internal static class PrivateFile
{
    private static readonly byte[] Zeros = new byte[64 * 1024];

    /// <summary>Puts the content in the place of the file, in one step.</summary>
    /// <param name="durable">Whether it must outlive a power cut; false where it is written again soon.</param>
    public static void Replace(string path, ReadOnlySpan<byte> content, bool durable) => SafeFiles.Replace(path, content, durable ? RandomAccess.FlushToDisk : null);

    /// <summary>
    /// Overwrites a file, or each of a folder, and removes it for good; nothing when it is not there. Where the disk keeps old blocks beside new ones (flash, copy on write) only an encrypted disk does more.
    /// </summary>
    public static void Erase(string path)
    {
        if (Directory.Exists(path))
        {
            foreach (var entry in Directory.GetFileSystemEntries(path))
                Erase(entry);
            Directory.Delete(path);
        }
        else if (File.Exists(path))
        {
            Overwrite(path);
            File.Delete(path);
        }
        else
        {
            return;
        }
        SafeFiles.SyncFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    private static void Overwrite(string path)
    {
        using var file = new FileStream(path, SafeFiles.Options(FileMode.Open, FileAccess.Write));
        for (var left = file.Length; left > 0; left -= Math.Min(left, Zeros.Length))
            file.Write(Zeros, 0, (int)Math.Min(left, Zeros.Length));
        file.Flush(flushToDisk: true);
    }
}
