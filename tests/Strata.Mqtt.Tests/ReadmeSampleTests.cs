using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Strata.Mqtt.Tests;

/// <summary>The README's sample is the sample that is built, and it serves.</summary>
public sealed class ReadmeSampleTests
{
    private static string Root([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../.."));

    [Fact]
    public void The_README_shows_the_sample_in_15_lines()
    {
        var readme = File.ReadAllText(Path.Combine(Root(), "src/Mqtt/Strata.Mqtt/README.md"));
        var sample = File.ReadAllText(Path.Combine(Root(), "samples/mqtt-embed/Program.cs"));
        Assert.Contains($"```csharp\n{sample}```", readme, StringComparison.Ordinal);
        Assert.InRange(sample.Split('\n').Count(line => line.Trim().Length > 1), 1, 15);
    }

    [Fact]
    public async Task The_sample_serves_whom_its_host_admits()
    {
        using var sample = Process.Start(new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Strata.Samples.MqttEmbed"), ["--port", "0"]) { RedirectStandardOutput = true })!;
        try
        {
            var port = await Deadline.For(PortAsync(sample.StandardOutput), "the sample serves");
            using var publisher = await ConnectAsync(port, "publisher", "me");
            using var subscriber = await ConnectAsync(port, "subscriber", "me");
            await subscriber.SubscribeAsync("rooms/+");
            await publisher.SendAsync(Packets.Publish("rooms/1", "warm", 1));
            Assert.Equal(("rooms/1", "warm"), (await subscriber.ReadAsync(3)).AsPublish(5) is var got ? (got.Topic, got.Payload) : default);
            using var stranger = await RawClient.OpenAsync(port);
            await stranger.SendAsync(new ConnectBuilder { ClientId = "stranger", UserName = "you" }.Build());
            Assert.Equal((byte)MqttReasonCode.NotAuthorized, (await stranger.ReadAsync(2)).Body[1]);
        }
        finally
        {
            sample.Kill();
        }
    }

    private static async Task<RawClient> ConnectAsync(int port, string clientId, string user)
    {
        var client = await RawClient.OpenAsync(port);
        await client.SendAsync(new ConnectBuilder { ClientId = clientId, UserName = user }.Build());
        Assert.Equal(0, (await client.ReadAsync(2)).Body[1]);
        return client;
    }

    private static async Task<int> PortAsync(StreamReader output)
    {
        while (await output.ReadLineAsync() is { } line)
        {
            if (line.Split("Now listening on: ") is [_, var address])
                return new Uri(address).Port;
        }

        throw new InvalidOperationException("The sample ended before it served.");
    }
}
