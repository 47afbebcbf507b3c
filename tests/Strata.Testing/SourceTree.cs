namespace Strata.Testing;

/// <summary>The repository that the tests are built from.</summary>
public static class SourceTree
{
    public static string Root { get; } = FindRoot();

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Strata.slnx")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("Strata.slnx is not above the tests.");
        return folder;
    }
}
