using System.Net;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using Strata.Cloud.Contracts;

namespace Strata.Cloud.Tests.Access;

/// <summary>People: the first account, signing in, sessions, invitations.</summary>
public sealed class PeopleTests(RunningCloud cloud) : IClassFixture<RunningCloud>
{
    private const string Password = "a long enough one";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_link_of_a_new_tenant_lets_its_first_person_make_an_account_and_sign_in_with_it()
    {
        var tenant = await cloud.Client.CreateTenantAsync(new CreateTenant("rowan"), Cancelled);
        using var browser = Browser();
        var arrived = await browser.GetAsync(tenant.AdminLink, Cancelled);
        Assert.Equal("/welcome", arrived.Headers.Location?.OriginalString);
        var refused = await PostAsync(browser, "/welcome", ("email", "ada@rowan.example"), ("name", "Ada"), ("password", "short"));
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        var made = await PostAsync(browser, "/welcome", ("email", "ADA@rowan.example"), ("name", "Ada"), ("password", Password));
        Assert.Equal(HttpStatusCode.Redirect, made.StatusCode);
        var client = new StrataClient(browser, null);
        Assert.Equal(["ada@rowan.example"], (await client.ListUsersAsync(cancellationToken: Cancelled)).Items.Select(u => u.Email));

        using var other = Browser();
        var wrong = await other.PostAsJsonAsync("api/v1/login", new LoginRequest("ada@rowan.example", "not the password"), Cancelled);
        var nobody = await other.PostAsJsonAsync("api/v1/login", new LoginRequest("eve@rowan.example", "not the password"), Cancelled);
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized), (wrong.StatusCode, nobody.StatusCode));
        Assert.Equal(Without(await nobody.Content.ReadAsStringAsync(Cancelled)), Without(await wrong.Content.ReadAsStringAsync(Cancelled)));
        var signedIn = await other.PostAsJsonAsync("api/v1/login", new LoginRequest("Ada@Rowan.example", Password), Cancelled);
        Assert.Equal(("rowan", "Ada"), await signedIn.Content.ReadFromJsonAsync<LoginInfo>(Cancelled) is { } info ? (info.Tenant, info.Name) : default);
        Assert.Equal(HttpStatusCode.NotFound, (await other.SendAsync(For("main"), Cancelled)).StatusCode);
        var audit = (await new StrataClient(cloud.Http, null, "rowan").ListAuditAsync(cancellationToken: Cancelled)).Items;
        Assert.Contains(audit, a => a is { Action: "sign-in", Id: "ada@rowan.example", Result: "done" });
        Assert.Contains(audit, a => a is { Action: "sign-in", Id: "ada@rowan.example", Result: "refused" });
        Assert.DoesNotContain(audit, a => $"{a.Before}{a.After}{a.Detail}".Contains("argon2", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_invitation_opens_once_and_gives_what_it_said_and_a_session_ends_at_once_and_survives_a_restart()
    {
        await cloud.Client.CreateTenantAsync(new CreateTenant("hazel"), Cancelled);
        var admin = new StrataClient(cloud.Http, null, "hazel");
        var link = await admin.InviteUserAsync(new InviteUser("bo@hazel.example", [new GrantInfo("viewer", ["hq"])]), Cancelled);
        using var browser = Browser();
        var code = new Uri(link.Url!).Query[6..];
        Assert.Equal(HttpStatusCode.Redirect, (await PostAsync(browser, $"/join?code={code}", ("code", code), ("name", "Bo"), ("password", Password))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await browser.GetAsync($"/join?code={code}", Cancelled)).StatusCode);
        var bo = new StrataClient(browser, null);
        Assert.Empty((await bo.ListDevicesAsync(cancellationToken: Cancelled)).Items);
        Assert.Equal(HttpStatusCode.Forbidden, (await Assert.ThrowsAsync<StrataApiException>(() => bo.ListUsersAsync(cancellationToken: Cancelled))).StatusCode);

        await admin.ChangeUserAsync("bo@hazel.example", new ChangeUser(false), Cancelled);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.GetAsync("api/v1/devices", Cancelled)).StatusCode);
        await admin.ChangeUserAsync("bo@hazel.example", new ChangeUser(true), Cancelled);
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("api/v1/devices", Cancelled)).StatusCode);
        var session = Assert.Single((await admin.ListUserSessionsAsync("bo@hazel.example", Cancelled)).Items);
        await admin.EndUserSessionsAsync("bo@hazel.example", session.Id, Cancelled);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.GetAsync("api/v1/devices", Cancelled)).StatusCode);

        var reset = await admin.ResetPasswordAsync("bo@hazel.example", cancellationToken: Cancelled);
        var resetCode = new Uri(reset.Url!).Query[6..];
        Assert.Equal(HttpStatusCode.Redirect, (await PostAsync(browser, $"/join?code={resetCode}", ("code", resetCode), ("password", "another long enough one"))).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.PostAsJsonAsync("api/v1/login", new LoginRequest("bo@hazel.example", Password), Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await browser.PostAsJsonAsync("api/v1/login", new LoginRequest("bo@hazel.example", "another long enough one"), Cancelled)).StatusCode);
        await cloud.StopAsync();
        await cloud.StartAsync();
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync(new Uri(cloud.Node.Address, "api/v1/devices"), Cancelled)).StatusCode);
    }

    [Fact]
    public async Task A_user_of_two_tenants_switches_and_sees_one_at_a_time()
    {
        await cloud.Client.CreateTenantAsync(new CreateTenant("alder"), Cancelled);
        await cloud.Client.CreateTenantAsync(new CreateTenant("birch"), Cancelled);
        using var browser = Browser();
        foreach (var tenant in new[] { "alder", "birch" })
        {
            var admin = new StrataClient(cloud.Http, null, tenant);
            await admin.CreateDeviceAsync(new CreateDevice($"in-{tenant}"), Cancelled);
            var code = new Uri((await admin.InviteUserAsync(new InviteUser("cy@example.com", [new GrantInfo("viewer")]), Cancelled)).Url!).Query[6..];
            Assert.Equal(HttpStatusCode.Redirect, (await PostAsync(browser, $"/join?code={code}", ("code", code), ("name", "Cy"), ("password", Password))).StatusCode);
        }
        var client = new StrataClient(browser, null);
        Assert.Equal("in-birch", Assert.Single((await client.ListDevicesAsync(cancellationToken: Cancelled)).Items).Id);
        Assert.Equal(HttpStatusCode.NotFound, (await browser.PostAsJsonAsync("api/v1/sessions/tenant", new SwitchTenant("main"), Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await browser.PostAsJsonAsync("api/v1/sessions/tenant", new SwitchTenant("alder"), Cancelled)).StatusCode);
        Assert.Equal("in-alder", Assert.Single((await client.ListDevicesAsync(cancellationToken: Cancelled)).Items).Id);
    }

    [Theory]
    [InlineData("/devices?state=active", "/devices?state=active")]
    [InlineData("//elsewhere.example", "/")]
    [InlineData("/\\elsewhere.example", "/")]
    [InlineData("https://elsewhere.example", "/")]
    public async Task Signing_in_leads_to_a_page_of_this_node_and_nowhere_else(string asked, string led)
    {
        var tenant = $"elm{Math.Abs(asked.GetHashCode(StringComparison.Ordinal))}";
        await cloud.Client.CreateTenantAsync(new CreateTenant(tenant), Cancelled);
        var code = new Uri((await new StrataClient(cloud.Http, null, tenant).InviteUserAsync(new InviteUser($"di@{tenant}.example", [new GrantInfo("viewer")]), Cancelled)).Url!).Query[6..];
        using var browser = Browser();
        await PostAsync(browser, $"/join?code={code}", ("code", code), ("name", "Di"), ("password", Password));
        using var other = Browser();
        var answer = await PostAsync(other, "/login", ("email", $"di@{tenant}.example"), ("password", Password), ("returnUrl", asked));
        Assert.Equal((HttpStatusCode.Redirect, led), (answer.StatusCode, answer.Headers.Location?.OriginalString));
        var forged = await other.PostAsync("/login", new FormUrlEncodedContent([new("email", $"di@{tenant}.example"), new("password", Password)]), Cancelled);
        Assert.Equal(HttpStatusCode.Unauthorized, forged.StatusCode);
    }

    private HttpClient Browser() => new(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = new CookieContainer() }) { BaseAddress = cloud.Node.Address, Timeout = TimeSpan.FromSeconds(30) };

    private static Task<HttpResponseMessage> PostAsync(HttpClient browser, string path, params (string Name, string Value)[] fields) => FormPost.SendAsync(browser, path, fields);

    private static HttpRequestMessage For(string tenant) => new(HttpMethod.Get, "api/v1/devices") { Headers = { { "Strata-Tenant", tenant } } };

    private static string Without(string problem) => Regex.Replace(problem, "\"traceId\":\"[^\"]*\"", "");
}
