using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Strata.Fog.Configuration;
using Strata.Fog.Link;
using Strata.Fog.Uplink;
using Strata.Forwarding;

namespace Strata.Fog.Tests;

/// <summary>From a device's reading to the parent's store, whatever happens on the way.</summary>
public sealed class UplinkTests
{
    private const long T0 = 1_767_225_600_000; // 2026-01-01

    [Fact]
    public async Task A_raw_reading_goes_up_with_its_time_and_value_after_its_acknowledgement()
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration());
        await using var fog = new FogFixture();
        await fog.StartAsync(parent.Address);
        await fog.ConfiguredAsync();
        await fog.AcceptedAsync("t-1", T0, "temperature", "22.5");
        await parent.UntilAsync(p => p.OfKind("r").Any(), "one readings entry");
        var entry = parent.OfKind("r").Single();
        Assert.Equal(JsonSerializer.Serialize(entry.Payload), $$$"""{"d":"t-1","t":{{{T0}}},"v":{"temperature":22.5}}""");
        Assert.Equal((1L, true), (entry.Number, entry.Live));
        Assert.Equal(22.5, (await fog.LatestAsync("t-1")).Items.Single().Value.GetDouble());
    }

    [Fact]
    public async Task A_gateway_that_has_not_been_told_its_devices_asks_them_to_try_again_and_calls_nobody_a_stranger()
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration());
        parent.Fault = Fault.Broken; // It lets the gateway join, and tells it nothing.
        await using var fog = new FogFixture();
        await fog.StartAsync(parent.Address);
        Assert.Equal(503, await fog.PublishAsync("t-1", "{\"temperature\":1}"));
        parent.Fault = Fault.None;
        await fog.ConfiguredAsync();
        Assert.Equal(204, await fog.PublishAsync("t-1", "{\"temperature\":1}"));
        Assert.Equal(401, await fog.PublishAsync("stranger", "{\"temperature\":1}"));
    }

    [Fact]
    public async Task An_answer_that_is_lost_stores_nothing_twice_and_loses_nothing()
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration());
        await using var fog = new FogFixture { OutageMakesBacklog = TimeSpan.FromMinutes(1) };
        await fog.StartAsync(parent.Address);
        await fog.ConfiguredAsync();
        parent.Fault = Fault.AnswerLost;
        await fog.AcceptedAsync("t-1", T0, "temperature", "1");
        await parent.UntilAsync(p => p.Repeated >= 2, "the entry sent again");
        await fog.AcceptedAsync("t-1", T0 + 1, "temperature", "2");
        parent.Fault = Fault.None;
        await parent.UntilAsync(p => p.Readings.Count == 2 && p.Status?.Books.Waiting == 0, "both entries acknowledged");
        Assert.Equal([1L, 2L], parent.OfKind("r").Select(e => e.Number));
        Assert.Single(parent.Streams);
    }

    [Fact]
    public async Task A_parent_that_cannot_store_is_asked_again_and_devices_are_served_meanwhile()
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration());
        await using var fog = new FogFixture();
        await fog.StartAsync(parent.Address);
        await fog.ConfiguredAsync();
        parent.Fault = Fault.Unavailable;
        for (var i = 0; i < 10; i++)
            await fog.AcceptedAsync("t-1", T0 + i, "temperature", $"{i}");
        var asked = parent.Requests;
        await parent.UntilAsync(p => p.Requests > asked + 2, "further attempts");
        parent.Fault = Fault.None;
        await parent.UntilAsync(p => p.Readings.Count == 10, "all ten readings");
    }

    [Fact]
    public async Task A_parent_that_is_told_too_much_is_asked_again_when_it_said_and_nothing_is_lost()
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration());
        await using var fog = new FogFixture { OutageMakesBacklog = TimeSpan.FromMinutes(1) };
        await fog.StartAsync(parent.Address);
        await fog.ConfiguredAsync();
        parent.Fault = Fault.TooFast;
        for (var i = 0; i < 10; i++)
            await fog.AcceptedAsync("t-1", T0 + i, "temperature", $"{i}");
        await parent.UntilAsync(p => p.Readings.Count == 10, "all ten readings");
        Assert.True(parent.Waited >= TimeSpan.FromSeconds(1.9), $"it came again after {parent.Waited}");
        Assert.Equal(Enumerable.Range(0, 10).Select(i => (double)i), parent.Readings.Select(r => r.Value.GetDouble()));
        Assert.Equal(0, parent.Repeated);
    }

    [Fact]
    public async Task A_parent_that_does_not_answer_is_given_up_after_the_request_s_time()
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration());
        parent.Fault = Fault.Silent;
        var time = new FakeTimeProvider();
        var folder = Path.Combine(Path.GetTempPath(), $"strata-post-{Guid.NewGuid():n}");
        try
        {
            using var log = ForwardLog.Open(new ForwardLogOptions { Folder = folder }, time);
            using var client = new ParentClient(parent.Address, authorityFile: null, new GatewayIdentity("gw", "secret-of-gw", "hq"));
            await log.AppendAsync([new ForwardRecord("1"u8.ToArray())], cancellationToken: TestContext.Current.CancellationToken);
            var sending = new UplinkPost(client, log, TimeSpan.FromSeconds(15), time).SendAsync(log.OpenAll().Read(1, 100), live: true, TestContext.Current.CancellationToken);
            await parent.UntilAsync(p => p.Requests == 1, "the request");
            time.Advance(TimeSpan.FromSeconds(14.9));
            Assert.False(sending.IsCompleted);
            time.Advance(TimeSpan.FromSeconds(0.1));
            var outcome = await sending;
            Assert.Equal((PostResult.Failed, "The parent did not answer within 15 s."), (outcome.Result, outcome.Problem));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task After_an_outage_the_backlog_comes_in_order_and_live_readings_do_not_wait_for_it()
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration());
        await using var fog = new FogFixture { DrainRate = 10 };
        await fog.StartAsync(parent.Address);
        await fog.ConfiguredAsync();
        parent.Fault = Fault.Unavailable;
        for (var i = 0; i < 100; i++)
            await fog.AcceptedAsync("t-1", T0 + i, "temperature", $"{i}");
        var asked = parent.Requests;
        await parent.UntilAsync(p => p.Requests > asked + 6, "an outage that is long enough");
        var session = fog.Get<UplinkSender>();
        Assert.NotEmpty(session.Problem);
        // What stood at the outage is backlog once the link is back: cut as an outage does, by stopping and starting the gateway.
        await fog.StopAsync();
        parent.Fault = Fault.None;
        await fog.StartAsync(parent.Address);
        await fog.AcceptedAsync("t-2", T0, "alarm", "true", immediate: true);
        await parent.UntilAsync(p => p.OfKind("r").Any(e => e.Payload.GetProperty("d").GetString() == "t-2"), "the live reading");
        Assert.True(parent.Readings.Count < 100, "the live reading came after the whole backlog");
        await parent.UntilAsync(p => p.Readings.Count == 101, "the whole backlog");
        var backlog = parent.Arrivals.Where(e => e.Kind == "r" && e.Payload.GetProperty("d").GetString() == "t-1").Select(e => e.Number).ToList();
        Assert.Equal(backlog.Order(), backlog);
        Assert.Equal(0, parent.Repeated);
    }

    [Fact]
    public async Task Readings_taken_while_the_parent_was_away_survive_a_restart_of_the_gateway()
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration());
        await using var fog = new FogFixture();
        await fog.StartAsync(parent.Address);
        await fog.ConfiguredAsync();
        await fog.AcceptedAsync("t-1", T0, "temperature", "1");
        await parent.UntilAsync(p => p.OfKind("r").Any(), "the first reading");
        parent.Fault = Fault.Broken;
        parent.CutLinks();
        await fog.StopAsync();
        await fog.StartAsync(parent.Address, token: null); // offline: authenticates from its kept configuration
        await fog.AcceptedAsync("t-1", T0 + 1, "temperature", "2");
        Assert.Equal(401, await fog.PublishAsync("t-9", """{"temperature":1}"""));
        await fog.StopAsync();
        parent.Fault = Fault.None;
        await fog.StartAsync(parent.Address, token: null);
        await parent.UntilAsync(p => p.OfKind("r").Count() == 2, "the second reading");
        Assert.Equal(2, parent.OfKind("r").Last().Payload.GetProperty("v").GetProperty("temperature").GetDouble());
        Assert.Single(parent.Streams);
        await parent.UntilAsync(p => p.OfKind("x").Any(), "the refusal of t-9");
        Assert.Equal("t-9", parent.OfKind("x").Last().Payload.GetProperty("d").GetString());
    }

    [Fact]
    public async Task A_full_log_that_refuses_keeps_readings_in_the_store_and_sends_them_later()
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration());
        await using var fog = new FogFixture { MaxBacklogBytes = 64 << 10 };
        await fog.StartAsync(parent.Address);
        await fog.ConfiguredAsync();
        parent.Fault = Fault.Unavailable;
        var text = new string('x', 2000);
        for (var i = 0; i < 60; i++)
            await fog.AcceptedAsync("t-1", T0 + i, "note", $"\"{text}\"");
        var asked = parent.Requests;
        await parent.UntilAsync(p => p.Requests > asked + 1 && fog.Get<Uplink.UplinkProjector>().IsHeldBack, "a full log");
        parent.Fault = Fault.None;
        await parent.UntilAsync(p => p.Readings.Count == 60, "all readings");
        Assert.Empty(parent.OfKind("g"));
        await parent.UntilAsync(p => p.Status?.Books is { Waiting: 0, Lost: 0, Flow.ReadingsIn: 60 }, "balanced books");
    }

    [Fact]
    public async Task A_full_log_that_drops_tells_the_loss_as_gaps_and_the_books_balance()
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration());
        await using var fog = new FogFixture { MaxBacklogBytes = 64 << 10, WhenFull = WhenFull.DropOldest };
        await fog.StartAsync(parent.Address);
        await fog.ConfiguredAsync();
        parent.Fault = Fault.Unavailable;
        var text = new string('x', 2000);
        for (var i = 0; i < 100; i++)
            await fog.AcceptedAsync("t-1", T0 + i, "note", $"\"{text}\"");
        parent.Fault = Fault.None;
        await parent.UntilAsync(p => p.Status?.Books is { Waiting: 0, Flow.ReadingsIn: 100 }, "balanced books");
        var lost = parent.OfKind("g").Sum(g => g.Payload.GetProperty("n").GetInt64());
        Assert.InRange(lost, 60, 99);
        Assert.Equal((lost, 100), (parent.Status!.Books.Lost, lost + parent.Readings.Count));
    }

    [Fact]
    public async Task The_parent_asks_the_gateway_for_its_latest_values_over_the_link()
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration());
        await using var fog = new FogFixture();
        await fog.StartAsync(parent.Address);
        await fog.ConfiguredAsync();
        await fog.AcceptedAsync("t-1", T0, "temperature", "21");
        var (status, body) = await parent.AskAsync("/api/v1/latest?device=t-1");
        Assert.Equal(200, status);
        Assert.Contains("\"value\":21", body, StringComparison.Ordinal);
        Assert.Equal(404, (await parent.AskAsync("/secret")).Status);
    }

    [Fact]
    public async Task A_change_of_the_configuration_lets_a_new_device_in()
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration());
        await using var fog = new FogFixture();
        await fog.StartAsync(parent.Address);
        await fog.ConfiguredAsync();
        Assert.Equal(401, await fog.PublishAsync("t-7", """{"temperature":1}"""));
        parent.Send(new Cloud.Contracts.GatewayChange(1, 2, [Site.Device("t-7")], ["t-2"], null, null));
        await fog.ConfiguredAsync(2);
        Assert.Equal(204, await fog.PublishAsync("t-7", """{"temperature":1}"""));
        Assert.Equal(401, await fog.PublishAsync("t-2", """{"temperature":1}"""));
    }
}
