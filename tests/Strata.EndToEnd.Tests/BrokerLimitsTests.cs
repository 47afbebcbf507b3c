using Strata.Cli.Commands;
using Strata.Mqtt;
using Strata.Mqtt.Broker;

namespace Strata.EndToEnd.Tests;

/// <summary>Every limit of the engine can be set from the command line, and a bad value is one sentence.</summary>
public sealed class BrokerLimitsTests
{
    [Fact]
    public void Each_limit_of_the_engine_is_an_option() =>
        Assert.Equal(typeof(MqttOptions).GetProperties().Count(static p => p.Name != nameof(MqttOptions.DataDirectory)), new BrokerLimits().Options.Select(o => o.Name).Distinct().Count());

    [Fact]
    public void Each_of_them_may_stand_in_a_file_and_sets_that_limit_only()
    {
        foreach (var limit in new BrokerLimits().InFile)
        {
            var (text, options) = (Example(limit), new MqttOptions());
            limit.Set(options, text);
            var changed = typeof(MqttOptions).GetProperties().Where(p => !Equals(p.GetValue(options), p.GetValue(new MqttOptions()))).Select(static p => p.Name).ToList();
            Assert.True(changed.Count == 1, $"{limit.Name} = {text} changes {string.Join(", ", changed)}.");
            var copy = new MqttOptions();
            limit.Copy(options, copy);
            Assert.Equal(typeof(MqttOptions).GetProperty(changed[0])!.GetValue(options), typeof(MqttOptions).GetProperty(changed[0])!.GetValue(copy));
            if (limit.Values != "a text")
                Assert.Throws<FormatException>(() => limit.Set(options, "nothing"));
        }

        static string Example(EngineLimit limit) => limit.Values switch
        {
            "true or false" => limit.Name == "skip-damaged" ? "true" : "false",
            "DropOldest or DropNewest" => "DropNewest",
            "a number of seconds" => "7.5",
            _ => "1000003",
        };
    }

    [Theory]
    [InlineData("--max-qos", "3", "MaxQoS is 0 to 2.")]
    [InlineData("--max-keep-alive", "70000", "MaxKeepAlive is")]
    [InlineData("--close-timeout", "1e300", "is not a number of seconds")]
    [InlineData("--limits", "/nowhere/limits.txt", "--limits: /nowhere/limits.txt: ")]
    [InlineData("--proxy-from", "10.0.0.0/99", "is not a network")]
    public async Task A_value_outside_its_range_stops_the_start(string option, string value, string says)
    {
        var run = await Tool.RunAsync(Installation.Executable, ["broker", "--anonymous", "--mqtt", "127.0.0.1:0", option, value]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(says, run.Error, StringComparison.Ordinal);
    }
}
