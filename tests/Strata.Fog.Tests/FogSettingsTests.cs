using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Reflection;
using Strata.Cloud.Contracts;
using Strata.Fog.Configuration;
using Strata.Fog.Downward;
using Strata.Fog.Link;
using Strata.Fog.Uplink;
using Strata.Mqtt.Inspection;
using Strata.Node.Metering;
using Strata.Node.Settings;

namespace Strata.Fog.Tests;

/// <summary>Limits of a gateway's parts, set by <c>--set</c>.</summary>
public sealed class FogSettingsTests
{
    /// <summary>What holds nothing that an operator sets, or is of a part that a gateway does not have.</summary>
    private static readonly Type[] Elsewhere = [typeof(MqttInspectionOptions), typeof(MeterOptions)];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void Every_part_s_limits_can_be_set()
    {
        var parts = typeof(FogOptions).Assembly.GetReferencedAssemblies().Where(n => n.Name!.StartsWith("Strata.", StringComparison.Ordinal)).Select(Assembly.Load).Where(a => a != typeof(Core.Problem).Assembly);
        var options = typeof(FogOptions).Assembly.GetTypes().Concat(parts.SelectMany(a => a.GetExportedTypes())).Where(t => t is { IsClass: true, IsAbstract: false } && t.Name.EndsWith("Options", StringComparison.Ordinal));
        Assert.Empty(options.Except(FogSettings.Sections.Select(s => s.Options)).Except(Elsewhere));
    }

    [Fact]
    public void No_two_settings_have_one_name() =>
        Assert.Empty(FogSettings.Sections.SelectMany(s => s.Settings).GroupBy(s => s.Name, StringComparer.OrdinalIgnoreCase).Where(g => g.Count() > 1).Select(g => g.Key));

