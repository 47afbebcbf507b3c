using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Strata.Mqtt.Tests.Attacks;

/// <summary>The table of attacks in SECURITY.md names tests that exist.</summary>
public sealed partial class AttackTableTests
{
    [Fact]
    public void Each_test_that_the_table_names_exists()
    {
        var rows = File.ReadLines(Path.Combine(Root(), "SECURITY.md")).SkipWhile(static line => !line.StartsWith("| attack |", StringComparison.Ordinal)).Skip(2)
            .TakeWhile(static line => line.StartsWith('|')).ToList();
        Assert.True(rows.Count >= 17, $"{rows.Count} rows");
        var tests = typeof(AttackTableTests).Assembly.GetTypes().SelectMany(static type => type.GetMethods().Where(static m => m.GetCustomAttribute<FactAttribute>() is not null))
            .Select(static method => $"{method.DeclaringType!.Name}.{method.Name}").ToHashSet();
        foreach (var row in rows)
        {
            var named = Name().Matches(row).Select(static m => m.Groups[1].Value).ToList();
            Assert.True(named.Count > 0, $"No test: {row}");
            Assert.All(named, name => Assert.Contains(name, tests));
        }
    }

    [GeneratedRegex(@"`(\w+\.\w+)`")]
    private static partial Regex Name();

    private static string Root([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../.."));
}
