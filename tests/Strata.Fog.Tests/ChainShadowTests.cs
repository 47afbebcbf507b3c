using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Strata.Cloud.Contracts;
using Strata.Core.Devices;
using Strata.Core.Shadows;
using Strata.Fog.Below;
using Strata.Fog.Shadows;

namespace Strata.Fog.Tests;

/// <summary>Shadows of a gateway whose parent is a gateway: passed on as that gateway, merged by the cloud alone.</summary>
public sealed class ChainShadowTests
{
    private static readonly DeviceId Device = DeviceId.Parse("t-1");
    private static readonly ShadowAuthor Reporter = new(ShadowAuthor.Device, IsDevice: true);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_gateway_at_the_end_of_a_chain_asks_the_cloud_as_itself_and_is_told_when_the_cloud_was_away()
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration(devices: 1));
        var cloud = new CloudShadow(parent, "gw-lowest");
        await using var upper = new FogFixture();
        await using var middle = new FogFixture();
        await using var lowest = new FogFixture();
        await upper.StartAsync(parent.Address, name: "gw-upper");
        await upper.ConfiguredAsync();
        await middle.StartAsync(upper.Node.Address, name: "gw-middle");
        await middle.ConfiguredAsync();
        await lowest.StartAsync(middle.Node.Address, name: "gw-lowest");
        await lowest.ConfiguredAsync();
        var shadows = lowest.Get<FogShadows>();
        cloud.Desire("""{"mode":1}""");
        lowest.Get<FogShadowSync>().Changed(Device); // As the cloud says it over the link.
        await DesiredAsync(shadows, """{"mode":1}""");
        Report(shadows, """{"mode":1}""");
        await parent.UntilAsync(_ => cloud.Reported == """{"mode":1}""", "what the device reported at the cloud");

        // The cloud goes, the links between the gateways stand. The device is served on; the cloud's side moves too.
        parent.Fault = Fault.Broken;
        parent.CutLinks();
        Report(shadows, """{"on":true}""");
        cloud.Desire("""{"mode":2}""");
        Assert.Equal("""{"mode":1,"on":true}""", ShadowText.Of(shadows.Find(Device, "").Reported.Root));
        parent.Fault = Fault.None;
        await parent.UntilAsync(_ => cloud.Reported == """{"mode":1,"on":true}""", "what was reported while the cloud was away");
        await DesiredAsync(shadows, """{"mode":2}""");

        // And when there was nothing to say at the site, of which the gateway would have asked by itself.
        parent.Fault = Fault.Broken;
        parent.CutLinks();
        cloud.Desire("""{"mode":3}""");
        parent.Fault = Fault.None;
        await DesiredAsync(shadows, """{"mode":3}""");
        Assert.Empty(cloud.Others.Except(["gw-upper", "gw-middle"]));
    }

    [Fact]
    public async Task What_is_passed_on_is_a_gateway_s_own_one_at_a_time_and_of_bounded_size()
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration(devices: 1));
        using var answers = new ManualResetEventSlim();
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        parent.Shadows = (sender, asked) =>
        {
            if (sender != "gw-lower" || asked.Known is not [{ Device: "mine" }])
                return new GatewayShadowsAnswer([], []);
            arrived.TrySetResult();
            Assert.True(answers.Wait(TimeSpan.FromSeconds(20), Cancel));
            return new GatewayShadowsAnswer([new GatewayShadowState("mine", "", [1])], []);
        };
        await using var upper = new FogFixture { Below = new BelowOptions { MaxRelayedBytes = 65_536 } };
        await upper.StartAsync(parent.Address, name: "gw-upper");
        await upper.ConfiguredAsync();
        Join(upper, "gw-lower");
        Join(upper, "gw-other");

        Assert.Equal(HttpStatusCode.Forbidden, (await AskAsync(upper, "gw-lower", "gw-other")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await AskAsync(upper, "gw-lower", "gw-upper")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await AskAsync(upper, "gw-lower", "gw-lower", secret: "guessed")).Status);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await AskAsync(upper, "gw-lower", "gw-lower", new string(' ', 65_537))).Status);

        var first = AskAsync(upper, "gw-lower", "gw-lower");
        await arrived.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await AskAsync(upper, "gw-lower", "gw-lower")).Status);
        Assert.Equal((HttpStatusCode.OK, """{"shadows":[],"refused":[]}"""), await AskAsync(upper, "gw-other", "gw-other"));
        answers.Set();
        Assert.Equal((HttpStatusCode.OK, """{"shadows":[{"device":"mine","name":"","content":"AQ=="}],"refused":[]}"""), await first);

        parent.Fault = Fault.Broken;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await AskAsync(upper, "gw-lower", "gw-lower")).Status);
    }

    private static void Report(FogShadows shadows, string state) =>
        Assert.True(shadows.Update(Device, "", ShadowRequest.Parse(Encoding.UTF8.GetBytes($$"""{"state":{"reported":{{state}} } }"""), ShadowLimits.Default).Value!, Reporter).IsOk);

    private static async Task DesiredAsync(FogShadows shadows, string desired)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        deadline.CancelAfter(TimeSpan.FromSeconds(30));
        while (ShadowText.Of(shadows.Find(Device, "").Desired.Root) is var now && now != desired)
        {
            Assert.False(deadline.IsCancellationRequested, $"Awaited in vain at the gateway: {desired}; it has {now}.");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Cancel);
        }
    }

    private static void Join(FogFixture upper, string id) => upper.Get<GatewaysBelow>().Add(new JoinResponse(id, $"secret-of-{id}", "hq"));
    private static async Task<(HttpStatusCode Status, string Body)> AskAsync(FogFixture upper, string caller, string id, string before = "", string? secret = null)
    {
        using var http = new HttpClient(new SocketsHttpHandler(), disposeHandler: true) { BaseAddress = upper.Node.Address };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{caller}:{secret ?? $"secret-of-{caller}"}")));
        using var body = new StringContent(before + """{"changes":[],"known":[{"device":"mine","versions":{}}]}""", Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync($"api/v1/gateways/{id}/shadows", body, Cancel);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancel));
    }

    /// <summary>The device's shadow at the cloud, given to one gateway only.</summary>
    private sealed class CloudShadow
    {
        private readonly Lock gate = new();
        private readonly string gateway;
        private Shadow shadow = Shadow.None;

        public CloudShadow(FakeParent parent, string gateway)
        {
            this.gateway = gateway;
            parent.Shadows = Answer;
        }

        /// <summary>Gateways that asked for themselves.</summary>
        public ConcurrentBag<string> Others { get; } = [];

        public string Reported
        {
            get
            {
                lock (gate)
                    return ShadowText.Of(shadow.Reported.Root);
            }
        }

        public void Desire(string state) => Change($$"""{"state":{"desired":{{state}} } }""", new ShadowAuthor("ada", IsDevice: false));

        private void Change(string request, ShadowAuthor author)
        {
            lock (gate)
                shadow = ShadowUpdate.Decide(shadow, ShadowRequest.Parse(Encoding.UTF8.GetBytes(request), ShadowLimits.Default).Value!, author, 1, ShadowLimits.Default).Value!.After;
        }

        private GatewayShadowsAnswer Answer(string sender, GatewayShadows asked)
        {
            if (sender != gateway)
            {
                Others.Add(sender);
                return new GatewayShadowsAnswer([], []);
            }
            foreach (var change in asked.Changes.Where(c => c.Reported is not null))
                Change($$"""{"state":{"reported":{{change.Reported!.Value.GetRawText()}} } }""", Reporter);
            lock (gate)
                return new GatewayShadowsAnswer([new GatewayShadowState("t-1", "", ShadowCodec.Write(shadow))], []);
        }
    }

    private static class ShadowText
    {
        public static string Of(ShadowObject state)
        {
            using var buffer = new MemoryStream();
            using (var writer = new System.Text.Json.Utf8JsonWriter(buffer))
                ShadowCodec.WriteState(writer, state);
            return Encoding.UTF8.GetString(buffer.ToArray());
        }
    }
}
