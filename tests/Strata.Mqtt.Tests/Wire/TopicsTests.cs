using System.Text;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Tests.Wire;

public sealed class TopicsTests
{
    [Theory]
    [InlineData("#", true)]
    [InlineData("a/#", true)]
    [InlineData("a#", false)]
    [InlineData("a/#/b", false)]
    [InlineData("##", false)]
    [InlineData("", false)]
    [Spec("MQTT-4.7.1-1")]
    public void The_multi_level_wildcard_stands_alone_in_the_last_level(string filter, bool valid) =>
        Assert.Equal(valid, Topics.IsValidFilter(Encoding.UTF8.GetBytes(filter)));

    [Theory]
    [InlineData("+", true)]
    [InlineData("+/+", true)]
    [InlineData("a/+/b", true)]
    [InlineData("/+", true)]
    [InlineData("a+", false)]
    [InlineData("+a/b", false)]
    [InlineData("++", false)]
    [Spec("MQTT-4.7.1-2")]
    public void The_single_level_wildcard_stands_alone_in_its_level(string filter, bool valid) =>
        Assert.Equal(valid, Topics.IsValidFilter(Encoding.UTF8.GetBytes(filter)));
}
