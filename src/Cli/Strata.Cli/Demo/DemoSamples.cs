namespace Strata.Cli.Demo;

/// <summary>Finds the samples that ship with Strata: beside the program, or in the repository it was built in.</summary>
internal static class DemoSamples
{
    /// <exception cref="CliException">They are nowhere.</exception>
    public static string Find(string relative)
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            var path = Path.Combine(folder, "samples", relative);
            if (File.Exists(path))
                return path;
        }
        throw new CliException(ExitCode.Usage, $"samples/{relative} was not found at or above {AppContext.BaseDirectory}; run the demo from a checkout.");
    }
}
