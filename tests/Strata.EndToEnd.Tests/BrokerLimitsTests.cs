using Strata.Cli.Commands;
using Strata.Mqtt;

namespace Strata.EndToEnd.Tests;

/// <summary>Every limit of the engine can be set from the command line, and a bad value is one sentence.</summary>
public sealed class BrokerLimitsTests
{
    [Fact]
    public void Each_limit_of_the_engine_is_an_option() =>
        Assert.Equal(typeof(MqttOptions).GetProperties().Count(static p => p.Name != nameof(MqttOptions.DataDirectory)), new BrokerLimits().Options.Select(o => o.Name).Distinct().Count());

    [Theory]
    [InlineData("--max-qos", "3", "MaxQoS is 0 to 2.")]
    [InlineData("--max-keep-alive", "70000", "MaxKeepAlive is")]
    [InlineData("--close-timeout", "1e300", "is not a number of seconds")]
    [InlineData("--proxy-from", "10.0.0.0/99", "is not a network")]
    public async Task A_value_outside_its_range_stops_the_start(string option, string value, string says)
    {
        var run = await Tool.RunAsync(Installation.Executable, ["broker", "--anonymous", "--mqtt", "127.0.0.1:0", option, value]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(says, run.Error, StringComparison.Ordinal);
    }
}
