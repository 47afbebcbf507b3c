using System.Net;
using System.Net.Http.Json;
using System.Security.Claims;
using Microsoft.Extensions.DependencyInjection;
using Strata.Cloud.Contracts;
using Strata.Node.Auth;

namespace Strata.Cloud.Tests.Access;

/// <summary>A person's own account: who he is, his password, and the tenant he goes on in.</summary>
public sealed class OwnAccountTests(RunningCloud cloud) : IClassFixture<RunningCloud>
{
    private const string Password = "a long enough one";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Who_calls_hears_what_it_may_do_and_where()
    {
        await cloud.Client.CreateTenantAsync(new CreateTenant("Lime Estates"), Cancelled);
        var token = await Of("lime-estates").CreateTokenAsync(new CreateToken([new GrantInfo("viewer"), new GrantInfo("operator", ["hq"])], "report"), Cancelled);
        var me = await new StrataClient(cloud.NewClient(), token.Token).GetMeAsync(Cancelled);
        Assert.Equal(("report", "token", "Lime Estates", false), (me.Name, me.Kind, me.Tenant.Name, me.Acts));
        Assert.Contains("devices.write", me.Permissions);
        Assert.DoesNotContain("devices.write", me.Everywhere);
        Assert.Contains("readings.read", me.Everywhere);
        Assert.Equal(["viewer", "operator"], me.Grants.Select(g => g.Role));
        Assert.Equal(("node", "main"), await cloud.Client.GetMeAsync(Cancelled) is { } owner ? (owner.Kind, owner.Tenant.Id) : default);
    }

    [Fact]
    public async Task A_new_password_needs_the_current_one_and_ends_the_other_sessions()
    {
        using var here = await JoinAsync("fir", "fay@fir.example");
        using var there = Browser();
        Assert.Equal(HttpStatusCode.OK, (await LogInAsync(there, "fay@fir.example", Password)).StatusCode);
        var client = new StrataClient(here, null);
        var wrong = await Assert.ThrowsAsync<StrataApiException>(() => client.ChangePasswordAsync(new ChangePassword("not the current", "another long enough one"), Cancelled));
        Assert.Equal((HttpStatusCode.BadRequest, "current"), (wrong.StatusCode, wrong.Field));
        var weak = await Assert.ThrowsAsync<StrataApiException>(() => client.ChangePasswordAsync(new ChangePassword(Password, "short"), Cancelled));
        Assert.Equal((HttpStatusCode.BadRequest, "new"), (weak.StatusCode, weak.Field));
        Assert.Equal(2, (await client.ListSessionsAsync(Cancelled)).Items.Count);

        await client.ChangePasswordAsync(new ChangePassword(Password, "another long enough one"), Cancelled);
        Assert.Equal(HttpStatusCode.Unauthorized, (await there.GetAsync("api/v1/me", Cancelled)).StatusCode);
        Assert.Equal("fay@fir.example", (await client.GetMeAsync(Cancelled)).Email);
        Assert.True(Assert.Single((await client.ListSessionsAsync(Cancelled)).Items).Current);
        Assert.Equal(HttpStatusCode.Unauthorized, (await LogInAsync(there, "fay@fir.example", Password)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await LogInAsync(there, "fay@fir.example", "another long enough one")).StatusCode);
        Assert.Contains((await Of("fir").ListAuditAsync(new AuditQuery(Action: "set-password"), cancellationToken: Cancelled)).Items, a => a.Actor == "fay@fir.example");
    }

    [Fact]
    public async Task A_session_that_guesses_the_password_has_to_wait_and_nobody_else_has()
    {
        using var here = await JoinAsync("yew", "guy@yew.example");
        var client = new StrataClient(here, null);
        var statuses = new List<HttpStatusCode>();
        for (var i = 0; i < 6; i++)
            statuses.Add((await Assert.ThrowsAsync<StrataApiException>(() => client.ChangePasswordAsync(new ChangePassword($"guess {i}", "another long enough one"), Cancelled))).StatusCode);
        Assert.Equal(HttpStatusCode.TooManyRequests, statuses[^1]);
        Assert.All(statuses[..5], s => Assert.Equal(HttpStatusCode.BadRequest, s));
        using var there = Browser();
        Assert.Equal(HttpStatusCode.OK, (await LogInAsync(there, "guy@yew.example", Password)).StatusCode);
    }

