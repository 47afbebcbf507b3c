using System.Net;
using System.Text.Json;
using Strata.Core.Architecture;
using Strata.Core.Tenancy;
using Strata.Node.Tests.Support;

namespace Strata.Node.Tests.Operations;

/// <summary>What the MQTT engine holds, by the node's API: for administrators, and of their own tenant only.</summary>
public sealed class MqttInspectionTests
{
    private static readonly string[] Reads = ["status", "clients", "top", "subscriptions", "retained", "bans", "trace?client=shared"];

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_administrator_sees_and_ends_what_is_its_tenants_and_nothing_else()
    {
        await using var node = await StartAsync();
        await using var mine = await MqttTestClient.ConnectAsync(node, "app", "of-main", clientId: "shared");
        await using var theirs = await MqttTestClient.ConnectAsync(node, "other/app", "of-other", clientId: "shared");
        await mine.SubscribeAsync("devices/mine/#");
        await theirs.SubscribeAsync("devices/theirs/#");
        using var main = node.Client(token: "of-main");
        using var other = node.Client(token: "of-other");
        foreach (var (client, tenant, filter) in new[] { (main, "main", "devices/mine/#"), (other, "other", "devices/theirs/#") })
        {
            Assert.Equal($"{tenant}/shared", Assert.Single(await ItemsAsync(client, "clients")));
            Assert.Equal($"{tenant}/shared", Assert.Single(await ItemsAsync(client, "top?by=queue")));
            Assert.Equal($"{tenant}/{filter}", Assert.Single(await ItemsAsync(client, "subscriptions", "filter")));
            Assert.Empty(await ItemsAsync(client, "retained", "topic"));
            using var status = await ReadAsync(client, "status");
            Assert.Equal((1, 1, 1), (Number(status, "connected"), Number(status, "sessions"), Number(status, "subscriptions")));
        }

        // Another tenant's client cannot be seen, traced, banned or ended by its name.
        using (var trace = await other.GetAsync("api/v1/mqtt/trace?client=shared&seconds=1", Cancelled))
            Assert.Equal(HttpStatusCode.OK, trace.StatusCode);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(other, HttpMethod.Post, "bans?kind=client&value=shared"));
        await theirs.Disconnected;
        Assert.Empty(await ItemsAsync(main, "bans", "value"));
        Assert.Equal("other/shared", Assert.Single(await ItemsAsync(other, "bans", "value")));
        Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync(other, HttpMethod.Post, "bans?kind=address&value=127.0.0.0%2F8")); // It would end everybody's.
        using (var none = await other.PostAsync("api/v1/mqtt/disconnect?client=shared", null, Cancelled))
            Assert.Equal("{\"clients\":0}", await none.Content.ReadAsStringAsync(Cancelled));
        Assert.False(mine.Disconnected.IsCompleted);
        using (var one = await main.PostAsync("api/v1/mqtt/disconnect?client=shared", null, Cancelled))
            Assert.Equal("{\"clients\":1}", await one.Content.ReadAsStringAsync(Cancelled));
        await mine.Disconnected;
    }

    [Fact]
    public async Task It_is_for_administrators()
    {
        await using var node = await StartAsync();
        var secret = node.AddDevice("d1");
        using var nobody = node.Client();
        using var application = node.Client(token: "of-an-application");
        using var place = node.Client(token: "of-a-place");
        using var device = node.Client("d1", secret);
        foreach (var (client, expected) in new[] { (nobody, HttpStatusCode.Unauthorized), (application, HttpStatusCode.Forbidden), (place, HttpStatusCode.Forbidden), (device, HttpStatusCode.Forbidden) })
        {
            foreach (var read in Reads)
                Assert.Equal(expected, await StatusAsync(client, HttpMethod.Get, read));
            Assert.Equal(expected, await StatusAsync(client, HttpMethod.Post, "disconnect?client=c"));
            Assert.Equal(expected, await StatusAsync(client, HttpMethod.Post, "bans?kind=client&value=c"));
            Assert.Equal(expected, await StatusAsync(client, HttpMethod.Delete, "bans?kind=client&value=c"));
        }

        using var admin = node.Client(token: "of-main");
        using var wrong = await admin.GetAsync("api/v1/mqtt/clients?limit=0", Cancelled);
        Assert.Equal((HttpStatusCode.BadRequest, "application/problem+json"), (wrong.StatusCode, wrong.Content.Headers.ContentType?.MediaType));
    }

    private static async Task<string[]> ItemsAsync(HttpClient client, string path, string name = "clientId")
    {
        using var page = await ReadAsync(client, path);
        return [.. page.RootElement.GetProperty("items").EnumerateArray().Select(i => $"{i.GetProperty("namespace").GetString()}/{i.GetProperty(name).GetString()}")];
    }

    private static async Task<JsonDocument> ReadAsync(HttpClient client, string path) => JsonDocument.Parse(await client.GetStringAsync($"api/v1/mqtt/{path}", Cancelled));

    private static int Number(JsonDocument document, string name) => document.RootElement.GetProperty(name).GetInt32();

    private static async Task<HttpStatusCode> StatusAsync(HttpClient client, HttpMethod method, string path)
    {
        using var request = new HttpRequestMessage(method, $"api/v1/mqtt/{path}");
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled);
        return response.StatusCode;
    }

    /// <summary>With administrators of two tenants, one of a single place, and an application.</summary>
    private static async Task<TestNode> StartAsync()
    {
        var node = await TestNode.StartAsync();
        var other = TenantId.Parse("other");
        node.Tenants.Set(other, active: true);
        node.Tokens.Add("of-main", new Grant(Role.TenantAdmin, AccessScope.WholeTenant));
        node.Tokens.Add("of-a-place", new Grant(Role.TenantAdmin, AccessScope.Of([SiteId.Parse("hq/floor-1")])));
        node.Tokens.Add("of-other", other, new Grant(Role.TenantAdmin, AccessScope.WholeTenant));
        node.Tokens.Add("of-an-application");
        return node;
    }
}
