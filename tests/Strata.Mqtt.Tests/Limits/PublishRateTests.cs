using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;
using Strata.Mqtt.Limits;

namespace Strata.Mqtt.Tests.Limits;

public sealed class PublishRateTests
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(250);

    private readonly FakeTimeProvider time = new();
    private readonly ConcurrentQueue<TimeSpan> seenAt = new();

    [Fact]
    public void A_bucket_gives_a_second_at_once_and_then_waits_for_what_was_taken()
    {
        const long Now = 100 * TimeSpan.TicksPerSecond;
        var bucket = new RateBucket();
        Assert.Equal(10, bucket.Left(10, Now));
        Assert.True(bucket.Take(10, 10, Now) <= 0);
        Assert.Equal(1, bucket.Left(10, Now));
        Assert.Equal(TimeSpan.TicksPerSecond / 2, bucket.Take(5, 10, Now));
        Assert.True(bucket.Take(0, 10, Now + (TimeSpan.TicksPerSecond / 2)) <= 0);
        Assert.Equal(10, bucket.Left(10, Now + (100 * TimeSpan.TicksPerSecond)));
        Assert.Equal(long.MaxValue, bucket.Left(0, Now));
    }

    [Fact]
    public async Task A_client_over_its_rate_is_read_as_fast_as_the_rate_allows_and_stays_while_little_is_unread()
    {
        await using var server = await StartAsync(static o => o.MaxPublishRatePerClient = 1);
        using var client = await server.ConnectAsync();
        await client.SendAsync([.. Enumerable.Range(0, 40).Select(static i => Packets.Publish("a", $"{i}", qos: 0)), Packets.PingReq]);
        await AdvanceUntilSeen(40);
        AssertNoneBefore(static i => i - 1);
        var pinged = client.ReadAsync(13);
        await AdvanceUntil(pinged);
        await pinged;
    }

    [Fact]
    public async Task Bytes_have_a_rate_too_and_a_packet_larger_than_it_is_paid_for_afterwards()
    {
        await using var server = await StartAsync(static o => o.MaxPublishBytesPerClient = 1000);
        using var client = await server.ConnectAsync();
        await client.SendAsync([.. Enumerable.Range(0, 4).Select(static _ => Packets.Publish("a", new string('x', 5000), qos: 0))]);
        await AdvanceUntilSeen(4);
        AssertNoneBefore(static i => (5 * i) - 1);
    }

    [Fact]
    public async Task A_namespace_has_a_rate_for_all_its_clients_and_another_is_left_alone()
    {
        await using var server = await StartAsync(static o => o.MaxPublishRatePerNamespace = 10);
        server.Host.Connect = static (request, _) => new(ConnectDecision.Accept(request.ClientId[..1]));
        using var first = await server.ConnectAsync("n1");
        using var second = await server.ConnectAsync("n2");
        using var other = await server.ConnectAsync("o1");
        var flood = Enumerable.Range(0, 20).Select(static i => Packets.Publish("a", $"{i}", qos: 0)).ToArray();
        await first.SendAsync(flood);
        await second.SendAsync(flood);
        await other.SendAsync(Packets.Publish("quiet", "1", 1));
        await other.ReadAsync(4);
        await AdvanceUntilSeen(40);
        AssertNoneBefore(static i => (i - 31) / 10.0); // Each of the two may take what is left at the same time, once or twice.
        await first.PingAsync();
    }

    [Theory]
    [InlineData(5)]
    [InlineData(4)]
    public async Task A_client_that_goes_on_flooding_is_disconnected_after_the_grace(byte version)
    {
        await using var server = await StartAsync(static o => o.MaxPublishRatePerClient = 5);
        using var client = await server.ConnectAsync("c", version);
        using var give = new CancellationTokenSource();
        var packets = Enumerable.Repeat(Packets.Publish("a", new string('x', 100), qos: 0, version: version), 1000).ToArray();
        var flood = Task.Run(
            async () =>
            {
                try
                {
                    while (!give.IsCancellationRequested)
                        await client.SendAsync(packets);
                }
                catch (IOException)
                {
                }
            },
            TestContext.Current.CancellationToken);
        var gone = server.Host.NextGone();
        var before = time.GetUtcNow();
        while (!gone.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(gone, Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System));
        }

        await give.CancelAsync();
        Assert.Equal(DisconnectCause.ByServer, (await gone).Cause);
        Assert.True(time.GetUtcNow() - before >= TimeSpan.FromSeconds(30));
        if (version == 5)
            await client.AssertDisconnectedAsync(MqttReasonCode.MessageRateTooHigh);
        else
            await client.AssertClosedAsync();
        await Deadline.For(flood, "the flood ends");
    }

    [Fact]
    public async Task A_client_that_is_not_read_can_be_closed_and_a_limit_taken_off_lets_it_go_on()
    {
        await using var server = await StartAsync(static o => o.MaxPublishRatePerClient = 1);
        using var client = await server.ConnectAsync();
        var flood = Enumerable.Repeat(Packets.Publish("a", "x", qos: 0), 2000).ToArray();
        await client.SendAsync(flood);
        using var next = await server.ConnectAsync();
        await client.AssertDisconnectedAsync(MqttReasonCode.SessionTakenOver);
        Assert.Equal(DisconnectCause.TakenOver, (await server.Host.NextGone()).Cause);

        await next.SendAsync([.. flood, Packets.PingReq]);
        server.Broker.Change(static o => o.MaxPublishRatePerClient = 0);
        var before = time.GetUtcNow();
        var pinged = next.ReadAsync(13);
        await AdvanceUntil(pinged);
        Assert.InRange((time.GetUtcNow() - before).TotalSeconds, 0, 1000); // At the rate it would be 2,000.
    }

    [Fact]
    public async Task While_a_client_is_not_read_its_silence_is_not_held_against_it_and_afterwards_it_is()
    {
        await using var server = await StartAsync(static o => o.MaxPublishBytesPerClient = 1000);
        using var client = await server.ConnectAsync("c", 5, static c => c.KeepAlive = 2);
        await client.SendAsync(Packets.Publish("a", new string('x', 20_000), qos: 0), Packets.PingReq);
        await AdvanceUntilSeen(1);
        var before = time.GetUtcNow();
        var pinged = client.ReadAsync(13);
        await AdvanceUntil(pinged);
        await pinged;
        Assert.True(time.GetUtcNow() - before > TimeSpan.FromSeconds(10));
        var gone = server.Host.NextGone();
        await AdvanceUntil(gone);
        Assert.Equal(DisconnectCause.KeepAliveTimeout, (await gone).Cause);
    }

    [Fact]
    public async Task What_a_peer_that_is_gone_has_left_is_taken_for_the_grace_and_no_longer()
    {
        await using var server = await StartAsync(static o => o.MaxPublishRatePerClient = 1);
        var client = await server.ConnectAsync();
        await client.SendAsync([.. Enumerable.Repeat(Packets.Publish("a", "x", qos: 0), 1000)]);
        client.Dispose();
        var before = time.GetUtcNow();
        var gone = server.Host.NextGone();
        await AdvanceUntil(gone);
        await gone;
        Assert.InRange((time.GetUtcNow() - before).TotalSeconds, 0, 500); // At the rate it would be 1,000.
    }

    private async Task<TestServer> StartAsync(Action<MqttOptions> configure)
    {
        var server = await TestServer.StartAsync(configure, time);
        var began = time.GetUtcNow();
        server.Host.Verdict = (_, publish) =>
        {
            if (publish.Topic == "a")
                seenAt.Enqueue(time.GetUtcNow() - began);
            return PublishVerdict.Route;
        };
        return server;
    }

    private async Task AdvanceUntilSeen(int count)
    {
        var all = new TaskCompletionSource();
        while (seenAt.Count < count)
            await AdvanceOnce(all.Task);
    }

    private async Task AdvanceUntil(Task done)
    {
        while (!done.IsCompleted)
            await AdvanceOnce(done);
    }

    private async Task AdvanceOnce(Task done)
    {
        time.Advance(Step);
        await Task.WhenAny(done, Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System));
    }

    /// <param name="seconds">From the start, for the publish with this index.</param>
    private void AssertNoneBefore(Func<int, double> seconds) =>
        Assert.All(seenAt, (at, i) => Assert.True(at.TotalSeconds >= seconds(i) - 0.001, $"Publish {i} was read after {at}."));
}
