using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Fog.Artifacts;
using Strata.Fog.Uplink;
using Strata.Forwarding;
using Strata.Node.Ingest;
using Strata.Testing;

namespace Strata.Fog.Tests;

/// <summary>What devices say of their updates to a gateway goes up whole, or with less of its reason.</summary>
public sealed class JobTopicsTests
{
    [Fact]
    public async Task A_report_with_a_long_reason_goes_up_with_the_beginning_of_it()
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration());
        await using var fog = new FogFixture();
        await fog.StartAsync(parent.Address);
        await fog.ConfiguredAsync();
        var topics = fog.Node.Services.GetServices<IDeviceTopics>().OfType<JobTopics>().Single();
        await topics.OnPublish(Said("jobs/next", new string(' ', 2_000)))!;
        foreach (var (job, reason) in new[] { ("fits", new string('x', 900)), ("long", new string('x', 5_000)), ("wide", string.Concat(Enumerable.Repeat("€😀", 1_000))) })
            await topics.OnPublish(Said($"jobs/{job}/update", JsonSerializer.Serialize(new { state = "failed", reason, version = "1.0" })))!;
        await topics.OnPublish(Said("jobs/no-json/update", new string('x', 5_000)))!;
        await topics.OnPublish(Said("jobs/software", """{"edge":"1.0","bootloader":"2.1"}"""))!;
        await topics.OnPublish(Said("jobs/last/update", "{}"))!;
        await parent.UntilAsync(p => Details(p).Any(d => d.StartsWith("jobs/last/", StringComparison.Ordinal)), "the last report");
        var said = Details(parent).ToDictionary(d => d[..d.IndexOf(' ', StringComparison.Ordinal)], d => d[d.IndexOf(' ', StringComparison.Ordinal)..]);
        Assert.Equal(["jobs/fits/update", "jobs/last/update", "jobs/long/update", "jobs/next", "jobs/software", "jobs/wide/update"], said.Keys.Order(StringComparer.Ordinal));
        Assert.Equal((900, 300), (ReasonOf(said["jobs/fits/update"]).Length, ReasonOf(said["jobs/long/update"]).Length));
        Assert.Equal(""" {"edge":"1.0","bootloader":"2.1"}""", said["jobs/software"]);
        Assert.StartsWith("€😀€😀", ReasonOf(said["jobs/wide/update"]), StringComparison.Ordinal);
        Assert.All(said, s => Assert.True(Encoding.UTF8.GetByteCount(s.Key + s.Value) <= FleetEvent.MaxDetailBytes));
        Assert.Null(topics.OnPublish(Said("jobs/a/b/update", "{}")));
        Assert.Null(topics.OnPublish(Said("jobs/update", "{}")));
    }

    [Fact]
    public async Task What_a_device_says_again_while_the_parent_is_away_is_kept_once()
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration());
        await using var fog = new FogFixture();
        await fog.StartAsync(parent.Address);
        await fog.ConfiguredAsync();
        var topics = fog.Node.Services.GetServices<IDeviceTopics>().OfType<JobTopics>().Single();
        await SayAsync("first");
        await parent.UntilAsync(p => Details(p).Any(), "the uplink to work");
        await Deadline.For(NothingWaitsAsync(), "the first report to be known as heard");
        parent.Fault = Fault.Unavailable;
        for (var i = 0; i < 3; i++)
        {
            await topics.OnPublish(Said("jobs/next", "{}"))!;
            await SayAsync("installing");
        }
        foreach (var state in (string[])["trial", "trial", "installing"])
            await SayAsync(state);
        await OtherAsync();
        parent.Fault = Fault.None;
        await parent.UntilAsync(p => Details(p).Contains(Other), "the last report");
        Assert.Equal(["jobs/next {}", Installing, """jobs/j/update {"state":"trial"}""", Installing, Other], Details(parent).Skip(1));
        // What went up and was not answered goes up again.
        var again = parent.UntilAsync(p => Details(p).Count(d => d == Other) > 1, "what is said again");
        while (!again.IsCompleted)
            await OtherAsync();
        await again;

        async Task NothingWaitsAsync()
        {
            var log = fog.Get<ForwardLog>();
            while (log.StatusOf(EntryTag.Event).Waiting.Records > 0 && !TestContext.Current.CancellationToken.IsCancellationRequested)
                await Task.Yield();
        }
        Task OtherAsync() => topics.OnPublish(Said("jobs/other/update", """{"state":"installing"}"""))!;
        Task SayAsync(string state) => topics.OnPublish(Said("jobs/j/update", $$"""{"state":"{{state}}"}"""))!;
    }

    [Theory]
    [InlineData("jobs/j/update", """{"state":"failed","reason":7}""", "failed")]
    [InlineData("jobs/j/update", """{"state":7}""", null)]
    [InlineData("jobs/j/update", """{"state":"a","state":"b"}""", null)]
    [InlineData("jobs/j/update", """["failed"]""", null)]
    [InlineData("jobs/j/update", "no JSON", null)]
    [InlineData("jobs/software", """{"state":"1.0"}""", null)]
    public void A_report_that_is_too_long_is_refused_with_the_state_that_it_says(string topic, string payload, string? state)
    {
        using var answer = JsonDocument.Parse(JobTopics.TooLong(Said(topic, payload)));
        Assert.Equal(413, answer.RootElement.GetProperty("code").GetInt32());
        Assert.Equal(state, answer.RootElement.TryGetProperty("state", out var named) ? named.GetString() : null);
    }

    private const string Installing = """jobs/j/update {"state":"installing"}""";
    private const string Other = """jobs/other/update {"state":"installing"}""";

    private static DeviceMessage Said(string topic, string payload) => new(TenantId.Main, DeviceId.Parse("t-1"), topic, Encoding.UTF8.GetBytes(payload));

    private static IEnumerable<string> Details(FakeParent parent) =>
        parent.Taken.Where(t => t.Payload.TryGetProperty("x", out var detail) && detail.ValueKind is JsonValueKind.String && detail.GetString()!.StartsWith("jobs/", StringComparison.Ordinal)).Select(t => t.Payload.GetProperty("x").GetString()!);

    private static string ReasonOf(string report)
    {
        using var json = JsonDocument.Parse(report);
        return json.RootElement.GetProperty("reason").GetString()!;
    }
}
