namespace Strata.Cli.Commands;

/// <summary>Reads files that the user names.</summary>
internal static class PemFile
{
    private const int MaxBytes = 256 * 1024;

    /// <exception cref="CliException">It cannot be read, or is too large to be one.</exception>
    public static async Task<string> ReadAsync(string path, string option, CancellationToken cancellationToken)
    {
        try
        {
            return new FileInfo(path).Length <= MaxBytes ? await File.ReadAllTextAsync(path, cancellationToken) : throw new CliException(ExitCode.Usage, $"{option}: {path} is no PEM file: it has more than {MaxBytes:N0} bytes.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Usage, $"{option}: {e.Message}");
        }
    }
}
