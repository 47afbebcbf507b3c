using System.Text;

namespace Strata.Mqtt.Tests.ForeignClients;

public sealed class MosquittoTests
{
    [Theory]
    [InlineData("311", 0)]
    [InlineData("311", 1)]
    [InlineData("311", 2)]
    [InlineData("5", 0)]
    [InlineData("5", 1)]
    [InlineData("5", 2)]
    public async Task What_mosquitto_pub_sends_mosquitto_sub_receives(string version, int qos)
    {
        var publish = ForeignTool.Require("mosquitto_pub");
        var subscribe = ForeignTool.Require("mosquitto_sub");
        await using var server = await TestServer.StartAsync();
        server.Host.Connect = static (request, _) => new(
            request.UserName == "u" && Encoding.UTF8.GetString(request.Password.Span) == "p"
                ? ConnectDecision.Accept("tests") : ConnectDecision.Refuse(MqttReasonCode.BadUserNameOrPassword));
        var subscribed = new TaskCompletionSource();
        server.Host.Subscribe = (_, _) =>
        {
            subscribed.TrySetResult();
            return true;
        };
        string[] common = ["-h", "127.0.0.1", "-p", $"{server.Port}", "-V", version, "-u", "u", "-P", "p", "-q", $"{qos}"];
        var receiving = ForeignTool.RunAsync(subscribe, [.. common, "-t", "devices/+/telemetry", "-C", "3", "-W", "15"]);
        await Deadline.For(subscribed.Task, "mosquitto_sub subscribes");
        for (var i = 0; i < 3; i++)
        {
            // Retained: the host was asked, but the subscription may not stand yet.
            var (code, output) = await ForeignTool.RunAsync(publish, [.. common, "-r", "-t", $"devices/d{i}/telemetry", "-m", $"{{\"n\":{i}}}"]);
            Assert.True(code == 0, output);
        }

        Assert.Equal("{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n", (await receiving).Output);
    }

    [Fact]
    public async Task A_wrong_password_is_said()
    {
        var publish = ForeignTool.Require("mosquitto_pub");
        await using var server = await TestServer.StartAsync();
        server.Host.Connect = static (_, _) => new(ConnectDecision.Refuse(MqttReasonCode.BadUserNameOrPassword));
        var (code, output) = await ForeignTool.RunAsync(publish, "-h", "127.0.0.1", "-p", $"{server.Port}", "-V", "5", "-u", "x", "-P", "y", "-t", "a", "-m", "b");
        Assert.NotEqual(0, code);
        Assert.Contains("Bad User Name or Password", output, StringComparison.OrdinalIgnoreCase);
    }
}
