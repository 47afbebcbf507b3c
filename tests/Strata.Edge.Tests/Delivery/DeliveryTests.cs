using System.Text.Json;
using Strata.Edge.Buffering;
using Strata.Edge.Sources;
using Strata.Forwarding;

namespace Strata.Edge.Tests.Delivery;

public sealed class DeliveryTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Everything_reaches_the_gateway_once_in_order_and_the_books_balance()
    {
        await using var gateway = new FakeGateway();
        await using var agent = new RunningAgent(RunningAgent.Room(folder.Path, gateway.Address));
        await agent.EndAsync();
        var batches = gateway.Telemetry;
        Assert.Equal(Enumerable.Range(1, batches.Count).Select(n => (long)n), batches.Select(b => b.Number));
        var books = RunningAgent.ReadBooks(agent.Folder);
        Assert.Equal((8143 * 6, 0, 0, 0), (books.In, books.Waiting, books.Lost, books.Unexplained));
        Assert.Equal(books.Out, batches.Sum(b => Readings(b.Payload)));
        Assert.Equal(books.Suppressed, batches.Sum(b => Suppressed(b)) + UntoldSuppressed(batches, books));
        Assert.StartsWith($"ready device=room-101 to={gateway.Address} stream=", agent.Ready);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(agent.Folder, "status.json")));
    }

    [Fact]
    public async Task Changes_of_an_immediate_metric_travel_apart_and_marked_and_its_heartbeats_do_not()
    {
        await using var gateway = new FakeGateway();
        await using var agent = new RunningAgent(RunningAgent.Room(folder.Path, gateway.Address));
        await agent.EndAsync();
        var urgent = gateway.Telemetry.Where(b => b.Properties.ContainsKey("strata-immediate")).ToList();
        Assert.All(urgent, b => Assert.Matches("""^\{"ts":\d+,"values":\{"occupancy":[01]\}\}$""", b.Payload));
        var rows = (await File.ReadAllLinesAsync(Samples.Occupancy, TestContext.Current.CancellationToken)).Skip(1).Select(l => l.Split(',')[^1]).ToList();
        Assert.Equal(1 + rows.Zip(rows.Skip(1)).Count(p => p.First != p.Second), urgent.Count);
    }

    [Fact]
    public async Task The_last_health_message_has_the_figures_of_the_status_file()
    {
        await using var gateway = new FakeGateway();
        await using var agent = new RunningAgent(RunningAgent.Room(folder.Path, gateway.Address));
        await agent.EndAsync();
        using var health = JsonDocument.Parse(gateway.Health[^1].Payload);
        var books = RunningAgent.ReadBooks(agent.Folder);
        Assert.Equal("devices/room-101/health", gateway.Health[^1].Topic);
        Assert.All(health.RootElement.EnumerateObject(), member => Assert.Equal(JsonValueKind.Number, member.Value.ValueKind));
        Assert.Equal(
            (books.In, books.Suppressed, books.Out, books.Waiting, books.Lost),
            (Figure(health, "readingsIn"), Figure(health, "suppressed"), Figure(health, "readingsOut"), Figure(health, "waiting"), Figure(health, "lost")));
    }

    [Theory]
    [InlineData(Answer.Break)]
    [InlineData(Answer.Overloaded)]
    public async Task A_connection_that_breaks_again_and_again_loses_and_doubles_nothing(object trouble)
    {
        var count = 0;
        await using var gateway = new FakeGateway { Decide = _ => Interlocked.Increment(ref count) % 700 == 0 ? (Answer)trouble : Answer.Acknowledge };
        await using var agent = new RunningAgent(RunningAgent.Room(folder.Path, gateway.Address));
        await agent.EndAsync();
        Assert.InRange(gateway.Connections, 3, 100);
        AssertWhole(gateway, RunningAgent.ReadBooks(agent.Folder));
    }

    [Fact]
    public async Task A_batch_refused_for_good_is_lost_said_and_not_sent_again()
    {
        await using var gateway = new FakeGateway { Decide = b => b.Number is 5 or 6 or 500 ? Answer.RefuseForGood : Answer.Acknowledge };
        await using var agent = new RunningAgent(RunningAgent.Room(folder.Path, gateway.Address));
        await agent.EndAsync();
        var refused = gateway.Telemetry.Where(b => b.Number is 5 or 6 or 500).Sum(b => Readings(b.Payload));
        var books = RunningAgent.ReadBooks(agent.Folder);
        Assert.Equal((refused, refused, 0L), (books.Lost, books.Rejected, books.Unexplained));
        Assert.Equal(1, gateway.Connections);
        Assert.Contains(agent.Log.Lines, l => l.StartsWith("Batch 500 ", StringComparison.Ordinal) && l.Contains("byte 7: no", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Never_more_are_under_way_than_the_gateway_takes()
    {
        await using var gateway = new FakeGateway { ReceiveMaximum = 5, Decide = _ => Answer.Hold };
        await using var agent = new RunningAgent(RunningAgent.Room(folder.Path, gateway.Address));
        await gateway.UntilAsync(() => gateway.Held == 4 && gateway.Health.Count >= 3, "four batches held while health is still heard");
        Assert.Equal(4, gateway.Telemetry.Count);
        gateway.AcknowledgeHeld();
        await gateway.UntilAsync(() => gateway.Held == 4 && gateway.Telemetry.Count == 8, "the next four");
        gateway.Decide = _ => Answer.Acknowledge;
        gateway.AcknowledgeHeld();
        await agent.EndAsync();
        AssertWhole(gateway, RunningAgent.ReadBooks(agent.Folder));
    }

    [Fact]
    public async Task A_dead_gateway_is_left_for_the_next_of_the_list_and_returned_to()
    {
        await using var first = new FakeGateway();
        await using var second = new FakeGateway();
        first.Close();
        var options = RunningAgent.Room(folder.Path, first.Address, second.Address);
        options = options with
        {
            Source = (ReplayOptions)options.Source with { ExitAtEnd = false }, Delivery = options.Delivery with { ReturnAfter = TimeSpan.FromSeconds(1) },
        };
        await using var agent = new RunningAgent(options);
        await second.UntilAsync(() => second.Telemetry.Count > 100, "batches at the second gateway");
        first.Open();
        await first.UntilAsync(() => first.Health.Count > 0, "the agent back at the first gateway");
        await second.UntilAsync(() => second.Connected == 0, "good-bye to the second");
        await agent.StopAsync();
        var books = RunningAgent.ReadBooks(agent.Folder);
        Assert.Equal((0, 0), (books.Waiting, books.Unexplained));
        Assert.Empty(first.Stored.Keys.Intersect(second.Stored.Keys));
        Assert.Equal(books.Out, first.Telemetry.Concat(second.Telemetry).DistinctBy(b => b.Number).Sum(b => Readings(b.Payload)));
    }

    [Fact]
    public async Task A_device_that_is_not_let_in_gets_in_with_its_new_secret()
    {
        await using var gateway = new FakeGateway { Welcome = secret => secret == "renewed" ? (byte)0 : (byte)0x86 };
        await using var agent = new RunningAgent(RunningAgent.Room(folder.Path, gateway.Address));
        await gateway.UntilAsync(() => gateway.Connections >= 3, "three tries");
        Assert.Empty(gateway.Telemetry);
        folder.File("device.secret", "renewed\n");
        await agent.EndAsync();
        AssertWhole(gateway, RunningAgent.ReadBooks(agent.Folder));
        Assert.Single(agent.Log.Lines, l => l.Contains("BadUserNameOrPassword", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_full_buffer_makes_a_replay_wait_and_loses_nothing()
    {
        await using var gateway = new FakeGateway();
        gateway.Close();
        await using var agent = new RunningAgent(RunningAgent.Room(folder.Path, gateway.Address) with { Buffer = new BufferOptions { MaxBytes = 128 << 10 } });
        await agent.Log.UntilAsync("The source waits: the buffer is full.");
        gateway.Open();
        await agent.EndAsync();
        AssertWhole(gateway, RunningAgent.ReadBooks(agent.Folder));
    }

    [Fact]
    public async Task A_full_buffer_that_drops_the_oldest_counts_them_as_lost_exactly()
    {
        await using var gateway = new FakeGateway();
        gateway.Close();
        var options = RunningAgent.Room(folder.Path, gateway.Address) with { Buffer = new BufferOptions { MaxBytes = 128 << 10, WhenFull = WhenFull.DropOldest } };
        await using var agent = new RunningAgent(options);
        await agent.Log.UntilAsync("The source has ended. The agent ends when everything is acknowledged.");
        gateway.Open();
        await agent.EndAsync();
        var books = RunningAgent.ReadBooks(agent.Folder);
        Assert.Equal((8143 * 6, 0, 0), (books.In, books.Waiting, books.Unexplained));
        Assert.Equal(books.Out, gateway.Stored.Values.Sum(Readings));
        Assert.True(books.Lost > 1000, $"{books.Lost} readings are lost.");
        Assert.Equal(64, gateway.Stored.Keys.TakeWhile((number, i) => number == i + 1).Count());
    }

    [Fact]
    public async Task A_stop_without_a_gateway_is_quick_and_keeps_everything_for_the_next_start()
    {
        await using var gateway = new FakeGateway();
        gateway.Close();
        var options = RunningAgent.Room(folder.Path, gateway.Address);
        await using (var agent = new RunningAgent(options))
        {
            await agent.Log.UntilAsync("The source has ended. The agent ends when everything is acknowledged.");
            var started = TimeProvider.System.GetTimestamp();
            await agent.StopAsync();
            Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(5), "The stop took over 5 s.");
            var books = RunningAgent.ReadBooks(agent.Folder);
            Assert.Equal((8143 * 6, 0, 0), (books.In, books.Out, books.Unexplained));
        }
        gateway.Open();
        await using var again = new RunningAgent(options);
        await again.EndAsync();
        AssertWhole(gateway, RunningAgent.ReadBooks(again.Folder));
    }

    [Fact]
    public async Task A_stop_gives_the_gateway_what_is_in_the_buffer()
    {
        await using var gateway = new FakeGateway { Decide = _ => Answer.Hold };
        var options = RunningAgent.Room(folder.Path, gateway.Address);
        await using var agent = new RunningAgent(options);
        await gateway.UntilAsync(() => gateway.Held == 64, "a window under way");
        var stopping = agent.StopAsync();
        gateway.Decide = _ => Answer.Acknowledge;
        gateway.AcknowledgeHeld();
        await stopping;
        var books = RunningAgent.ReadBooks(agent.Folder);
        Assert.Equal((0, 0), (books.Waiting, books.Unexplained));
        Assert.Equal(books.Out, gateway.Stored.Values.Sum(Readings));
    }

    [Fact]
    public async Task Two_agents_do_not_share_a_folder()
    {
        await using var gateway = new FakeGateway { Decide = _ => Answer.Hold };
        var options = RunningAgent.Room(folder.Path, gateway.Address);
        await using var agent = new RunningAgent(options);
        await gateway.UntilAsync(() => gateway.Held > 0, "the first agent");
        await using var second = new RunningAgent(options);
        await Assert.ThrowsAsync<EdgeConfigurationException>(() => second.Task);
        gateway.Decide = _ => Answer.Acknowledge;
        gateway.AcknowledgeHeld();
    }

    internal static long Readings(string payload)
    {
        using var document = JsonDocument.Parse(payload);
        return document.RootElement.GetProperty("values").EnumerateObject().Count();
    }

    /// <summary>Numbers without a hole, and as many readings as the books say.</summary>
    internal static void AssertWhole(FakeGateway gateway, Books books)
    {
        var stored = gateway.Stored;
        Assert.Equal(Enumerable.Range(1, stored.Count).Select(n => (long)n), stored.Keys);
        Assert.Equal((8143 * 6, 0, 0, 0), (books.In, books.Waiting, books.Lost, books.Unexplained));
        Assert.Equal(books.Out, stored.Values.Sum(Readings));
    }

    private static long Figure(JsonDocument health, string name) => health.RootElement.GetProperty(name).GetInt64();

    private static long Suppressed(Received batch) => batch.Properties.TryGetValue("strata-suppressed", out var text) ? long.Parse(text, null) : 0;

    /// <summary>What was suppressed after the last batch is told by the health messages only.</summary>
    private static long UntoldSuppressed(IReadOnlyList<Received> batches, Books books) => books.In - books.Out - batches.Sum(Suppressed);
}
