namespace Strata.Cli;

/// <summary>Files that only their owner may read.</summary>
internal static class PrivateFile
{
    public static async Task WriteAsync(string path, string line, CancellationToken cancellationToken)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        await using var writer = new StreamWriter(path, options);
        await writer.WriteLineAsync(line.AsMemory(), cancellationToken);
    }
}
