using System.Text.RegularExpressions;

namespace Strata.Architecture.Tests;

/// <summary>What the documents claim of the code is there.</summary>
public sealed partial class DocumentationTests
{
    [Fact]
    public void The_readme_has_at_most_120_lines()
    {
        Assert.InRange(File.ReadAllLines(Path.Combine(Repository.Root, "README.md")).Length, 1, 120);
    }

    [Fact]
    public void Every_method_named_in_the_architecture_page_exists()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs/architecture.md"));
        var code = string.Concat(Repository.Sources("src").Select(File.ReadAllText));
        var missing = QualifiedMethod().Matches(page)
            .Select(m => (Type: m.Groups[1].Value, Method: m.Groups[2].Value))
            .Where(n => n.Type != "Strata") // A project's name.
            .Distinct()
            .Where(n => !Regex.IsMatch(code, $@"\b(class|struct|record|interface)\s+(struct\s+|class\s+)?{n.Type}\b") || !Regex.IsMatch(code, $@"\b{n.Method}\s*(<\w+>)?\("))
            .Select(n => $"{n.Type}.{n.Method}")
            .ToArray();
        Assert.True(missing.Length == 0, $"docs/architecture.md names methods that do not exist: {string.Join(", ", missing)}");
    }

    [Fact]
    public void Every_central_package_has_its_line_in_the_dependencies_page()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs/dependencies.md"));
        var packages = PackageVersion().Matches(File.ReadAllText(Path.Combine(Repository.Root, "Directory.Packages.props"))).Select(m => m.Groups[1].Value);
        Assert.All(packages, package => Assert.Contains(package, page));
    }

    [Fact]
    public void Every_link_between_documents_leads_somewhere()
    {
        var broken = Directory.EnumerateFiles(Repository.Root, "*.md", SearchOption.AllDirectories)
            .Where(p => !p.Contains("/node_modules/", StringComparison.Ordinal) && !p.Contains("/bin/", StringComparison.Ordinal) && !p.Contains("/obj/", StringComparison.Ordinal))
            .SelectMany(p => Link().Matches(File.ReadAllText(p)).Select(m => (Page: p, Target: m.Groups[1].Value.Split('#')[0])))
            .Where(l => l.Target.Length > 0 && !l.Target.Contains("://", StringComparison.Ordinal) && !l.Target.StartsWith("mailto:", StringComparison.Ordinal))
            .Where(l => !Path.Exists(Path.Combine(Path.GetDirectoryName(l.Page)!, l.Target)))
            .Select(l => $"{Path.GetRelativePath(Repository.Root, l.Page)}: {l.Target}");
        Assert.Empty(broken);
    }

    [Fact]
    public void Every_event_of_the_log_has_a_number_of_its_own()
    {
        var shared = Repository.Sources("src").SelectMany(f => EventNumber().Matches(File.ReadAllText(f)).Select(m => (Number: m.Groups[1].Value, File: Path.GetFileName(f))))
            .GroupBy(e => e.Number).Where(g => g.Count() > 1).Select(g => $"{g.Key}: {string.Join(", ", g.Select(e => e.File))}");
        Assert.Empty(shared);
    }

    [GeneratedRegex(@"LoggerMessage\((?:EventId = )?(\d+),")]
    private static partial Regex EventNumber();

    [GeneratedRegex(@"`([A-Z]\w+)\.([A-Z]\w+)`")]
    private static partial Regex QualifiedMethod();

    [GeneratedRegex("PackageVersion Include=\"([^\"]+)\"")]
    private static partial Regex PackageVersion();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();
}
