using Strata.Storage;

namespace Strata.Telemetry.DuckDb;

/// <summary>The folder of the store: its mode, its files' modes, their sizes, the room on its disk.</summary>
internal static class StoreFolder
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>The folder in the store's in which the store is written anew.</summary>
    public const string Scrub = "scrub";

    /// <summary>Removes what a writing anew has left that did not come to its end.</summary>
    public static void DeleteScrub(string folder)
    {
        if (Directory.Exists(Path.Combine(folder, Scrub)))
            Directory.Delete(Path.Combine(folder, Scrub), recursive: true);
    }

    /// <summary>Puts the store that was written anew in the place of the one there is, in one step; both are closed, and the old one has no log.</summary>
    public static void TakeScrubbed(string folder)
    {
        var (made, path) = (Path.Combine(folder, Scrub, "telemetry.duckdb"), Path.Combine(folder, "telemetry.duckdb"));
        if (System.IO.File.Exists(made + ".wal"))
            throw new TelemetryStoreException("The store that was written anew is not whole; the one there is stays.");
        using (var file = new FileStream(made, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
            file.Flush(flushToDisk: true);
        System.IO.File.Move(made, path, overwrite: true);
        SafeFiles.SyncFolder(folder);
        DeleteScrub(folder);
    }

    public static void Prepare(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
            return;
        }
        Directory.CreateDirectory(folder, Owner | UnixFileMode.UserExecute);
        System.IO.File.SetUnixFileMode(folder, Owner | UnixFileMode.UserExecute);
    }

    /// <summary>Gives the files 0600. DuckDB makes them by the process's mask; until this is called the folder's 0700 protects them.</summary>
    public static void Protect(string folder)
    {
        if (OperatingSystem.IsWindows())
            return;
        foreach (var file in Directory.EnumerateFiles(folder, "telemetry.duckdb*"))
        {
            try
            {
                System.IO.File.SetUnixFileMode(file, Owner);
            }
            catch (FileNotFoundException)
            {
                // A log that a checkpoint has just done away with.
            }
        }
    }

    /// <summary>
    /// Cuts zeros off the end of the log: pages that the system had counted into the file but never wrote before the machine stopped. DuckDB takes a log that
    /// ends within an entry, but not one that ends in zeros; each of its entries ends in FF FF, so that no entry that is whole is touched.
    /// </summary>
    public static void MendLog(string folder)
    {
        var path = LogPath(folder);
        if (!System.IO.File.Exists(path))
            return;
        using var log = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        var buffer = new byte[64 * 1024];
        var end = log.Length;
        while (end > 0)
        {
            var start = Math.Max(0, end - buffer.Length);
            var part = buffer.AsSpan(0, (int)(end - start));
            log.Position = start;
            log.ReadExactly(part);
            var last = part.LastIndexOfAnyExcept((byte)0);
            end = start + last + 1;
            if (last >= 0)
                break;
        }
        if (end < log.Length)
            log.SetLength(end);
    }

    /// <summary>Bytes of the write-ahead log.</summary>
    public static long LogBytes(string folder) => Size(LogPath(folder));

    /// <summary>Bytes of the database and its logs on disk.</summary>
    public static long Bytes(string folder) =>
        Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "telemetry.duckdb*").Sum(Size) : 0;

    public static long FreeBytes(string folder) => new DriveInfo(folder).AvailableFreeSpace;

    private static string LogPath(string folder) => Path.Combine(folder, "telemetry.duckdb.wal");

    private static long Size(string path) => new FileInfo(path) is { Exists: true } file ? file.Length : 0;
}
