namespace Strata.Telemetry.DuckDb;

/// <summary>The folder of the store: its mode, its files' modes, their sizes, the room on its disk.</summary>
internal static class StoreFolder
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

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

    /// <summary>Bytes of the write-ahead log.</summary>
    public static long LogBytes(string folder) => Size(Path.Combine(folder, "telemetry.duckdb.wal"));

    /// <summary>Bytes of the database and its logs on disk.</summary>
    public static long Bytes(string folder) =>
        Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "telemetry.duckdb*").Sum(Size) : 0;

    public static long FreeBytes(string folder) => new DriveInfo(folder).AvailableFreeSpace;

    private static long Size(string path) => new FileInfo(path) is { Exists: true } file ? file.Length : 0;
}
