using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Shadows.Store;
using Strata.Core.Devices;
using Strata.Core.Shadows;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Tests.Shadows;

/// <summary>What a gateway set while it was apart comes together with what is desired at the cloud.</summary>
public sealed class GatewayShadowsTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_a_gateway_told_already_and_got_no_answer_for_is_no_word_of_the_cloud()
    {
        await using var cloud = new ListeningCloud(keepChanges: 100);
        var gateway = await JoinAsync(cloud);
        var agreed = await DesireAsync(cloud, """{"mode":1}""");
        await PostAsync(cloud, gateway, agreed, """{"fan":2}""");
        // The answer was lost, and the site went on.
        Assert.Equal("""{"fan":3,"mode":1}""", await PostAsync(cloud, gateway, agreed, """{"fan":3}"""));
        // What the cloud said meanwhile counts as ever.
        await DesireAsync(cloud, """{"fan":4}""");
        Assert.Equal("""{"fan":4,"mode":1}""", await PostAsync(cloud, gateway, agreed, """{"fan":5}"""));
    }

    [Fact]
    public async Task What_somebody_says_while_both_sides_come_together_stands()
    {
        await using var cloud = new ListeningCloud(keepChanges: 100);
        var gateway = await JoinAsync(cloud);
        var agreed = await DesireAsync(cloud, """{"temp":20,"led":1}""");
        await DesireAsync(cloud, """{"temp":21,"led":2}""");
        cloud.OnGateway = store => store.UpdateAsync(
            new ShadowKey(TenantId.Main, DeviceId.Parse("d-1"), ""), ShadowRequest.Parse("""{"state":{"desired":{"temp":30}}}"""u8, ShadowLimits.Default).Value!, new Caller(TenantId.Main, "ada"), CancellationToken.None);
        Assert.Equal("""{"led":2,"temp":30}""", await PostAsync(cloud, gateway, agreed, """{"temp":25,"led":3}"""));
    }

    [Fact]
    public async Task Where_the_history_does_not_go_back_so_far_what_differs_is_the_cloud_s()
    {
        await using var cloud = new ListeningCloud(keepChanges: 1);
        var gateway = await JoinAsync(cloud);
        var agreed = await DesireAsync(cloud, """{"temp":20}""");
        await DesireAsync(cloud, """{"temp":21}""");
        var now = await DesireAsync(cloud, """{"led":true}""");
        Assert.Equal("""{"led":true,"temp":21}""", await PostAsync(cloud, gateway, agreed, """{"temp":25}"""));
        Assert.True(now < (now = (await cloud.Client.GetShadowAsync("d-1", cancellationToken: Cancelled)).Version));
        Assert.Equal("""{"led":true,"temp":25}""", await PostAsync(cloud, gateway, now, """{"temp":25}""")); // Nothing changed since.
    }

    private static async Task<long> DesireAsync(RunningCloud cloud, string desired) => (await cloud.Client.UpdateShadowAsync("d-1", $"{{\"state\":{{\"desired\":{desired}}}}}", cancellationToken: Cancelled)).Version;

    /// <summary>Tells the cloud as the gateway does; returns what is desired then.</summary>
    private static async Task<string> PostAsync(RunningCloud cloud, JoinResponse gateway, long agreed, string desired)
    {
        using var http = cloud.NewClient();
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{gateway.Id}:{gateway.Secret}")));
        var change = new GatewayShadowChange("d-1", "", agreed, agreed + 1, 1, null, JsonDocument.Parse(desired).RootElement);
        using var answer = await http.PostAsJsonAsync($"api/v1/gateways/{gateway.Id}/shadows", new GatewayShadows([change], []), ContractsJson.Default.GatewayShadows, Cancelled);
        Assert.Empty((await answer.Content.ReadFromJsonAsync(ContractsJson.Default.GatewayShadowsAnswer, Cancelled))!.Refused);
        return (await cloud.Client.GetShadowAsync("d-1", cancellationToken: Cancelled)).State.GetProperty("desired").GetRawText();
    }

    private static async Task<JoinResponse> JoinAsync(RunningCloud cloud)
    {
        await cloud.InitializeAsync();
        await cloud.Client.ApplyAsync("apiVersion: strata/v1\nsite: hq\ngateways: [ { id: gw, site: hq } ]\ndevices: [ { id: d-1, site: hq } ]\n", dryRun: false, prune: false, cancellationToken: Cancelled);
        var token = await cloud.Client.CreateJoinTokenAsync(new CreateJoinToken("hq", null, null), Cancelled);
        return await cloud.Client.JoinAsync(new JoinRequest(token.Token, "hq", "gw", null, null, null), Cancelled);
    }

    /// <summary>A node in which something is said in the very moment in which a gateway's word was written.</summary>
    private sealed class ListeningCloud : RunningCloud, IShadowObserver
    {
        public ListeningCloud(int keepChanges) => Shadows = new() { KeepChanges = keepChanges };

        public Func<ShadowStore, Task>? OnGateway { get; set; }

        public void OnDone(ShadowWork work, ShadowResult result)
        {
            // Nothing is awaited: it is the next in the writer's queue.
            if (work.Author.Name == "gateway gw" && OnGateway is { } act)
                _ = act(Node.Services.GetRequiredService<ShadowStore>());
        }

        protected override void Configure(WebApplicationBuilder builder) => builder.Services.AddSingleton<IShadowObserver>(this);
    }
}
