using System.Text.Json;
using Strata.Cloud.Contracts;

namespace Strata.EndToEnd.Tests;

/// <summary><c>--set</c> and <c>settings</c> of the nodes.</summary>
public sealed class SettingsTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("cloud", "health.maxOpenOrders")]
    [InlineData("fog", "node.keepWindows")]
    public async Task Each_setting_of_a_node_is_listed_with_what_holds_and_what_it_is(string node, string one)
    {
        var run = await Tool.RunAsync(Installation.Executable, [node, "settings", "-o", "json"]);
        Assert.Equal(0, run.ExitCode);
        var settings = JsonDocument.Parse(run.Output).RootElement.EnumerateArray().ToList();
        Assert.Contains(settings, s => s.GetProperty("name").GetString() == one);
        Assert.All(settings, s => Assert.True(s.GetProperty("what").GetString()!.Length > 10, $"{s.GetProperty("name")} is not documented"));
    }

    [Theory]
    [InlineData("soon", "'soon' is not SECTION.NAME=VALUE")]
    [InlineData("updates.lookInterval=soon", "updates.lookInterval is 'soon'; it takes a span, for example 500ms, 30s or 2d.")]
    [InlineData("updates.lookInterval=1ms", "LookInterval must be 100 ms to 10 min")]
    [InlineData("health.maxOpenOrder=5", "there is no setting 'health.maxOpenOrder' (perhaps health.maxOpenOrders)")]
    [InlineData("live.maxClients=0", "MaxClients")]
    [InlineData("node.maxHttpConnections=1", "MaxHttpConnections must be from 16 to 1,000,000")]
    [InlineData("mqtt.maxPacketSize=1PiB", "a whole number of bytes")]
    public async Task A_setting_that_cannot_be_used_stops_the_start_and_says_which_and_why(string set, string why)
    {
        await using var installation = new Installation();
        var run = await Tool.RunAsync(Installation.Executable, ["cloud", "--data", installation.CloudFolder, "--http", "127.0.0.1:0", "--mqtt", "127.0.0.1:0", "--set", set]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(why, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_set_holds()
    {
        await using var installation = new Installation();
        await installation.StartCloudAsync("--set", "tenancy.maxTokens=1", "--set", "shadow.maxNamed=1", "--set", "shadow.maxBytes=1KiB");
        await installation.Client.CreateDeviceAsync(new CreateDevice("d-1"), Cancelled);
        await installation.Client.CreateTokenAsync(new CreateToken([new GrantInfo("viewer")]), Cancelled);
        await Assert.ThrowsAsync<StrataApiException>(() => installation.Client.CreateTokenAsync(new CreateToken([new GrantInfo("viewer")]), Cancelled));
        var large = await Assert.ThrowsAsync<StrataApiException>(() => installation.Client.UpdateShadowAsync("d-1", $$"""{"state":{"desired":{"a":"{{new string('x', 1100)}}"} } }""", cancellationToken: Cancelled));
        Assert.Contains("1,024", large.Message, StringComparison.Ordinal);
        await installation.Client.UpdateShadowAsync("d-1", """{"state":{"desired":{"a":1}}}""", "n-1", cancellationToken: Cancelled);
        await Assert.ThrowsAsync<StrataApiException>(() => installation.Client.UpdateShadowAsync("d-1", """{"state":{"desired":{"a":1}}}""", "n-2", cancellationToken: Cancelled));
    }
}
