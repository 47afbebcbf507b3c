using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Strata.Cli.Demo;
using Strata.Cli.Processes;
using Strata.Cloud.Contracts;
using Strata.Cloud.Tests.Shadows;

namespace Strata.EndToEnd.Tests;

/// <summary>Gateways below gateways as real processes: shadows of the last one's devices.</summary>
public sealed class ChainTests : IAsyncDisposable
{
    /// <summary>Each gateway has a place of its own: none serves another's devices by its place.</summary>
    private const string Site = """
        apiVersion: strata/v1
        site: hq
        children: [ { site: a, kind: floor }, { site: b, kind: floor }, { site: c, kind: floor } ]
        gateways: [ { id: gw-a, site: hq/a, uplink: { "*": raw } }, { id: gw-b, site: hq/b, uplink: { "*": raw } }, { id: gw-c, site: hq/c, uplink: { "*": raw } } ]
        devices: [ { id: d-a, site: hq/a, model: T-100 }, { id: d-b, site: hq/b, model: T-100 }, { id: d-c, site: hq/c, model: T-100 } ]
        """;

    private static readonly string[] Places = ["a", "b", "c"];

    private readonly Installation installation = new();
    private readonly HttpClient http = new(new SocketsHttpHandler(), disposeHandler: true) { Timeout = TimeSpan.FromSeconds(30) };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_shadow_goes_through_a_chain_and_is_served_at_its_end_while_the_cloud_is_away(int levels)
    {
        await installation.StartCloudAsync();
        var secrets = (await installation.ApplyAsync(Site)).Secrets;
        await using var plug = new UplinkPlug(IPEndPoint.Parse(installation.Cloud.Ready["http"]));
        plug.Restore();
        var chain = await StartChainAsync(levels, $"http://{plug.EndPoint}");
        var (last, place) = (chain[^1], Places[levels - 1]);
        var device = $"d-{place}";
        await installation.Client.UpdateShadowAsync(device, """{"state":{"desired":{"mode":"eco","temp":20,"fan":1}}}""", cancellationToken: Cancel);
        await Eventually.IsAsync(() => AtAsync(last, place), s => s?.Version == 1, "the shadow at the last gateway");

        plug.Cut();
        await using (var away = await ShadowDevice.ConnectAsync(Installation.Port(last), device, device, secrets[device], false, "shadow/update/delta", "shadow/update/accepted"))
        {
            Assert.Equal("""{"fan":1,"mode":"eco","temp":20}""", (await away.NextAsync("shadow/update/delta")).GetProperty("state").GetRawText());
            Assert.True((await away.PublishAsync("shadow/update", """{"state":{"reported":{"mode":"eco","temp":20}}}""")).IsSuccess);
            await away.NextAsync("shadow/update/accepted");
            await away.NextAsync("shadow/update/delta");
            Assert.Equal(HttpStatusCode.OK, await PatchAsync(last, place, """{"state":{"desired":{"temp":25,"fan":2}}}"""));
            Assert.Equal("""{"fan":2,"temp":25}""", (await away.NextAsync("shadow/update/delta")).GetProperty("state").GetRawText());
        }
        await installation.Client.UpdateShadowAsync(device, """{"state":{"desired":{"temp":31,"led":true}}}""", cancellationToken: Cancel);
        foreach (var gateway in chain)
            await gateway.KillAsync();
        foreach (var gateway in chain)
            await gateway.StartAsync(Installation.StartLimit, Cancel);
        Assert.Equal("""{"fan":2,"mode":"eco","temp":25}""", (await AtAsync(last, place))!.State.GetProperty("desired").GetRawText()); // Still without the cloud.

        await using var back = await ShadowDevice.ConnectAsync(Installation.Port(last), device, device, secrets[device], false, "shadow/update/delta");
        await back.NextAsync("shadow/update/delta");
        plug.Restore();
        const string united = """{"fan":2,"led":true,"mode":"eco","temp":31}""";
        await Eventually.IsAsync(
            () => installation.Client.GetShadowAsync(device, cancellationToken: Cancel),
            s => s.State.GetProperty("desired").GetRawText() == united && s.State.TryGetProperty("reported", out var r) && r.GetRawText() == """{"mode":"eco","temp":20}""", "both sides together at the cloud");
        await Eventually.IsAsync(() => AtAsync(last, place), s => s!.State.GetProperty("desired").GetRawText() == united, "both sides together at the last gateway");
        Assert.Equal("""{"fan":2,"led":true,"temp":31}""", (await back.NextAsync("shadow/update/delta")).GetProperty("state").GetRawText());
        Assert.Contains((await installation.Client.ListShadowChangesAsync(device, cancellationToken: Cancel)).Items, c => c.Actor == $"gateway gw-{place}" && c.Change.GetRawText().Contains("\"temp\":25", StringComparison.Ordinal));

        // And at once, while the links stand.
        await installation.Client.UpdateShadowAsync(device, """{"state":{"desired":{"led":false}}}""", cancellationToken: Cancel);
        Assert.Equal("""{"fan":2,"led":false,"temp":31}""", (await back.NextAsync("shadow/update/delta")).GetProperty("state").GetRawText());
        await back.PublishAsync("shadow/update", """{"state":{"reported":{"led":false}}}""");
        await Eventually.IsAsync(
            () => installation.Client.GetShadowAsync(device, cancellationToken: Cancel), s => s.State.GetProperty("reported").TryGetProperty("led", out _), "what the device reported at the cloud");
    }

