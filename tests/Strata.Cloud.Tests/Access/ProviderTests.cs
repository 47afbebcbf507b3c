using System.Net;
using System.Net.Http.Json;
using OpenIddict.Abstractions;
using Strata.Cloud.Contracts;
using Strata.Testing;

namespace Strata.Cloud.Tests.Access;

/// <summary>Signing in by a tenant's OpenID Connect provider, which is a real one (OpenIddict) in this process.</summary>
public sealed class ProviderTests(RunningCloud cloud) : IClassFixture<RunningCloud>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_member_of_a_mapped_group_is_let_in_with_what_the_group_may_do_and_is_the_same_whatever_address_the_provider_says_later()
    {
        await using var provider = await TestProvider.StartAsync();
        var admin = await TenantAsync("larch", provider);
        await admin.ApplyAsync("apiVersion: strata/v1\nsite: hq\ndevices: [{id: in-hq, site: hq}]\n", dryRun: false, prune: false, cancellationToken: Cancelled);
        await admin.CreateDeviceAsync(new CreateDevice("elsewhere"), Cancelled);
        provider.Email = "Ada@Larch.example";
        using var browser = new FormBrowser(cloud.Node.Address);
        var login = await browser.GetAsync("/login?tenant=larch");
        Assert.Contains("Sign in with Larch login", login, StringComparison.Ordinal);
        var (status, page) = await SignInAsync(browser, "larch", "/devices");
        Assert.True(status == HttpStatusCode.OK, page);
        Assert.Contains("content=\"0;url=/devices\"", page, StringComparison.Ordinal);
        Assert.True(provider.PkceSeen);
        var client = new StrataClient(browser.Http, null);
        Assert.Equal(["in-hq"], (await client.ListDevicesAsync(cancellationToken: Cancelled)).Items.Select(d => d.Id));
        Assert.Equal(["ada@larch.example"], (await admin.ListUsersAsync(cancellationToken: Cancelled)).Items.Select(u => u.Email));

        (provider.Email, provider.Groups) = ("other@larch.example", ["staff", "admins"]);
        using var again = new FormBrowser(cloud.Node.Address);
        Assert.Equal(HttpStatusCode.OK, (await SignInAsync(again, "larch")).Status);
        Assert.Equal(["ada@larch.example"], (await new StrataClient(again.Http, null).ListUsersAsync(cancellationToken: Cancelled)).Items.Select(u => u.Email));
        Assert.Equal(2, (await client.ListDevicesAsync(cancellationToken: Cancelled)).Items.Count); // The session before has the new rights too.

        provider.Groups = ["visitors"];
        Assert.Equal(HttpStatusCode.Forbidden, (await SignInAsync(again, "larch")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await browser.Http.GetAsync("api/v1/devices", Cancelled)).StatusCode);
        var audit = (await admin.ListAuditAsync(cancellationToken: Cancelled)).Items;
        Assert.Contains(audit, a => a is { Action: "sign-in", Result: "refused" });
        Assert.DoesNotContain(audit, a => $"{a.Before}{a.After}{a.Detail}".Contains(TestProvider.ClientSecret, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_browser_comes_back_from_the_provider_s_site_signed_in()
    {
        var chromium = ForeignTool.Require("chromium");
        await using var provider = await TestProvider.StartAsync();
        await TenantAsync("rowan", provider);
        var profile = Directory.CreateTempSubdirectory("strata-chromium-").FullName;
        try
        {
            // Another site than the provider's: the session's cookie is not sent with what that one leads to.
            var address = $"http://localhost:{cloud.Node.Http.Port}/login/provider?tenant=rowan&returnUrl=/api/v1/sessions";
            using var browser = ForeignTool.Start(
                chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", $"--user-data-dir={profile}", "--virtual-time-budget=20000", "--dump-dom", address);
            var page = await browser.StandardOutput.ReadToEndAsync(Cancelled);
            Assert.Contains("\"tenant\":\"rowan\"", page, StringComparison.Ordinal);
            Assert.Contains("HeadlessChrome", page, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(profile, recursive: true);
        }
    }

    [Theory]
    [InlineData("nonce", HttpStatusCode.Unauthorized, "nonce")]
    [InlineData("expired", HttpStatusCode.Unauthorized, "too old")]
    [InlineData("audience", HttpStatusCode.Unauthorized, "another client")]
    [InlineData("issuer", HttpStatusCode.Unauthorized, "another issuer")]
    [InlineData("group", HttpStatusCode.Forbidden, "None of your groups")]
    [InlineData("unverified", HttpStatusCode.Forbidden, "is verified")]
    [InlineData("state", HttpStatusCode.BadRequest, "belongs to no sign-in")]
    [InlineData("secret", HttpStatusCode.Unauthorized, "invalid_client")]
    [InlineData("skew", HttpStatusCode.OK, "Signed in")]
    public async Task What_does_not_hold_lets_nobody_in_and_is_said(string wrong, HttpStatusCode expected, string said)
    {
        await using var provider = await TestProvider.StartAsync();
        var tenant = $"cedar-{wrong}";
        var admin = await TenantAsync(tenant, provider, wrong == "secret" ? "not the secret" : TestProvider.ClientSecret);
        var now = TimeProvider.System.GetUtcNow();
        provider.WrongNonce = wrong == "nonce";
        provider.EmailVerified = wrong != "unverified";
        provider.Groups = wrong == "group" ? ["Staff"] : ["staff"];
        provider.Tamper = wrong switch
        {
            "expired" => token => token.SetExpirationDate(now.AddMinutes(-3)),
            "skew" => token => token.SetExpirationDate(now.AddMinutes(-1)),
            "audience" => token => token.SetAudiences("another"),
            "issuer" => token => token.SetClaim(OpenIddictConstants.Claims.Private.Issuer, "https://elsewhere.example/"),
            _ => null,
        };
        using var browser = new FormBrowser(cloud.Node.Address);
        var (status, page) = await SignInAsync(browser, tenant, tamper: wrong == "state" ? callback => callback.Replace("state=", "state=x", StringComparison.Ordinal) : null);
        Assert.True((status, page.Contains(said, StringComparison.Ordinal)) == (expected, true), $"{status}: {page}");
        Assert.Equal(expected == HttpStatusCode.OK ? 1 : 0, (await admin.ListUsersAsync(cancellationToken: Cancelled)).Items.Count);
        Assert.Equal(expected == HttpStatusCode.OK ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, (await browser.Http.GetAsync("api/v1/devices", Cancelled)).StatusCode);
    }

    [Fact]
    public async Task A_provider_speaks_for_its_tenant_alone_whatever_address_it_says()
    {
        await using var provider = await TestProvider.StartAsync();
        var admin = await TenantAsync("maple", provider);
        await cloud.Client.CreateTenantAsync(new CreateTenant("olive"), Cancelled);
        var other = new StrataClient(cloud.Http, null, "olive");
        using var victim = await FormBrowser.JoinAsync(cloud.Node.Address, other, "vic@olive.example", new GrantInfo("tenant-admin"));
        provider.Email = "vic@olive.example";
        using var browser = new FormBrowser(cloud.Node.Address);
        Assert.Equal(HttpStatusCode.OK, (await SignInAsync(browser, "maple")).Status); // An account of maple's own, of that address.
        Assert.Equal(HttpStatusCode.NotFound, (await browser.Http.PostAsJsonAsync("api/v1/sessions/tenant", new SwitchTenant("olive"), Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await victim.Http.GetAsync("api/v1/users", Cancelled)).StatusCode);
        Assert.Equal("tenant-admin", Assert.Single(Assert.Single((await other.ListUsersAsync(cancellationToken: Cancelled)).Items).Grants).Role);
        using var byPassword = cloud.NewClient();
        Assert.Equal(HttpStatusCode.NotFound, (await byPassword.PostAsJsonAsync("api/v1/login", new LoginRequest("vic@olive.example", FormBrowser.Password, "maple"), Cancelled)).StatusCode);

        // Who is in the tenant with a password already is not taken over either.
        using var member = await FormBrowser.JoinAsync(cloud.Node.Address, admin, "mo@maple.example", new GrantInfo("operator"));
        (provider.Subject, provider.Email) = ("s-2", "mo@maple.example");
        using var second = new FormBrowser(cloud.Node.Address);
        Assert.Contains("signs in with a password", (await SignInAsync(second, "maple")).Page, StringComparison.Ordinal);

        await admin.RemoveSignInProviderAsync(Cancelled);
        Assert.Equal(HttpStatusCode.NotFound, (await SignInAsync(second, "maple")).Status);
    }

    [Fact]
    public async Task A_provider_that_is_down_is_said_on_a_page()
    {
        var provider = await TestProvider.StartAsync();
        await TenantAsync("poplar", provider);
        using var browser = new FormBrowser(cloud.Node.Address);
        Assert.Equal(HttpStatusCode.OK, (await SignInAsync(browser, "poplar")).Status);
        var port = new Uri(provider.Issuer).Port;
        await provider.DisposeAsync();
        var begun = await browser.Http.GetAsync("/login/provider?tenant=poplar", Cancelled);
        if (begun.StatusCode == HttpStatusCode.Redirect) // What it said of itself is still known; its own page does not open.
            await Assert.ThrowsAsync<HttpRequestException>(() => browser.Http.GetAsync(begun.Headers.Location, Cancelled));
        await TenantAsync("alone", provider: null, issuer: $"http://127.0.0.1:{port}/");
        var (status, page) = await SignInAsync(browser, "alone");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, true), (status, page.Contains("does not answer", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_provider_that_signs_by_another_key_is_believed_without_a_restart_and_the_key_that_is_gone_no_more()
    {
        await using var provider = await TestProvider.StartAsync();
        await using var moved = new MovedCloud();
        await moved.StartAsync();
        await TenantAsync("aspen", provider, of: moved);
        var (first, second) = (TestProvider.NewKey(), TestProvider.NewKey());
        provider.Sign(first);
        using var browser = new FormBrowser(moved.Node.Address);
        Assert.Equal(HttpStatusCode.OK, (await SignInAsync(browser, "aspen")).Status); // The node knows the first key from here on.
        provider.Sign(second);
        moved.Time.Offset += TimeSpan.FromSeconds(11); // The node asks a provider anew when it has not within ten seconds.
        var (status, page) = await SignInAsync(browser, "aspen");
        Assert.True(status == HttpStatusCode.OK, page);
        provider.SecretKey = first; // Signed by the key that was right before.
        (status, page) = await SignInAsync(browser, "aspen");
        Assert.Equal((HttpStatusCode.Unauthorized, true), (status, page.Contains("not signed with one of its keys", StringComparison.Ordinal)));
        moved.Time.Offset += TimeSpan.FromSeconds(11);
        Assert.Equal(HttpStatusCode.Unauthorized, (await SignInAsync(browser, "aspen")).Status); // Nor when the provider was asked anew.
        provider.SecretKey = null;
        Assert.Equal(HttpStatusCode.OK, (await SignInAsync(browser, "aspen")).Status);
    }

    [Fact]
    public async Task A_provider_that_calls_itself_something_else_than_was_set_is_not_used()
    {
        await using var provider = await TestProvider.StartAsync(saysIssuer: new Uri("https://elsewhere.example/"));
        var admin = await TenantAsync("willow", provider);
        using var browser = new FormBrowser(cloud.Node.Address);
        var (status, page) = await SignInAsync(browser, "willow");
        Assert.Equal((HttpStatusCode.BadGateway, true), (status, page.Contains("calls itself &#39;https://elsewhere.example/&#39;", StringComparison.Ordinal)));
        Assert.Empty((await admin.ListUsersAsync(cancellationToken: Cancelled)).Items);
    }

    [Theory]
    [InlineData("http://login.example/", "viewer", "issuer")]
    [InlineData("https://login.example/?x=1", "viewer", "issuer")]
    [InlineData("https://login.example/", "platform-owner", "role")]
    [InlineData("https://login.example/", "nobody", "role")]
    public async Task Settings_that_would_let_in_the_wrong_ones_are_refused(string issuer, string role, string field)
    {
        if (!(await cloud.Client.ListTenantsAsync(cancellationToken: Cancelled)).Items.Any(t => t.Id == "yew"))
            await cloud.Client.CreateTenantAsync(new CreateTenant("yew"), Cancelled);
        var admin = new StrataClient(cloud.Http, null, "yew");
        var refused = await Assert.ThrowsAsync<StrataApiException>(() => admin.SetSignInProviderAsync(new SetSignInProvider(issuer, "c", [new GroupGrant("g", new GrantInfo(role))]), Cancelled));
        Assert.Equal(field, refused.Field);
        Assert.Null((await admin.GetSignInRulesAsync(Cancelled)).Provider);
    }

    private async Task<StrataClient> TenantAsync(string tenant, TestProvider? provider, string secret = TestProvider.ClientSecret, string? issuer = null, RunningCloud? of = null)
    {
        of ??= cloud;
        await of.Client.CreateTenantAsync(new CreateTenant(tenant), Cancelled);
        var admin = new StrataClient(of.Http, null, tenant);
        await admin.SetSignInProviderAsync(
            new SetSignInProvider(
                issuer ?? provider!.Issuer, TestProvider.ClientId, [new GroupGrant("staff", new GrantInfo("viewer", ["hq"])), new GroupGrant("admins", new GrantInfo("tenant-admin"))], secret,
                $"{char.ToUpperInvariant(tenant[0])}{tenant[1..]} login"),
            Cancelled);
        return admin;
    }

    /// <summary>Follows the way by hand: to the provider, which asks for nothing, and back.</summary>
    private static async Task<(HttpStatusCode Status, string Page)> SignInAsync(FormBrowser browser, string tenant, string returnUrl = "/", Func<string, string>? tamper = null)
    {
        var begun = await browser.Http.GetAsync($"/login/provider?tenant={tenant}&returnUrl={Uri.EscapeDataString(returnUrl)}", Cancelled);
        if (begun.StatusCode != HttpStatusCode.Redirect)
            return (begun.StatusCode, await begun.Content.ReadAsStringAsync(Cancelled));
        var let = await browser.Http.GetAsync(begun.Headers.Location, Cancelled);
        Assert.True(let.StatusCode == HttpStatusCode.Redirect, await let.Content.ReadAsStringAsync(Cancelled));
        var callback = let.Headers.Location!.ToString();
        var back = await browser.Http.GetAsync(tamper is null ? callback : tamper(callback), Cancelled);
        return (back.StatusCode, await back.Content.ReadAsStringAsync(Cancelled));
    }
}