    [Fact]
    public async Task A_gateway_starts_with_every_setting_given_as_it_holds_anyway()
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration());
        await using var fog = new FogFixture { Set = [.. FogSettings.Sections.SelectMany(s => s.Settings).Select(s => $"{s.Name}={s.Default}")] };
        await fog.StartAsync(parent.Address);
        await fog.ConfiguredAsync();
    }

    [Theory]
    [InlineData("artifacts.maxFetches=0", "artifacts.maxFetches must be from 1 to 1,000.")]
    [InlineData("artifacts.maxDownloads=10001", "artifacts.maxDownloads must be from 1 to 10,000.")]
    [InlineData("artifacts.waitForParent=1h", "artifacts.waitForParent must be from 1 s to 5 min.")]
    [InlineData("artifacts.silence=1ms", "artifacts.silence must be from 1 s to 10 min.")]
    [InlineData("artifacts.retryAfter=0s", "artifacts.retryAfter must be from 100 ms to 5 min.")]
    [InlineData("artifacts.giveUpAfter=2d", "artifacts.giveUpAfter must be from 1 s to 1 day.")]
    [InlineData("artifacts.believeFor=2d", "artifacts.believeFor must be from 0 to 1 day.")]
    [InlineData("artifacts.askWithin=2m", "artifacts.askWithin must be from 1 s to 1 min.")]
    [InlineData("artifacts.maxBelieved=1", "artifacts.maxBelieved must be from 100 to 10,000,000.")]
    [InlineData("sender.maxEntries=0", "sender.maxEntries must be from 1 to 100,000.")]
    [InlineData("sender.maxBytes=1KiB", "sender.maxBytes must be from 4 KiB to 64 MiB.")]
    [InlineData("sender.requestTimeout=1h", "sender.requestTimeout must be from 1 s to 10 min.")]
    [InlineData("sender.firstRetry=0s", "sender.firstRetry must be from 10 ms to 1 min.")]
    [InlineData("sender.longestRetry=2h", "sender.longestRetry must be from 100 ms to 1 h.")]
    [InlineData("sender.longestRetry=150ms", "sender.longestRetry must be at least sender.firstRetry, which is 0.2 s.")]
    [InlineData("sender.outageMakesBacklog=2h", "sender.outageMakesBacklog must be from 0 to 1 h.")]
    [InlineData("backlog.segmentBytes=1KiB", "backlog.segmentBytes must be from 64 KiB to 1 GiB.")]
    [InlineData("backlog.maxRecordBytes=1KiB", "backlog.maxRecordBytes must be from 1 MiB to 64 MiB.")]
    [InlineData("backlog.maxIntervals=1", "backlog.maxIntervals must be from 2 to 1,000,000.")]
    [InlineData("parent.maxEventBytes=1KiB", "parent.maxEventBytes must be from 1 MiB to 1 GiB.")]
    [InlineData("parent.maxAnswering=0", "parent.maxAnswering must be from 1 to 1,000.")]
    [InlineData("parent.maxAnswerBytes=1KiB", "parent.maxAnswerBytes must be from 64 KiB to 64 MiB.")]
    [InlineData("parent.silence=5s", "parent.silence must be from 6 s to 10 min.")]
    [InlineData("parent.openWithin=1h", "parent.openWithin must be from 1 s to 5 min.")]
    [InlineData("parent.answerWithin=2m", "parent.answerWithin must be from 100 ms to 1 min.")]
    [InlineData("parent.firstRetry=0s", "parent.firstRetry must be from 10 ms to 1 min.")]
    [InlineData("parent.longestRetry=2h", "parent.longestRetry must be from 100 ms to 1 h.")]
    [InlineData("parent.longestRetry=200ms", "parent.longestRetry must be at least parent.firstRetry, which is 0.25 s.")]
    [InlineData("below.maxGateways=-1", "below.maxGateways must be from 0 to 100,000.")]
    [InlineData("below.joinWithin=1ms", "below.joinWithin must be from 1 s to 1 min.")]
    [InlineData("below.maxRelayed=0", "below.maxRelayed must be from 1 to 1,000.")]
    [InlineData("below.maxRelayedBytes=7MiB", "below.maxRelayedBytes must be from 8 MiB to 64 MiB.")]
    [InlineData("below.relayWithin=1h", "below.relayWithin must be from 1 s to 10 min.")]
    [InlineData("downward.maxWaiting=0", "downward.maxWaiting must be from 1 to 100,000.")]
    [InlineData("downward.maxWaitingBytes=1KiB", "downward.maxWaitingBytes must be from 64 KiB to 64 MiB.")]
    [InlineData("downward.maxKnown=1", "downward.maxKnown must be from 100 to 1,000,000.")]
    [InlineData("downward.lookEvery=0s", "downward.lookEvery must be from 50 ms to 1 min.")]
    [InlineData("downward.sayEvery=0s", "downward.sayEvery must be from 1 s to 1 h.")]
    [InlineData("commands.maxPayloadBytes=1MiB", "commands.maxPayloadBytes must be from 1 KiB to 64 KiB.")]
    [InlineData("commands.maxWaiters=0", "commands.maxWaiters must be from 1 to 10,000.")]
    [InlineData("commands.longestExpiry=60d", "commands.longestExpiry must be from 1 min to 30 d.")]
    [InlineData("commands.usualExpiry=8d", "commands.usualExpiry must be from 1 s to commands.longestExpiry, which is 10080 min.")]
    [InlineData("commands.longestWait=2h", "commands.longestWait must be from 1 s to 1 h.")]
    [InlineData("commands.maxEvents=1", "commands.maxEvents must be from 10 to 100,000.")]
    [InlineData("shadows.maxShadows=0", "shadows.maxShadows must be from 1 to 1,000,000.")]
    [InlineData("shadows.maxWaiting=1", "shadows.maxWaiting must be from 16 to 100,000.")]
    [InlineData("shadows.maxChanges=401", "shadows.maxChanges must be from 1 to 400.")]
    [InlineData("shadows.maxDevices=601", "shadows.maxDevices must be from 1 to 600.")]
    [InlineData("shadows.lookEvery=0s", "shadows.lookEvery must be from 50 ms to 1 min.")]
    [InlineData("shadows.compareEvery=1s", "shadows.compareEvery must be from 10 s to 1 day.")]
    [InlineData("shadows.answerWithin=1h", "shadows.answerWithin must be from 1 s to 10 min.")]
    [InlineData("shadows.retryAfter=1h", "shadows.retryAfter must be from 100 ms to 10 min.")]
    [InlineData("shadow.maxBytes=1MiB", "shadows.maxChanges must be at most 4 with shadow.maxBytes=1048576: a request to the cloud has no room for more.")]
    [InlineData("shadow.maxBytes=1", "ShadowLimits.MaxBytes must be 1 KiB to 1 MiB.")]
    public async Task A_setting_out_of_its_range_stops_the_start_before_anything_is_made(string set, string why)
    {
        var folder = Path.Combine(Path.GetTempPath(), $"strata-fog-{Guid.NewGuid():n}");
        var options = new FogOptions { DataFolder = folder, Cloud = new Uri("http://127.0.0.1:1"), Settings = NodeSettings.Parse([set], FogSettings.Sections) };
        var refused = await Assert.ThrowsAsync<FogConfigurationException>(() => FogNode.StartAsync(options, TextWriter.Null, cancellationToken: Cancel));
        Assert.Equal(why, refused.Message);
        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public async Task What_is_set_of_messages_for_devices_and_of_commands_holds()
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration());
        await using var fog = new FogFixture { Set = ["downward.maxWaiting=2", "commands.maxPayloadBytes=1KiB", "commands.maxWaiters=1", "commands.longestWait=30s", "commands.usualExpiry=2m"] };
        await fog.StartAsync(parent.Address);
        await fog.ConfiguredAsync();
        using var http = new HttpClient(new SocketsHttpHandler(), disposeHandler: true) { BaseAddress = fog.Node.Address };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", fog.Node.AdminToken);
        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "at most 1,024 bytes"), await SendAsync(new { name = "open", payload = new string('x', 1_100) }, "at most 1,024 bytes"));
        Assert.Equal((HttpStatusCode.BadRequest, "wait is from 1 s to 30 s"), await SendAsync(new { name = "open", wait = "00:01:00" }, "wait is from 1 s to 30 s"));
        using var told = await http.PostAsync("api/v1/devices/t-1/commands", JsonContent.Create(new { name = "open" }), Cancel);
        var command = (await told.Content.ReadFromJsonAsync(ContractsJson.Default.CommandInfo, Cancel))!;
        Assert.Equal(120, (command.Expires - command.Created).TotalSeconds, 0.01);

        // One waits for its device; there is no place for another to wait, and then none for another message.
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var waits = http.PostAsync("api/v1/devices/t-1/commands", JsonContent.Create(new { name = "open", request = "first", wait = "00:00:30" }), patience.Token);
        await WaitsAsync();
        Assert.Equal((HttpStatusCode.TooManyRequests, "As much waits"), await SendAsync(new { name = "open", request = "second" }, "As much waits"));
        Assert.Equal((HttpStatusCode.TooManyRequests, "1 callers wait"), await SendAsync(new { name = "open", request = "first", wait = "00:00:01" }, "1 callers wait"));
        await patience.CancelAsync();
        await waits.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);

        async Task<(HttpStatusCode, string)> SendAsync(object said, string expected)
        {
            using var answer = await http.PostAsync("api/v1/devices/t-1/commands", JsonContent.Create(said), Cancel);
            var text = await answer.Content.ReadAsStringAsync(Cancel);
            return (answer.StatusCode, text.Contains(expected, StringComparison.Ordinal) ? expected : text);
        }

        async Task WaitsAsync()
        {
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            while (fog.Get<LocalCommands>().FreeWaits > 0)
                await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, deadline.Token);
        }
    }

    [Fact]
    public async Task What_is_set_of_the_link_to_the_parent_holds()
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration(devices: 2));
        await using var fog = new FogFixture { Set = ["parent.maxAnswerBytes=64KiB", "parent.maxEventBytes=1MiB", "parent.firstRetry=10ms", "parent.longestRetry=100ms"] };
        await fog.StartAsync(parent.Address);
        await fog.ConfiguredAsync();
        for (var i = 0; i < 100; i++)
            await fog.AcceptedAsync("t-1", 1_767_225_600_000 + i, $"m-{i}", $"\"{new string('x', 1_000)}\"");
        Assert.Equal(200, (await parent.AskAsync("/api/v1/latest?device=t-2")).Status);
        Assert.Equal(502, (await parent.AskAsync("/api/v1/latest?device=t-1")).Status);

        parent.Configuration = Site.Configuration(devices: 12_000, version: 2);
        parent.CutLinks();
        var state = fog.Get<LinkState>();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!state.Problem.Contains("1,048,576", StringComparison.Ordinal) && !state.Problem.Contains("1048576", StringComparison.Ordinal))
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, deadline.Token);
        Assert.Equal(1, fog.Get<SiteConfiguration>().Version);
    }

    [Fact]
    public async Task What_is_set_of_the_uplink_and_of_gateways_below_holds()
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration(devices: 1));
        parent.Fault = Fault.Unavailable;
        await using var fog = new FogFixture { Set = ["sender.maxEntries=1", "sender.firstRetry=20ms", "sender.longestRetry=100ms", "backlog.segmentBytes=64KiB", "below.maxGateways=1"] };
        await fog.StartAsync(parent.Address);
        await fog.ConfiguredAsync();
        for (var i = 0; i < 5; i++)
            await fog.AcceptedAsync("t-1", 1_767_225_600_000 + i, $"m-{i}", "1");
        var before = parent.Requests;
        parent.Fault = Fault.None;
        await parent.UntilAsync(p => p.Readings.Count == 5, "all readings");
        Assert.True(parent.Requests - before >= parent.Arrivals.Count, $"{parent.Arrivals.Count} entries came in {parent.Requests - before} requests of one entry");
        Assert.Equal(TimeSpan.FromMilliseconds(100), fog.Get<UplinkSenderOptions>().LongestRetry);

        using var http = new HttpClient(new SocketsHttpHandler(), disposeHandler: true) { BaseAddress = fog.Node.Address };
        Assert.Equal(HttpStatusCode.OK, await JoinAsync("gw-below"));
        Assert.Equal(HttpStatusCode.TooManyRequests, await JoinAsync("gw-more"));
        Assert.Equal(HttpStatusCode.OK, await JoinAsync("gw-below")); // It has its place already.

        async Task<HttpStatusCode> JoinAsync(string name)
        {
            using var joined = await http.PostAsync("api/v1/gateways/join", JsonContent.Create(new JoinRequest("join-me", "hq", name, null, null, null), ContractsJson.Default.JoinRequest), Cancel);
            return joined.StatusCode;
        }
    }
}
