using System.Net;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Strata.Cloud.Contracts;
using Strata.Cloud.Tenancy.People;

namespace Strata.Cloud.Tests.Access;

/// <summary>An account with a password is linked to the tenant's provider by who is signed in with it and shows it again; against a real provider (OpenIddict) in this process.</summary>
public sealed class ProviderLinkTests(RunningCloud cloud) : IClassFixture<RunningCloud>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_linked_account_comes_in_by_the_provider_with_what_it_was_given_to_this_tenant_alone_until_it_is_unlinked()
    {
        await using var provider = await TestProvider.StartAsync();
        var admin = await TenantAsync("larch", provider);
        await cloud.Client.CreateTenantAsync(new CreateTenant("other"), Cancelled);
        using var bo = await FormBrowser.JoinAsync(cloud.Node.Address, admin, "bo@larch.example", new GrantInfo("operator"));
        var elsewhere = new Uri((await new StrataClient(cloud.Http, null, "other").InviteUserAsync(new InviteUser("bo@larch.example", [new GrantInfo("tenant-admin")]), Cancelled)).Url!);
        Assert.Equal(HttpStatusCode.Redirect, (await bo.PostAsync(elsewhere.PathAndQuery, ("code", elsewhere.Query[6..]), ("password", FormBrowser.Password))).StatusCode);
        await bo.Http.PostAsJsonAsync("api/v1/sessions/tenant", new SwitchTenant("larch"), Cancelled);
        var me = await new StrataClient(bo.Http, null).GetMeAsync(Cancelled);
        Assert.Equal(("Larch login", false), (me.Provider, me.ProviderLinked));

        // The provider says another address and no mapped group: neither matters, only who has signed in there.
        (provider.Subject, provider.Email, provider.Groups) = ("s-bo", "robert@elsewhere.example", []);
        Assert.Contains("do not fit", await (await bo.PostAsync("/account/provider", ("password", "not the password"))).Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
        Assert.Contains("<h1>Linked</h1>", await LinkAsync(bo), StringComparison.Ordinal);
        Assert.True((await new StrataClient(bo.Http, null).GetMeAsync(Cancelled)).ProviderLinked);

        using var again = new FormBrowser(cloud.Node.Address);
        Assert.Equal(HttpStatusCode.OK, (await SignInAsync(again, "larch")).Status);
        var client = new StrataClient(again.Http, null);
        var came = await client.GetMeAsync(Cancelled);
        Assert.Equal(("bo@larch.example", "larch", "operator", null), (came.Email, came.Tenant.Id, came.Grants.Single().Role, came.Provider));
        Assert.Equal(["larch"], came.Tenants.Select(t => t.Id));
        Assert.Equal(HttpStatusCode.NotFound, (await again.Http.PostAsJsonAsync("api/v1/sessions/tenant", new SwitchTenant("other"), Cancelled)).StatusCode);
        Assert.Single((await client.ListSessionsAsync(Cancelled)).Items); // Not where he is signed in elsewhere.
        Assert.Equal(HttpStatusCode.Redirect, (await again.Http.GetAsync("/account/second-factor", Cancelled)).StatusCode); // What is of the account takes the password.
        Assert.Equal(HttpStatusCode.Redirect, (await again.Http.GetAsync("/account/provider", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, (await again.Http.PostAsJsonAsync("api/v1/me/password", new ChangePassword(FormBrowser.Password, "another long enough one"), Cancelled)).StatusCode);

        await bo.PostAsync("/account/provider", ("password", FormBrowser.Password)); // Its form says unlink now.
        Assert.Equal(HttpStatusCode.Unauthorized, (await again.Http.GetAsync("api/v1/devices", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await bo.Http.GetAsync("api/v1/devices", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await SignInAsync(again, "larch")).Status);
        var audit = (await admin.ListAuditAsync(cancellationToken: Cancelled)).Items;
        Assert.Contains(audit, a => a is { Action: "link", Id: "bo@larch.example" });
        Assert.Contains(audit, a => a is { Action: "unlink", Id: "bo@larch.example" });
    }

    [Fact]
    public async Task Nobody_is_linked_by_an_address_or_to_whom_the_provider_means_for_another_account()
    {
        await using var provider = await TestProvider.StartAsync();
        var admin = await TenantAsync("cedar", provider);
        using var mo = await FormBrowser.JoinAsync(cloud.Node.Address, admin, "mo@cedar.example", new GrantInfo("viewer"));
        (provider.Subject, provider.Email) = ("s-mo", "mo@cedar.example");
        using var stranger = new FormBrowser(cloud.Node.Address);
        Assert.Equal(HttpStatusCode.Forbidden, (await SignInAsync(stranger, "cedar")).Status);
        (provider.Subject, provider.Email) = ("s-1", "ada@cedar.example");
        Assert.Equal(HttpStatusCode.OK, (await SignInAsync(stranger, "cedar")).Status); // The provider's own account.
        Assert.Contains("belongs to another account", await LinkAsync(mo), StringComparison.Ordinal);
        provider.Subject = "s-mo";
        Assert.Contains("<h1>Linked</h1>", await LinkAsync(mo), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await SignInAsync(stranger, "cedar")).Status);
        await admin.ChangeUserAsync("mo@cedar.example", new ChangeUser(false), Cancelled);
        Assert.Equal(HttpStatusCode.Forbidden, (await SignInAsync(stranger, "cedar")).Status);
        await admin.ChangeUserAsync("mo@cedar.example", new ChangeUser(true), Cancelled);
        Assert.Equal(HttpStatusCode.OK, (await SignInAsync(stranger, "cedar")).Status);
        await admin.RemoveSignInProviderAsync(Cancelled);
        Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.Http.GetAsync("api/v1/devices", Cancelled)).StatusCode); // And so is every session that it opened.
        Assert.Equal(HttpStatusCode.OK, (await mo.Http.GetAsync("api/v1/devices", Cancelled)).StatusCode);
    }

    [Fact]
    public async Task A_link_that_was_begun_before_the_session_ended_is_not_made_and_a_platform_owner_is_not_linked()
    {
        await using var provider = await TestProvider.StartAsync();
        var admin = await TenantAsync("maple", provider);
        using var di = await FormBrowser.JoinAsync(cloud.Node.Address, admin, "di@maple.example", new GrantInfo("viewer"));
        provider.Subject = "s-di";
        var callback = await ToProviderAsync(di);
        var session = Assert.Single((await admin.ListUserSessionsAsync("di@maple.example", Cancelled)).Items);
        await admin.EndUserSessionsAsync("di@maple.example", session.Id, Cancelled);
        Assert.Contains("begin again", await (await di.Http.GetAsync(callback, Cancelled)).Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
        Assert.Null(cloud.Node.Services.GetRequiredService<PeopleStore>().FindIdentity(Core.Tenancy.TenantId.Parse("maple"), provider.Issuer, "s-di"));

        await SetAsync(cloud.Client, "main", provider);
        using var owner = await FormBrowser.JoinAsync(cloud.Node.Address, cloud.Client, "owner@main.example", new GrantInfo("platform-owner"));
        provider.Subject = "s-owner";
        Assert.Contains("platform&#39;s owner is not linked", await LinkAsync(owner), StringComparison.Ordinal);
    }

    private async Task<StrataClient> TenantAsync(string tenant, TestProvider provider)
    {
        await cloud.Client.CreateTenantAsync(new CreateTenant(tenant), Cancelled);
        var admin = new StrataClient(cloud.Http, null, tenant);
        await SetAsync(admin, tenant, provider);
        return admin;
    }

    private static Task<SignInProvider> SetAsync(StrataClient admin, string tenant, TestProvider provider) => admin.SetSignInProviderAsync(
        new SetSignInProvider(provider.Issuer, TestProvider.ClientId, [new GroupGrant("staff", new GrantInfo("viewer"))], TestProvider.ClientSecret, $"{char.ToUpperInvariant(tenant[0])}{tenant[1..]} login"), Cancelled);

    private static async Task<string> LinkAsync(FormBrowser browser) => await (await browser.Http.GetAsync(await ToProviderAsync(browser), Cancelled)).Content.ReadAsStringAsync(Cancelled);

    /// <summary>Sends the form and follows the way to the provider, up to where it leads back.</summary>
    private static async Task<Uri> ToProviderAsync(FormBrowser browser)
    {
        var page = await (await browser.PostAsync("/account/provider", ("password", FormBrowser.Password))).Content.ReadAsStringAsync(Cancelled);
        var address = Regex.Match(page, "http-equiv=\"refresh\" content=\"0;url=([^\"]*)\"");
        Assert.True(address.Success, page);
        var let = await browser.Http.GetAsync(WebUtility.HtmlDecode(address.Groups[1].Value), Cancelled);
        Assert.True(let.StatusCode == HttpStatusCode.Redirect, await let.Content.ReadAsStringAsync(Cancelled));
        return let.Headers.Location!;
    }

    private static async Task<(HttpStatusCode Status, string Page)> SignInAsync(FormBrowser browser, string tenant)
    {
        var begun = await browser.Http.GetAsync($"/login/provider?tenant={tenant}", Cancelled);
        if (begun.StatusCode != HttpStatusCode.Redirect)
            return (begun.StatusCode, await begun.Content.ReadAsStringAsync(Cancelled));
        var let = await browser.Http.GetAsync(begun.Headers.Location, Cancelled);
        var back = await browser.Http.GetAsync(let.Headers.Location, Cancelled);
        return (back.StatusCode, await back.Content.ReadAsStringAsync(Cancelled));
    }
}
