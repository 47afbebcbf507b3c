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

    [Fact]
    public async Task A_good_build_goes_through_a_simulated_fleet()
    {
        var run = await Tool.RunAsync(Installation.Executable, ["simulate", "fleet", "--devices", "1000", "--buildings", "20", "--seed", "7", "--build", "good", "--virtual", "-o", "json"]);
        Assert.True(run.ExitCode == 0, $"{run.Output}\n{run.Error}");
        using var report = JsonDocument.Parse(run.Output);
        Assert.Equal(("done", 4), (report.RootElement.GetProperty("state").GetString(), report.RootElement.GetProperty("rings").GetArrayLength()));
    }

    [Theory]
    [InlineData("--virtual is missing: a rollout takes weeks, so a fleet is simulated in simulated time only.", "--devices", "100")]
    [InlineData("--devices is 5; it takes 10 to 1000000.", "--virtual", "--devices", "5")]
    [InlineData("--buildings is 200; it takes 1 to the number of devices, 100.", "--virtual", "--devices", "100", "--buildings", "200")]
    [InlineData("--failures-per-day is 0.5; it takes 0 to 0.1.", "--virtual", "--failures-per-day", "0.5")]
    [InlineData("--build is 'bad'; it takes good or a YAML file, and there is no such file.", "--virtual", "--build", "bad")]
    public async Task A_fleet_that_cannot_be_simulated_is_refused_with_what_it_takes(string why, params string[] arguments)
    {
        var run = await Tool.RunAsync(Installation.Executable, ["simulate", "fleet", .. arguments]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(why, run.Error, StringComparison.Ordinal);
    }
}