    [Fact]
    public async Task The_platforms_owner_goes_on_in_any_tenant_which_that_ones_audit_trail_tells_and_nobody_else_does()
    {
        using var admin = await JoinAsync("ash", "ivy@ash.example", "tenant-admin");
        await Of("ash").CreateDeviceAsync(new CreateDevice("in-ash"), Cancelled);
        Assert.Equal(HttpStatusCode.NotFound, (await EnterAsync(admin, "main")).StatusCode);
        using var owner = Browser();
        var link = await cloud.Client.CreateLoginLinkAsync(Cancelled);
        Assert.Equal(HttpStatusCode.Redirect, (await owner.GetAsync(link.Url, Cancelled)).StatusCode);
        var client = new StrataClient(owner, null);
        Assert.Equal(HttpStatusCode.NotFound, (await EnterAsync(owner, "nowhere")).StatusCode);

        Assert.Equal("ash", (await (await EnterAsync(owner, "ash")).Content.ReadFromJsonAsync<LoginInfo>(Cancelled))?.Tenant);
        Assert.Equal(("ash", true), await client.GetMeAsync(Cancelled) is { } me ? (me.Tenant.Id, me.Acts) : default);
        Assert.Equal("in-ash", Assert.Single((await client.ListDevicesAsync(cancellationToken: Cancelled)).Items).Id);
        Assert.Contains((await Of("ash").ListAuditAsync(new AuditQuery(Action: "enter"), cancellationToken: Cancelled)).Items, a => a.Actor == "admin" && a.After!.Contains("ash", StringComparison.Ordinal));
        var exported = await owner.GetStringAsync("api/v1/audit/export", Cancelled);
        Assert.Contains("ivy@ash.example", exported);

        Assert.Equal(HttpStatusCode.OK, (await EnterAsync(owner, "main")).StatusCode);
        Assert.Equal(("main", false), await client.GetMeAsync(Cancelled) is { } back ? (back.Tenant.Id, back.Acts) : default);
        Assert.DoesNotContain("ivy@ash.example", await owner.GetStringAsync("api/v1/audit/export", Cancelled));
    }

    [Fact]
    public async Task A_form_that_is_not_ours_enters_nothing()
    {
        using var owner = Browser();
        await owner.GetAsync((await cloud.Client.CreateLoginLinkAsync(Cancelled)).Url, Cancelled);
        await cloud.Client.CreateTenantAsync(new CreateTenant("rue"), Cancelled);
        var forged = await owner.PostAsync("/enter", new FormUrlEncodedContent([new("tenant", "rue")]), Cancelled);
        Assert.Equal(HttpStatusCode.BadRequest, forged.StatusCode);
        Assert.Equal("main", (await new StrataClient(owner, null).GetMeAsync(Cancelled)).Tenant.Id);
    }

    [Fact]
    public async Task What_a_page_does_is_recorded_as_done_from_where_its_reader_is()
    {
        var reader = StrataIdentity.Of(cloud.Node.Services.GetRequiredService<AdminToken>().Owner, StrataIdentity.CookieScheme);
        reader.AddIdentity(new ClaimsIdentity([new Claim("strata:address", "192.0.2.7")]));
        var right = cloud.Node.Services.GetRequiredService<SessionTokens>().For(reader)!.Value;
        await new StrataClient(cloud.NewClient(), right.Token).CreateRoleAsync(new CreateRole("by-a-page", ["readings.read"]), Cancelled);
        Assert.Equal("192.0.2.7", Assert.Single((await cloud.Client.ListAuditAsync(new AuditQuery(Kind: "role", Id: "by-a-page"), cancellationToken: Cancelled)).Items).From);
    }

    [Fact]
    public async Task The_audit_trail_is_searched_by_time_and_a_time_that_is_none_is_refused()
    {
        var before = (await cloud.Client.GetHealthAsync(Cancelled)).Now;
        await cloud.Client.CreateRoleAsync(new CreateRole("timed", ["readings.read"]), Cancelled);
        Assert.Single((await cloud.Client.ListAuditAsync(new AuditQuery(Id: "timed", From: before, To: before.AddMinutes(10)), cancellationToken: Cancelled)).Items);
        Assert.Empty((await cloud.Client.ListAuditAsync(new AuditQuery(Id: "timed", To: before), cancellationToken: Cancelled)).Items);
        Assert.Empty((await cloud.Client.ListAuditAsync(new AuditQuery(Id: "timed", Action: "remove"), cancellationToken: Cancelled)).Items);
        Assert.Equal(HttpStatusCode.BadRequest, (await cloud.Http.GetAsync("api/v1/audit?from=yesterday", Cancelled)).StatusCode);
    }

    private StrataClient Of(string tenant) => new(cloud.Http, null, tenant);

    /// <summary>A user of a new tenant, signed in.</summary>
    private async Task<HttpClient> JoinAsync(string tenant, string email, string role = "viewer")
    {
        await cloud.Client.CreateTenantAsync(new CreateTenant(tenant), Cancelled);
        var link = new Uri((await Of(tenant).InviteUserAsync(new InviteUser(email, [new GrantInfo(role)]), Cancelled)).Url!);
        var browser = Browser();
        var answer = await FormPost.SendAsync(browser, link.PathAndQuery, ("code", link.Query[6..]), ("name", "Somebody"), ("password", Password));
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        return browser;
    }

    private static Task<HttpResponseMessage> LogInAsync(HttpClient browser, string email, string password) => browser.PostAsJsonAsync("api/v1/login", new LoginRequest(email, password), Cancelled);

    private static Task<HttpResponseMessage> EnterAsync(HttpClient browser, string tenant) => browser.PostAsJsonAsync("api/v1/sessions/tenant", new SwitchTenant(tenant), Cancelled);

    private HttpClient Browser() => new(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = new CookieContainer() }) { BaseAddress = cloud.Node.Address, Timeout = TimeSpan.FromSeconds(30) };
}
