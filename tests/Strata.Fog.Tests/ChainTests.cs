using Strata.Node.Operations;

namespace Strata.Fog.Tests;

/// <summary>A gateway below a gateway, and how gateways join.</summary>
public sealed class ChainTests
{
    private const long T0 = 1_767_225_600_000;

    [Fact]
    public async Task Readings_and_windows_of_a_gateway_below_go_up_with_its_name_and_the_books_of_both_are_told()
    {
        await using var cloud = await FakeParent.StartAsync(Site.Configuration(new() { ["temperature"] = "window", ["*"] = "raw" }, devices: 1));
        await using var upper = new FogFixture();
        await using var lower = new FogFixture();
        await upper.StartAsync(cloud.Address, name: "gw-upper");
        await upper.ConfiguredAsync();
        await lower.StartAsync(upper.Node.Address, name: "gw-lower");
        await lower.ConfiguredAsync();
        await lower.AcceptedAsync("t-1", T0, "door", "true");
        await lower.AcceptedAsync("t-1", T0, "temperature", "20");
        await lower.AcceptedAsync("t-1", T0 + 60_000, "temperature", "21");
        await cloud.UntilAsync(p => p.OfKind("r").Any() && p.OfKind("w").Any(), "the reading and the window");
        var reading = cloud.OfKind("r").First(r => r.Payload.GetProperty("v").TryGetProperty("door", out _));
        Assert.Equal("gw-lower", reading.Payload.GetProperty("g").GetString());
        Assert.Equal("gw-lower", cloud.OfKind("w").Single().Payload.GetProperty("gw").GetString());
        await cloud.UntilAsync(
            p => p.Status is { Books: { Process: "gw-upper", Waiting: 0 } } && p.Status.Below.Any(b => b is { Process: "gw-lower", Waiting: 1, Aggregated: 1 }),
            "the books of both");
    }

    [Fact]
    public async Task A_gateway_below_works_while_the_cloud_is_away_and_everything_arrives_later()
    {
        await using var cloud = await FakeParent.StartAsync(Site.Configuration(devices: 1));
        await using var upper = new FogFixture();
        await using var lower = new FogFixture();
        await upper.StartAsync(cloud.Address, name: "gw-upper");
        await upper.ConfiguredAsync();
        await lower.StartAsync(upper.Node.Address, name: "gw-lower");
        await lower.ConfiguredAsync();
        cloud.Fault = Fault.Broken;
        cloud.CutLinks();
        await lower.StopAsync();
        await lower.StartAsync(upper.Node.Address, token: null);
        for (var i = 0; i < 20; i++)
            await lower.AcceptedAsync("t-1", T0 + i, "temperature", $"{i}");
        await upper.StopAsync();
        cloud.Fault = Fault.None;
        await upper.StartAsync(cloud.Address, token: null);
        // The upper gateway took another port; the lower one is told the new address.
        await lower.StopAsync();
        await lower.StartAsync(upper.Node.Address, token: null);
        await cloud.UntilAsync(p => p.Readings.Count == 20, "all readings");
        Assert.Equal(Enumerable.Range(0, 20).Select(i => (double)(T0 + i)), cloud.Readings.Select(r => r.Time).Order());
    }

    [Fact]
    public async Task A_wrong_token_is_said_clearly_and_nothing_is_kept()
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration());
        await using var fog = new FogFixture();
        var e = await Assert.ThrowsAsync<FogConfigurationException>(() => fog.StartAsync(parent.Address, token: "wrong"));
        Assert.Contains("the join token is not known", e.Message, StringComparison.Ordinal);
        await fog.StartAsync(parent.Address);
        Assert.Equal("gw-hq", fog.Node.Id);
        var identity = Path.Combine(fog.Folder, "gateway.json");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(identity));
    }

    [Fact]
    public async Task A_gateway_without_token_that_never_joined_says_what_it_needs()
    {
        await using var fog = new FogFixture();
        var e = await Assert.ThrowsAsync<FogConfigurationException>(() => fog.StartAsync(new Uri("http://127.0.0.1:1"), token: null));
        Assert.Contains("--join-token", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Joining_waits_until_the_parent_is_there()
    {
        var port = FreePort.Draw();
        await using var fog = new FogFixture();
        var starting = fog.StartAsync(new Uri($"http://127.0.0.1:{port}"));
        await using var parent = await FakeParent.StartAsync(Site.Configuration(), port);
        await starting.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.Equal("gw-hq", fog.Node.Id);
    }
}
