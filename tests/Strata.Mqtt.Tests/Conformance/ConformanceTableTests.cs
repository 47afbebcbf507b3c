using System.Reflection;
using System.Text;

namespace Strata.Mqtt.Tests.Conformance;

/// <summary>
/// <c>docs/mqtt-conformance.md</c>: a row for each normative statement of MQTT 5.0 and 3.1.1 with the tests that hold it. STRATA_WRITE_DOCS=1 writes the file. The
/// statements stand in <c>mqtt5-statements.txt</c> and <c>mqtt311-statements.txt</c>, one a line: <c>ID</c>, <c>ID - why it does not bind a server</c> or
/// <c>ID + what we chose where it leaves a choice</c>.
/// </summary>
public sealed class ConformanceTableTests
{
    private static readonly (string Version, string File)[] Specifications = [("5.0", "mqtt5-statements.txt"), ("3.1.1", "mqtt311-statements.txt")];

    [Fact]
    public void The_table_in_the_docs_is_what_the_tests_say()
    {
        var path = Path.Combine(SourceTree.Root, "docs", "mqtt-conformance.md");
        var table = Table();
        if (Environment.GetEnvironmentVariable("STRATA_WRITE_DOCS") == "1")
            File.WriteAllText(path, table);
        Assert.True(File.Exists(path) && File.ReadAllText(path) == table, $"{path} is not what the tests say; run them with STRATA_WRITE_DOCS=1 and read the change.");
    }

    [Fact]
    public void A_test_names_only_statements_that_exist()
    {
        var known = Specifications.SelectMany(static s => Statements(s.File).Select(t => (s.Version, t.Id))).ToHashSet();
        Assert.Empty(Claims().Where(c => !known.Contains((c.Spec.Version, c.Spec.Id))).Select(c => $"{c.Test}: {c.Spec.Version} {c.Spec.Id}"));
    }

    [Fact]
    public void What_does_not_bind_a_server_is_held_by_no_test_and_each_statement_stands_once()
    {
        var claimed = Claims().Select(static c => (c.Spec.Version, c.Spec.Id)).ToHashSet();
        foreach (var (version, file) in Specifications)
        {
            Assert.Empty(Statements(file).Where(s => s.NotOurs is not null && claimed.Contains((version, s.Id))).Select(static s => s.Id));
            Assert.Empty(Statements(file).GroupBy(static s => s.Id).Where(static g => g.Count() > 1).Select(static g => g.Key));
        }
    }

    private static string Table()
    {
        var text = new StringBuilder(
            """
            # MQTT conformance

            Each normative statement of MQTT 5.0 and 3.1.1: the tests of `Strata.Mqtt.Tests` that exercise it, or why it does not bind a server; and what we chose where the specification leaves
            a choice. Written by `ConformanceTableTests`, which fails when it is not true. An open statement is one that no test exercises: it may hold or not.

            """);
        var claims = Claims();
        foreach (var (version, file) in Specifications)
        {
            var statements = Statements(file);
            var held = claims.Where(c => c.Spec.Version == version).ToLookup(c => c.Spec.Id, c => c.Test);
            var (tested, others) = (statements.Count(s => held.Contains(s.Id)), statements.Count(static s => s.NotOurs is not null));
            text.Append($"\n## MQTT {version}\n\n**MQTT {version}: {tested} of {statements.Count} statements are held by tests, {others} do not bind a server, {statements.Count - tested - others} are open.**\n\n");
            text.Append("| statement | held by |\n|---|---|\n");
            foreach (var statement in statements)
            {
                var tests = string.Join("<br>", held[statement.Id].Distinct().Order(StringComparer.Ordinal));
                text.Append($"| {statement.Id} | {(statement.NotOurs is { } why ? $"*{why}*" : tests.Length > 0 ? tests : "open")}{(statement.Chosen is { } chosen ? $"<br>Chosen: {chosen}" : "")} |\n");
            }
        }

        return text.ToString();
    }

    private static List<(SpecAttribute Spec, string Test)> Claims() =>
    [
        .. typeof(ConformanceTableTests).Assembly.GetTypes().SelectMany(static type => type.GetMethods(BindingFlags.Public | BindingFlags.Instance))
            .SelectMany(static method => method.GetCustomAttributes<SpecAttribute>().Select(spec => (spec, $"`{method.DeclaringType!.Name}.{method.Name}`"))),
    ];

    private static List<(string Id, string? NotOurs, string? Chosen)> Statements(string file) =>
    [
        .. File.ReadAllLines(Path.Combine(SourceTree.Root, "tests/Strata.Mqtt.Tests/Conformance", file)).Where(static line => line.Length > 0).Select(static line =>
        {
            var parts = line.Split(' ', 3);
            return (parts[0], parts is [_, "-", var why] ? why : null, parts is [_, "+", var chosen] ? chosen : null);
        }),
    ];
}
