using System.Reflection;
using System.Text;

namespace Strata.Mqtt.Tests.Conformance;

/// <summary>
/// <c>docs/mqtt-conformance.md</c>: a row for each normative statement of MQTT 5.0 with the tests that hold it. STRATA_WRITE_DOCS=1 writes the file.
/// </summary>
public sealed class ConformanceTableTests
{
    [Fact]
    public void The_table_in_the_docs_is_what_the_tests_say()
    {
        var path = Path.Combine(Root(), "docs", "mqtt-conformance.md");
        var table = Table();
        if (Environment.GetEnvironmentVariable("STRATA_WRITE_DOCS") == "1")
            File.WriteAllText(path, table);
        Assert.True(File.Exists(path) && File.ReadAllText(path) == table, $"{path} is not what the tests say; run them with STRATA_WRITE_DOCS=1 and read the change.");
    }

    [Fact]
    public void A_test_names_only_statements_that_exist()
    {
        var known = Statements().ToHashSet();
        Assert.Empty(Claims().Where(c => c.Spec.Version == "5.0" && !known.Contains(c.Spec.Id)).Select(c => $"{c.Test}: {c.Spec.Id}"));
    }

    private static string Table()
    {
        var statements = Statements();
        var claims = Claims();
        var held = claims.Where(c => c.Spec.Version == "5.0").ToLookup(c => c.Spec.Id, c => c.Test);
        var older = claims.Where(c => c.Spec.Version == "3.1.1").OrderBy(c => c.Spec.Id, StringComparer.Ordinal).ToList();
        var count = statements.Count(held.Contains);
        var text = new StringBuilder().Append(
            $"""
            # MQTT conformance

            Each normative statement of MQTT 5.0 and the tests of `Strata.Mqtt.Tests` that exercise it. Written by `ConformanceTableTests`, which fails when it is not true.
            A statement without a test is open: it may hold, it may be the client's affair, or it may not hold; no test says so yet.

            **{count} of {statements.Count} statements are held by tests, {statements.Count - count} are open.**

            | statement | held by |
            |---|---|

            """);
        foreach (var id in statements)
            text.Append($"| {id} | {(held.Contains(id) ? string.Join("<br>", held[id].Distinct().Order(StringComparer.Ordinal)) : "open")} |\n");
        text.Append("\n## MQTT 3.1.1\n\nMost tests run with both versions. Statements that only 3.1.1 has:\n\n| statement | held by |\n|---|---|\n");
        foreach (var claim in older)
            text.Append($"| {claim.Spec.Id} | {claim.Test} |\n");
        return text.ToString();
    }

    private static List<(SpecAttribute Spec, string Test)> Claims() =>
    [
        .. typeof(ConformanceTableTests).Assembly.GetTypes().SelectMany(static type => type.GetMethods(BindingFlags.Public | BindingFlags.Instance))
            .SelectMany(static method => method.GetCustomAttributes<SpecAttribute>().Select(spec => (spec, $"`{method.DeclaringType!.Name}.{method.Name}`"))),
    ];

    private static List<string> Statements() => [.. File.ReadAllLines(Path.Combine(Root(), "tests/Strata.Mqtt.Tests/Conformance/mqtt5-statements.txt")).Where(static line => line.Length > 0)];

    private static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Strata.slnx")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("Strata.slnx is not above the tests.");
        return folder;
    }
}