    [Fact]
    public async Task A_gateway_below_gets_no_shadow_of_another_gateway_or_tenant_and_changes_none()
    {
        await installation.StartCloudAsync();
        await installation.ApplyAsync(Site);
        await installation.Client.CreateTenantAsync(new CreateTenant("rival"), Cancel);
        await installation.ClientOf("rival").CreateDeviceAsync(new CreateDevice("x-1"), Cancel);
        await installation.ClientOf("rival").UpdateShadowAsync("x-1", """{"state":{"desired":{"of":"rival"}}}""", cancellationToken: Cancel);
        foreach (var of in Places)
            await installation.Client.UpdateShadowAsync($"d-{of}", $$$"""{"state":{"desired":{"of":"{{{of}}}"} } }""", cancellationToken: Cancel);
        var chain = await StartChainAsync(3, installation.CloudHttp);

        string[] devices = ["d-a", "d-b", "d-c", "x-1"];
        var words = JsonDocument.Parse("""{"of":"a thief"}""").RootElement;
        var asked = new GatewayShadows([.. devices.Select(d => new GatewayShadowChange(d, "", 0, 1, 1, words, words))], [.. devices.Select(d => new GatewayShadowsKnown(d, new Dictionary<string, long>()))]);
        // The last one asks the one above it and, as if that were in league with it, the first.
        foreach (var above in chain.Take(2))
        {
            var answer = await AskAsync(above, "gw-c", asked);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            var got = (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.GatewayShadowsAnswer, Cancel))!;
            Assert.Equal(["d-c"], got.Shadows.Select(s => s.Device).Distinct());
            Assert.Equal(["d-a", "d-b", "x-1"], got.Refused.Select(r => r.Device).Order());
            foreach (var other in (string[])["gw-a", "gw-b"])
                Assert.Equal(HttpStatusCode.Forbidden, (await AskAsync(above, other, asked)).StatusCode);
        }
        foreach (var of in (string[])["a", "b"])
            Assert.Equal($$"""{"of":"{{of}}"}""", (await installation.Client.GetShadowAsync($"d-{of}", cancellationToken: Cancel)).State.GetProperty("desired").GetRawText());
        Assert.Equal("""{"of":"rival"}""", (await installation.ClientOf("rival").GetShadowAsync("x-1", cancellationToken: Cancel)).State.GetProperty("desired").GetRawText());
        Assert.Null(await AtAsync(chain[2], "c", "d-b"));
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await installation.DisposeAsync();
    }

    private async Task<IReadOnlyList<StrataProcess>> StartChainAsync(int levels, string parent)
    {
        var chain = new List<StrataProcess>();
        foreach (var place in Places[..levels])
        {
            chain.Add(await installation.StartFogAsync($"gw-{place}", $"hq/{place}", parent));
            parent = $"http://{chain[^1].Ready["http"]}";
        }
        return chain;
    }

    /// <summary>The shadow as a gateway has it; null when it has none.</summary>
    private async Task<ShadowInfo?> AtAsync(StrataProcess gateway, string place, string? device = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Shadow(gateway, device ?? $"d-{place}"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await TokenAsync(place));
        using var answer = await http.SendAsync(request, Cancel);
        if (answer.StatusCode == HttpStatusCode.NotFound)
            return null;
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ShadowInfo, Cancel);
    }

    private async Task<HttpStatusCode> PatchAsync(StrataProcess gateway, string place, string json)
    {
        using var request = new HttpRequestMessage(HttpMethod.Patch, Shadow(gateway, $"d-{place}")) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await TokenAsync(place));
        using var answer = await http.SendAsync(request, Cancel);
        return answer.StatusCode;
    }

    /// <summary>Asks a gateway about shadows of one that it says it is, with the secret of gw-c; again while gw-c itself is asking.</summary>
    private Task<HttpResponseMessage> AskAsync(StrataProcess above, string id, GatewayShadows asked) =>
        Eventually.IsAsync(() => AskOnceAsync(above, id, asked), a => a.StatusCode != HttpStatusCode.TooManyRequests, "its turn");

    private async Task<HttpResponseMessage> AskOnceAsync(StrataProcess above, string id, GatewayShadows asked)
    {
        using var identity = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(installation.Folder, "gw-c", "gateway.json"), Cancel));
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://{above.Ready["http"]}/api/v1/gateways/{id}/shadows") { Content = JsonContent.Create(asked, ContractsJson.Default.GatewayShadows) };
        request.Headers.Authorization = Installation.Basic("gw-c", identity.RootElement.GetProperty("secret").GetString()!);
        return await http.SendAsync(request, Cancel);
    }

    private static Uri Shadow(StrataProcess gateway, string device) => new($"http://{gateway.Ready["http"]}/api/v1/devices/{device}/shadow");

    private async Task<string> TokenAsync(string place) => (await File.ReadAllTextAsync(Path.Combine(installation.Folder, $"gw-{place}", "admin.token"), Cancel)).Trim();
}
