namespace Strata.EndToEnd.Tests;

/// <summary>The program as typed at a prompt.</summary>
public sealed class ScriptTests
{
    public static TheoryData<string> Verbs => [.. "cloud database fog edge demo tenants tokens roles audit apply export sites gateways devices readings events trace stats doctor version".Split(' ')];

    [Theory]
    [MemberData(nameof(Verbs))]
    public async Task Every_verb_explains_itself(string verb)
    {
        var help = await Tool.RunAsync(Installation.Executable, [verb, "--help"]);
        Assert.Equal(0, help.ExitCode);
        Assert.Contains("Usage:", help.Output);
        Assert.True(help.Output.Contains("Example", StringComparison.Ordinal) || help.Output.Contains("Commands:", StringComparison.Ordinal), help.Output);
    }

    [Fact]
    public async Task A_wrong_word_is_named_and_the_exit_code_is_2()
    {
        var run = await Tool.RunAsync(Installation.Executable, ["devices", "lst"]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("lst", run.Error);
    }

    [Fact]
    public async Task A_node_that_is_not_there_gives_exit_code_3()
    {
        var run = await Tool.RunAsync(Installation.Executable, ["devices", "list", "--url", "http://127.0.0.1:9"]);
        Assert.Equal(3, run.ExitCode);
    }

    [Fact]
    public async Task An_isolation_level_is_advised_without_a_node()
    {
        var run = await Tool.RunAsync(Installation.Executable, ["tenants", "advise", "--count", "3", "--health-data", "--business", "enterprise", "-o", "json"]);
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("\"level\":\"dedicated\"", run.Output);
        Assert.Contains("encrypted: health data is kept", run.Output);
    }

    [Fact]
    public async Task A_port_in_use_stops_the_start_with_a_sentence()
    {
        using var taken = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        taken.Start();
        await using var installation = new Installation();
        var run = await Tool.RunAsync(Installation.Executable, ["cloud", "--data", installation.CloudFolder, "--http", taken.LocalEndpoint.ToString()!, "--mqtt", "127.0.0.1:0"]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(taken.LocalEndpoint.ToString()!, run.Error);
        Assert.DoesNotContain("crit:", run.Error); // What had started was told to stop; nothing failed.
    }
}
