using System.Text.Json;
using Strata.Cloud.Contracts;

namespace Strata.Fog.Tests;

/// <summary>Windows of a group, by event time, and what goes up besides them.</summary>
public sealed class WindowTests
{
    private const long T0 = 1_767_225_600_000; // 2026-01-01, a multiple of the window
    private const long Window = 60_000;

    [Fact]
    public async Task A_closed_window_goes_up_in_place_of_its_readings()
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration(new() { ["*"] = "window" }));
        await using var fog = new FogFixture();
        await fog.StartAsync(parent.Address);
        await fog.ConfiguredAsync();
        // Time by time: the window must not close before the second device is heard.
        foreach (var (time, value) in new[] { (T0, "20"), (T0 + 30_000, "22"), (T0 + Window, "23") })
        {
            await fog.AcceptedAsync("t-1", time, "temperature", value);
            await fog.AcceptedAsync("t-2", time, "temperature", value);
        }
        await parent.UntilAsync(p => p.OfKind("w").Any(), "the first window");
        var window = parent.OfKind("w").Single().Payload;
        Assert.Equal(T0, window.GetProperty("t").GetInt64());
        Assert.Equal("[60000,0,2,2]", window.GetProperty("n").GetRawText());
        Assert.Equal("[4,21,20,22,1,22]", window.GetProperty("m").GetProperty("temperature").GetRawText());
        Assert.Empty(parent.OfKind("r"));
        await parent.UntilAsync(p => p.Status?.Books is { Aggregated: 4, Waiting: 2, Flow: { ReadingsIn: 6, RecordsOut: 1 } }, "books with two readings in the open window");
    }

    [Fact]
    public async Task A_late_reading_gives_the_window_again_with_the_next_revision_and_is_counted_once()
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration(new() { ["*"] = "window" }, devices: 1));
        await using var fog = new FogFixture();
        await fog.StartAsync(parent.Address);
        await fog.ConfiguredAsync();
        await fog.AcceptedAsync("t-1", T0, "temperature", "20");
        await fog.AcceptedAsync("t-1", T0 + Window, "temperature", "20");
        await parent.UntilAsync(p => p.OfKind("w").Any(), "the first window");
        await fog.AcceptedAsync("t-1", T0 + 30_000, "temperature", "22");
        await parent.UntilAsync(p => p.OfKind("w").Count(w => w.Payload.GetProperty("t").GetInt64() == T0) == 2, "the window's second revision");
        var second = parent.OfKind("w").Last(w => w.Payload.GetProperty("t").GetInt64() == T0).Payload;
        Assert.Equal("[60000,1,1,1]", second.GetProperty("n").GetRawText());
        Assert.Equal(2, second.GetProperty("m").GetProperty("temperature")[0].GetInt64());
        await parent.UntilAsync(p => p.Status?.Books is { Aggregated: 2, Waiting: 1 }, "two readings aggregated, one in the open window");
    }

    [Fact]
    public async Task Policies_send_raw_window_or_both_and_immediate_readings_at_once()
    {
        var uplink = new Dictionary<string, string> { ["temperature"] = "window", ["humidity"] = "both", ["*"] = "raw" };
        await using var parent = await FakeParent.StartAsync(Site.Configuration(uplink, devices: 1));
        await using var fog = new FogFixture();
        await fog.StartAsync(parent.Address);
        await fog.ConfiguredAsync();
        await fog.AcceptedAsync("t-1", T0, "temperature", "20");
        await fog.AcceptedAsync("t-1", T0, "humidity", "40");
        await fog.AcceptedAsync("t-1", T0, "door", "true");
        await fog.AcceptedAsync("t-1", T0 + 1_000, "temperature", "55", immediate: true);
        await parent.UntilAsync(p => p.Readings.Count == 3, "both, raw and immediate readings");
        Assert.Equal(["door", "humidity", "temperature"], parent.Readings.Select(r => r.Metric).Order());
        Assert.Equal(T0 + 1_000, parent.OfKind("r").Single(r => r.Payload.TryGetProperty("i", out _)).Payload.GetProperty("i").GetInt64());
        await fog.AcceptedAsync("t-1", T0 + Window, "temperature", "20");
        await parent.UntilAsync(p => p.OfKind("w").Any(), "the window");
        Assert.Equal(["humidity", "temperature"], parent.OfKind("w").Single().Payload.GetProperty("m").EnumerateObject().Select(m => m.Name));
        // In: 5. Raw: 3. Only in the window: the first temperature. Open: the last.
        await parent.UntilAsync(p => p.Status?.Books is { Aggregated: 1, Waiting: 1, Flow: { ReadingsIn: 5, RecordsOut: 4 } }, "balanced books");
    }

    [Fact]
    public async Task Texts_and_devices_without_a_group_go_up_raw_whatever_the_policy()
    {
        var configuration = Site.Configuration(new() { ["*"] = "window" }, devices: 1);
        await using var parent = await FakeParent.StartAsync(configuration with { Devices = [.. configuration.Devices, Site.Device("lone", site: "hq/roof")] });
        await using var fog = new FogFixture();
        await fog.StartAsync(parent.Address);
        await fog.ConfiguredAsync();
        await fog.AcceptedAsync("t-1", T0, "mode", "\"eco\"");
        await fog.AcceptedAsync("lone", T0, "temperature", "5");
        await parent.UntilAsync(p => p.Readings.Count == 2, "two raw readings");
        await parent.UntilAsync(p => p.Status?.Books is { Waiting: 0, Flow.ReadingsIn: 2 }, "balanced books");
    }

    [Fact]
    public async Task A_change_of_state_does_not_wait_for_its_window()
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration(new() { ["*"] = "window" }, devices: 1));
        await using var fog = new FogFixture();
        await fog.StartAsync(parent.Address);
        await fog.ConfiguredAsync();
        await fog.AcceptedAsync("t-1", T0, "occupied", "false");
        await fog.AcceptedAsync("t-1", T0 + 1_000, "occupied", "false");
        await fog.AcceptedAsync("t-1", T0 + 2_000, "occupied", "true");
        await parent.UntilAsync(p => p.Readings.Count == 1, "the change of state");
        Assert.Equal(JsonValueKind.True, parent.Readings.Single().Value.ValueKind);
    }

    [Fact]
    public async Task Windows_and_books_go_on_after_a_restart_without_a_repetition()
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration(new() { ["*"] = "window" }, devices: 1));
        await using var fog = new FogFixture();
        await fog.StartAsync(parent.Address);
        await fog.ConfiguredAsync();
        await fog.AcceptedAsync("t-1", T0, "temperature", "20");
        await fog.AcceptedAsync("t-1", T0 + Window, "temperature", "21");
        await parent.UntilAsync(p => p.OfKind("w").Any(), "the first window");
        await fog.StopAsync();
        File.Delete(Path.Combine(fog.Folder, "windows.json")); // As after kill -9 before it was written: all is derived from the store again.
        await fog.StartAsync(parent.Address);
        await fog.AcceptedAsync("t-1", T0 + (2 * Window), "temperature", "22");
        await parent.UntilAsync(p => p.OfKind("w").Count() == 2, "the second window");
        await parent.UntilAsync(p => p.Status?.Books is { Aggregated: 2, Waiting: 1, Flow: { ReadingsIn: 3, RecordsOut: 2 } }, "balanced books");
        Assert.All(parent.OfKind("w"), w => Assert.Equal(0, w.Payload.GetProperty("n")[1].GetInt32()));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)] // While the gateway is down.
    public async Task Each_reading_is_in_the_windows_of_one_length_when_the_length_changes(bool isDown)
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration(new() { ["*"] = "window" }, devices: 1));
        await using var fog = new FogFixture();
        await fog.StartAsync(parent.Address);
        await fog.ConfiguredAsync();
        await fog.AcceptedAsync("t-1", T0, "temperature", "20");
        await fog.AcceptedAsync("t-1", T0 + 70_000, "temperature", "21");
        await parent.UntilAsync(p => p.OfKind("w").Any(), "the first window");
        if (isDown)
            await fog.StopAsync();
        parent.Configuration = Site.Configuration(new() { ["*"] = "window" }, devices: 1, windowMs: 45_000, version: 2);
        if (isDown)
            await fog.StartAsync(parent.Address);
        else
            parent.Send(new GatewayChange(1, 2, [], [], parent.Configuration.Groups, null));
        await fog.ConfiguredAsync(2);
        await parent.UntilAsync(_ => File.ReadAllText(Path.Combine(fog.Folder, "windows.json")).Contains("\"lengthMs\":45000", StringComparison.Ordinal), "the new length, kept before anything comes of it");
        foreach (var after in new[] { 80_000, 90_000, 135_000 })
            await fog.AcceptedAsync("t-1", T0 + after, "temperature", "22");
        await parent.UntilAsync(p => p.OfKind("w").Count() == 3, "the end of the old length, and the first of the new one");
        Assert.Equal(["0 [60000,0,1,1] 1", "60000 [30000,0,1,1] 2", "90000 [45000,0,1,1] 1"], parent.OfKind("w").Select(w =>
            $"{w.Payload.GetProperty("t").GetInt64() - T0} {w.Payload.GetProperty("n").GetRawText()} {w.Payload.GetProperty("m").GetProperty("temperature")[0]}"));
        await parent.UntilAsync(p => p.Status?.Books is { Aggregated: 4, Waiting: 1, Flow: { ReadingsIn: 5, RecordsOut: 3 } }, "balanced books");
    }

    [Fact]
    public async Task A_device_that_falls_silent_and_one_that_returns_are_events()
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration(devices: 1, heartbeatMs: 300));
        await using var fog = new FogFixture();
        await fog.StartAsync(parent.Address);
        await fog.ConfiguredAsync();
        await fog.AcceptedAsync("t-1", T0, "temperature", "20");
        await parent.UntilAsync(p => p.OfKind("e").Any(e => e.Payload.GetProperty("k").GetString() == "device.silent"), "the silence");
        await fog.AcceptedAsync("t-1", T0 + 1, "temperature", "20");
        await parent.UntilAsync(p => p.OfKind("e").Any(e => e.Payload.GetProperty("k").GetString() == "device.returned"), "the return");
    }
}
