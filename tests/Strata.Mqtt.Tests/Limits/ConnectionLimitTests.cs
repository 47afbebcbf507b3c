using Strata.Mqtt.Limits;

namespace Strata.Mqtt.Tests.Limits;

public sealed class ConnectionLimitTests
{
    [Fact]
    public async Task Of_those_who_knock_at_once_as_many_are_let_in_as_may_be()
    {
        const int most = 7, knocking = 60;
        await using var server = await TestServer.StartAsync();
        server.Broker.Limit("tests", new NamespaceLimits(0, 0, Connections: most));
        var together = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var asked = 0;
        server.Host.Connect = async (_, _) =>
        {
            if (Interlocked.Increment(ref asked) == knocking)
                together.SetResult();
            await together.Task; // Nobody is let in before all have been found good.
            return ConnectDecision.Accept("tests");
        };
        var answers = await Deadline.For(Task.WhenAll(Enumerable.Range(0, knocking).Select(i => KnockAsync(server, $"c{i}"))), "all are answered");
        Assert.Equal(most, answers.Count(static a => a.Code == 0));
        Assert.Equal(knocking - most, answers.Count(static a => a.Code == (byte)MqttReasonCode.QuotaExceeded));
        Assert.Equal(most, server.Broker.TrafficOf("tests").Connected);
        foreach (var (client, _) in answers)
            client.Dispose();
    }

    [Fact]
    public async Task Who_takes_its_own_connection_over_needs_no_further_place_and_one_that_leaves_makes_room()
    {
        await using var server = await TestServer.StartAsync();
        server.Broker.Limit("tests", new NamespaceLimits(0, 0, Connections: 1));
        using var first = await server.ConnectAsync("a");
        var (refused, code) = await KnockAsync(server, "b");
        refused.Dispose();
        Assert.Equal((byte)MqttReasonCode.QuotaExceeded, code);
        using var again = await server.ConnectAsync("a");
        await first.AssertDisconnectedAsync(MqttReasonCode.SessionTakenOver);
        await server.Host.NextGone();
        again.Dispose();
        await server.Host.NextGone();
        await Deadline.For(FreeAsync(server), "its place is free");
        using var other = await server.ConnectAsync("b");
    }

    private static async Task FreeAsync(TestServer server)
    {
        while (server.Broker.TrafficOf("tests").Connected > 0)
            await Task.Yield();
    }

    private static async Task<(RawClient Client, byte Code)> KnockAsync(TestServer server, string id)
    {
        var client = await server.OpenAsync();
        await client.SendAsync(new ConnectBuilder { ClientId = id, Version = 5 }.Build());
        return (client, (await client.ReadAsync(2)).Body[1]);
    }
}
