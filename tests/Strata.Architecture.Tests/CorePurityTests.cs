using System.Text.RegularExpressions;

namespace Strata.Architecture.Tests;

/// <summary>Core decides and holds values: no I/O, no waiting, no clock, no packages.</summary>
public sealed partial class CorePurityTests
{
    [Fact]
    public void Core_uses_no_io_no_tasks_and_no_clock()
    {
        var offences = Repository.Sources("src/Core")
            .SelectMany(path => File.ReadLines(path).Select((line, i) => (path, line, number: i + 1)))
            .Where(l => Impure().IsMatch(l.line) && !l.line.TrimStart().StartsWith("//", StringComparison.Ordinal))
            .Select(l => $"{Path.GetRelativePath(Repository.Root, l.path)}:{l.number}: {l.line.Trim()}");
        Assert.Empty(offences);
    }

    [Fact]
    public void Core_references_no_package()
    {
        var project = File.ReadAllText(Path.Combine(Repository.Root, "src/Core/Strata.Core/Strata.Core.csproj"));
        Assert.DoesNotContain("PackageReference", project);
        Assert.DoesNotContain("FrameworkReference", project);
    }

    [GeneratedRegex(@"System\.IO\b|System\.Net\b|\bFile\.|\bDirectory\.|\bSocket\b|\basync\b|\bawait\b|\bTask<|\bTimeProvider\b|Stopwatch|DateTime\.(Utc)?Now|Environment\.TickCount")]
    private static partial Regex Impure();
}
