using System.Text.Json;

namespace Strata.EndToEnd.Tests;

/// <summary><c>strata simulate parking</c> by the real program: its own node, sensors that report, faults that the node is not told of.</summary>
public sealed class SimulateTests
{
    [Fact]
    public async Task The_node_finds_exactly_the_planted_faults()
    {
        var run = await Tool.RunAsync(Installation.Executable, ["simulate", "parking", "--sensors", "400", "--low-battery", "7", "--offline", "2", "--seed", "11", "--for", "80", "-o", "json"]);
        Assert.True(run.ExitCode == 0, $"{run.Output}\n{run.Error}");
        using var report = JsonDocument.Parse(run.Output);
        Assert.Equal("391 healthy, 7 low battery, 2 offline", report.RootElement.GetProperty("summary").GetString());
        Assert.Equal((9, 9, 0), (report.RootElement.GetProperty("planted").GetInt32(), report.RootElement.GetProperty("found").GetInt32(), report.RootElement.GetProperty("others").GetInt32()));
    }

    [Fact]
    public async Task A_run_that_is_too_short_to_find_anything_is_refused()
    {
        var run = await Tool.RunAsync(Installation.Executable, ["simulate", "parking", "--for", "10"]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("--for must be 75 s at least", run.Error, StringComparison.Ordinal);
    }
}
