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

    [Theory]
    [InlineData("shadow get t-101 --version abc", "--version is 'abc'; it takes a whole number.")]
    [InlineData("shadow get t-101 --at tomorrow", "--at is 'tomorrow'; it takes a time, for example 2026-11-27T09:00:00Z.")]
    [InlineData("rollout plan --artifact a/1/0123456789ab --installation-limit few", "--installation-limit is 'few'; it takes a number")]
    [InlineData("artifacts keys threshold two", "<count> is 'two'; it takes a whole number.")]
    [InlineData("artifacts show app", "'app' is no artifact's id; it is component/version/hash")]
    [InlineData("commands send t-101 ping --wait 30", "--wait is a duration: 30s, 5m, 1h, 2d; '30' is none.")]
    [InlineData("commands send t-101 ping --payload {a", "--payload is no JSON (line 1, byte 1)")]
    [InlineData("commands send t-101 ping --payload @/nowhere/payload.json", "--payload: /nowhere/payload.json cannot be read")]
    [InlineData("commands send t-101 ping --payload @/", "--payload: / cannot be read")]
    public async Task A_value_that_cannot_be_used_is_named_with_what_is_taken_and_the_exit_code_is_2(string line, string says)
    {
        var run = await Tool.RunAsync(Installation.Executable, line.Split(' '));
        Assert.Contains(says, run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", run.Error, StringComparison.Ordinal);
        Assert.Equal(2, run.ExitCode);
    }

    [Fact]
    public async Task A_payload_is_read_from_the_file_after_an_at_sign()
    {
        await using var installation = new Installation();
        Directory.CreateDirectory(installation.Folder);
        var file = Path.Combine(installation.Folder, "payload.json");
        await File.WriteAllTextAsync(file, "{\n\"seconds\":}", TestContext.Current.CancellationToken);
        var run = await Tool.RunAsync(Installation.Executable, ["commands", "send", "t-101", "ping", "--payload", $"@{file}"]);
        Assert.Contains("--payload is no JSON (line 2", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wait_that_is_longer_than_a_client_can_wait_is_the_node_s_to_refuse()
    {
        var run = await Tool.RunAsync(Installation.Executable, ["commands", "send", "t-101", "ping", "--wait", "60d", "--url", "http://127.0.0.1:9"]);
        Assert.Equal(3, run.ExitCode);
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
