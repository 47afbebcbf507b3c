namespace Strata.Cli;

/// <summary>Files that only their owner may read; on the disk when they are written.</summary>
internal static class PrivateFile
{
    public static async Task WriteAsync(string path, string line, CancellationToken cancellationToken)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        await using var file = new FileStream(path, options);
        await using var writer = new StreamWriter(file);
        await writer.WriteLineAsync(line.AsMemory(), cancellationToken);
        await writer.FlushAsync(cancellationToken);
        file.Flush(flushToDisk: true);
    }
}
