using Strata.Mqtt.Inspection;

namespace Strata.Mqtt.Tests.Inspection;

/// <summary>The packets of one client as they come and go.</summary>
public sealed class PacketTraceTests
{
    [Fact]
    public async Task Each_packet_has_a_line_and_no_payload_is_shown_unless_asked()
    {
        await using var server = await TestServer.StartAsync();
        using var bare = Begin(server, "c", payloads: 0);
        using var full = Begin(server, "c", payloads: 3);
        using var client = await server.ConnectAsync("c");
        using var other = await server.ConnectAsync("other");
        await client.SubscribeAsync("a/+");
        await other.SendAsync(Packets.Publish("a/b", "hello", 7));
        await other.ReadAsync(4);
        var (_, id, _, _) = await client.ReadPublishAsync();
        await client.SendAsync(Packets.PubAck(id), Packets.Publish("$SYS/x", "no", 9));
        await client.ReadAsync(4);
        await client.SendAsync(Packets.Disconnect);
        await client.AssertClosedAsync();
        string[] expected =
        [
            "in CONNECT ", "out CONNACK Success", "in SUBSCRIBE 1 a/+", "out SUBACK 1 GrantedQoS1", "out PUBLISH 1 a/b", "in PUBACK 1", "in PUBLISH 9 $SYS/x", "out PUBACK 9 NotAuthorized", "in DISCONNECT ",
        ];
        Assert.Equal(expected.Select(static e => e.TrimEnd()), (await Take(bare, expected.Length, static l => Assert.Null(l.Payload))).Select(Text));
        var lines = await Take(full, expected.Length, static _ => { });
        Assert.Equal(("hel", 5), (lines[4].Payload, lines[4].PayloadBytes));
    }

    [Fact]
    public async Task A_reader_that_is_slow_loses_lines_with_a_count_and_the_client_goes_on()
    {
        await using var server = await TestServer.StartAsync();
        using var trace = Begin(server, "c", payloads: 0);
        using var client = await server.ConnectAsync("c");
        const int Pings = 3000;
        await client.SendAsync([.. Enumerable.Repeat(Packets.PingReq, Pings)]);
        for (var i = 0; i < Pings; i++)
            await client.ReadAsync(13);
        var seen = await Take(trace, PacketTrace.MaxLines, static l => Assert.Equal(0, l.LostBefore));
        await client.PingAsync();
        var next = (await Take(trace, 1, static _ => { }))[0];
        Assert.Equal(2 + (2 * Pings), seen.Count + next.LostBefore);
    }

    [Fact]
    public async Task No_more_traces_run_than_may_and_one_that_ended_makes_room()
    {
        await using var server = await TestServer.StartAsync(static o => o.MaxTraces = 1);
        using (Begin(server, "c", 0))
            Assert.Null(server.Broker.Inspection.Trace("c", null, 0, TimeSpan.FromHours(1)));
        using var again = Begin(server, "c", 0);
    }

    [Fact]
    public async Task A_trace_ends_with_its_time()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        await using var server = await TestServer.StartAsync(static o => (o.MaxTraceTime, o.MaxTraces) = (TimeSpan.FromMinutes(1), 1), time);
        using var trace = Begin(server, "c", 0);
        time.Advance(TimeSpan.FromMinutes(2));
        Assert.False(await Deadline.For(trace.ReadAsync(TestContext.Current.CancellationToken).GetAsyncEnumerator().MoveNextAsync().AsTask(), "the trace ends"));
        using var room = server.Broker.Inspection.Trace("c", null, 0, TimeSpan.FromHours(1));
        Assert.NotNull(room);
    }

    private static ClientTrace Begin(TestServer server, string clientId, int payloads) => server.Broker.Inspection.Trace(clientId, null, payloads, TimeSpan.FromHours(1))!;

    private static async Task<List<TraceLine>> Take(ClientTrace from, int count, Action<TraceLine> check)
    {
        var lines = new List<TraceLine>();
        await using var trace = from.ReadAsync(TestContext.Current.CancellationToken).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        while (lines.Count < count)
        {
            Assert.True(await Deadline.For(trace.MoveNextAsync().AsTask(), $"line {lines.Count} of the trace"));
            lines.Add(trace.Current);
            check(trace.Current);
        }

        return lines;
    }

    private static string Text(TraceLine line) =>
        string.Join(' ', new[] { line.Direction, line.Type, line.PacketId?.ToString(System.Globalization.CultureInfo.InvariantCulture), line.Topic, line.Reason }.OfType<string>());
}
