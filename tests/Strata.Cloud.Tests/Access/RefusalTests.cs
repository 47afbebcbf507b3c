using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform.Audit;

namespace Strata.Cloud.Tests.Access;

/// <summary>What is tried and refused: by whom it is remembered, and that a foreign page's requests are among it.</summary>
public sealed class RefusalTests(RunningCloud cloud) : IClassFixture<RunningCloud>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_flood_of_refusals_of_one_principal_is_one_record_with_a_count_and_a_done_change_is_none_of_it()
    {
        var admin = await TenantAsync("birch");
        var token = await admin.CreateTokenAsync(new CreateToken([new GrantInfo("viewer")], "reader"), Cancelled);
        using var reader = cloud.NewClient();
        reader.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token.Token);
        for (var i = 0; i < 100; i++)
            Assert.Equal(HttpStatusCode.Forbidden, (await reader.PostAsJsonAsync("api/v1/devices", new CreateDevice($"d-{i % 30}"), Cancelled)).StatusCode);
        for (var i = 0; i < 30; i++)
            Assert.Equal(HttpStatusCode.Forbidden, (await reader.DeleteAsync($"api/v1/devices/d-{i}", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await reader.GetAsync("api/v1/devices", Cancelled)).StatusCode);
        await admin.CreateDeviceAsync(new CreateDevice("d-1"), Cancelled);
        await cloud.Node.Services.GetRequiredService<RefusalTrail>().WriteAsync(all: true, Cancelled);

        var record = Assert.Single((await admin.ListAuditAsync(cancellationToken: Cancelled)).Items, a => a.Result == "refused");
        Assert.Equal(("reader", "attempt", "POST /api/v1/devices"), (record.Actor, record.Action, record.Id));
        using var detail = JsonDocument.Parse($"{record.Detail}");
        Assert.Equal(130, detail.RootElement.GetProperty("count").GetInt64());
        var requests = detail.RootElement.GetProperty("requests").EnumerateArray().ToList();
        Assert.Equal((RefusalTrail.MaxNamed, 100L), (requests.Count, requests[0].GetProperty("count").GetInt64()));
        Assert.True((await admin.VerifyAuditAsync(Cancelled)).Whole);
    }

    [Theory]
    [InlineData("Origin", "http://elsewhere.example", HttpStatusCode.Forbidden)]
    [InlineData("Origin", "http://127.0.0.1:1", HttpStatusCode.Forbidden)] // The same site, as browsers see it.
    [InlineData("Origin", "null", HttpStatusCode.Forbidden)]
    [InlineData("Sec-Fetch-Site", "same-site", HttpStatusCode.Forbidden)]
    [InlineData("Sec-Fetch-Site", "cross-site", HttpStatusCode.Forbidden)]
    [InlineData("Sec-Fetch-Site", "same-origin", HttpStatusCode.Created)]
    [InlineData("Origin", "own", HttpStatusCode.Created)]
    [InlineData("X-None", "none", HttpStatusCode.Created)]
    public async Task A_page_of_another_origin_changes_nothing_with_the_cookie_of_a_session(string header, string value, HttpStatusCode expected)
    {
        var tenant = $"aspen-{Math.Abs(StringComparer.Ordinal.GetHashCode(header + value))}";
        var admin = await TenantAsync(tenant);
        using var browser = await FormBrowser.JoinAsync(cloud.Node.Address, admin, $"ada@{tenant}.example", new GrantInfo("tenant-admin"));
        using var request = new HttpRequestMessage(HttpMethod.Post, "api/v1/devices") { Content = JsonContent.Create(new CreateDevice("taken")) };
        request.Headers.Add(header, value == "own" ? cloud.Node.Address.ToString().TrimEnd('/') : value);
        Assert.Equal(expected, (await browser.Http.SendAsync(request, Cancelled)).StatusCode);
        Assert.Equal(expected == HttpStatusCode.Created ? 1 : 0, (await admin.ListDevicesAsync(cancellationToken: Cancelled)).Items.Count);
        await cloud.Node.Services.GetRequiredService<RefusalTrail>().WriteAsync(all: true, Cancelled);
        Assert.Equal(expected == HttpStatusCode.Created ? 0 : 1, (await admin.ListAuditAsync(cancellationToken: Cancelled)).Items.Count(a => a.Result == "refused"));
    }

    private async Task<StrataClient> TenantAsync(string tenant)
    {
        await cloud.Client.CreateTenantAsync(new CreateTenant(tenant), Cancelled);
        return new StrataClient(cloud.Http, null, tenant);
    }
}
