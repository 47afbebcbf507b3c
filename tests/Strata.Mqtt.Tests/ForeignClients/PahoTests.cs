using System.Diagnostics;

namespace Strata.Mqtt.Tests.ForeignClients;

/// <summary>Eclipse Paho's C client, by its tools.</summary>
public sealed class PahoTests
{
    [Theory]
    [InlineData("31", 1)]
    [InlineData("311", 1)]
    [InlineData("311", 2)]
    [InlineData("5", 1)]
    [InlineData("5", 2)]
    [Spec("MQTT-7.0.0-2", Version = "3.1.1")]
    public async Task What_paho_publishes_paho_receives(string version, int qos)
    {
        var (publish, subscribe) = (ForeignTool.Require("paho_c_pub"), ForeignTool.Require("paho_c_sub"));
        await using var server = await TestServer.StartAsync();
        var subscribed = new TaskCompletionSource();
        server.Host.Subscribe = (_, _) =>
        {
            subscribed.TrySetResult();
            return true;
        };
        string[] common = ["-h", "127.0.0.1", "-p", $"{server.Port}", "-V", version, "-q", $"{qos}"];
        using var receiving = ForeignTool.Start(ForeignTool.Require("stdbuf"), ["-oL", subscribe, .. common, "-i", "sub", "-t", "rooms/+"]);
        try
        {
            await Deadline.For(subscribed.Task, "paho_c_sub subscribes");
            // Retained: the host was asked, but the subscription may not stand yet.
            var (code, output) = await ForeignTool.RunAsync(publish, [.. common, "-i", "pub", "-t", "rooms/1", "-r", "-m", "warm"]);
            Assert.True(code == 0, output);
            Assert.Equal("warm", await PrintedAsync(receiving));
            var seen = await server.Host.NextPublish();
            Assert.Equal(("rooms/1", qos), (seen.Topic, seen.QoS));
        }
        finally
        {
            receiving.Kill();
        }
    }

    /// <summary>The payload of the next message that it prints, a line each behind a tab; what it says of itself has none.</summary>
    private static async Task<string?> PrintedAsync(Process paho)
    {
        while (await Deadline.For(paho.StandardOutput.ReadLineAsync(), "paho_c_sub prints a message") is { } line)
        {
            if (line.Split('\t') is [_, var payload])
                return payload;
        }

        return null;
    }
}
