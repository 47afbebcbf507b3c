using System.Net;
using System.Net.Http.Headers;
using Strata.Cloud.Contracts;

namespace Strata.Cloud.Tests.Access;

/// <summary>Tenants, tokens and roles by the API.</summary>
public sealed class TenancyApiTests(RunningCloud cloud) : IClassFixture<RunningCloud>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_tenant_is_created_disabled_and_deleted_when_it_is_empty()
    {
        var created = await cloud.Client.CreateTenantAsync(new CreateTenant("Blue Bird"), Cancelled);
        Assert.Equal("blue-bird", created.Id);
        await RefusedAsync(HttpStatusCode.Conflict, () => cloud.Client.CreateTenantAsync(new CreateTenant("BLUE bird"), Cancelled));
        await RefusedAsync(HttpStatusCode.BadRequest, () => cloud.Client.CreateTenantAsync(new CreateTenant("Strata Probe"), Cancelled));
        var client = Of("blue-bird");
        var token = await client.CreateTokenAsync(new CreateToken([new GrantInfo("tenant-admin")]), Cancelled);
        await client.CreateDeviceAsync(new CreateDevice("t-1"), Cancelled);
        await RefusedAsync(HttpStatusCode.Conflict, () => cloud.Client.DeleteTenantAsync("blue-bird", Cancelled));

        await cloud.Client.ChangeTenantAsync("blue-bird", new ChangeTenant(Enabled: false), Cancelled);
        await RefusedAsync(HttpStatusCode.Unauthorized, () => With(token.Token).ListDevicesAsync(cancellationToken: Cancelled));
        Assert.Single((await client.ListDevicesAsync(cancellationToken: Cancelled)).Items); // Its owner may still look.
        await cloud.Client.ChangeTenantAsync("blue-bird", new ChangeTenant("Bluebird", true), Cancelled);
        Assert.Single((await With(token.Token).ListDevicesAsync(cancellationToken: Cancelled)).Items);

        await client.DeleteDeviceAsync("t-1", Cancelled);
        await cloud.Client.DeleteTenantAsync("blue-bird", Cancelled);
        await RefusedAsync(HttpStatusCode.Unauthorized, () => With(token.Token).ListDevicesAsync(cancellationToken: Cancelled));
        await RefusedAsync(HttpStatusCode.NotFound, () => client.ListDevicesAsync(cancellationToken: Cancelled));
        await RefusedAsync(HttpStatusCode.Conflict, () => cloud.Client.CreateTenantAsync(new CreateTenant("blue-bird"), Cancelled));
        await RefusedAsync(HttpStatusCode.Conflict, () => cloud.Client.DeleteTenantAsync("main", Cancelled));
        await RefusedAsync(HttpStatusCode.Conflict, () => cloud.Client.ChangeTenantAsync("main", new ChangeTenant(Enabled: false), Cancelled));
    }

    [Fact]
    public async Task Nobody_acts_for_another_tenant_and_none_is_told_from_one_that_is_not_there()
    {
        await cloud.Client.CreateTenantAsync(new CreateTenant("first"), Cancelled);
        await cloud.Client.CreateTenantAsync(new CreateTenant("second"), Cancelled);
        var token = (await Of("first").CreateTokenAsync(new CreateToken([new GrantInfo("tenant-admin")]), Cancelled)).Token;
        Assert.Empty((await With(token, "first").ListDevicesAsync(cancellationToken: Cancelled)).Items);
        var foreign = await RefusedAsync(HttpStatusCode.NotFound, () => With(token, "second").ListDevicesAsync(cancellationToken: Cancelled));
        var nobody = await RefusedAsync(HttpStatusCode.NotFound, () => With(token, "nobody").ListDevicesAsync(cancellationToken: Cancelled));
        Assert.Equal(nobody, foreign);
        await RefusedAsync(HttpStatusCode.Forbidden, () => With(token).ListTenantsAsync(cancellationToken: Cancelled));
        await RefusedAsync(HttpStatusCode.Forbidden, () => With(token).CreateTokenAsync(new CreateToken([new GrantInfo("platform-owner")]), Cancelled));
        await RefusedAsync(HttpStatusCode.Forbidden, () => Of("first").CreateTokenAsync(new CreateToken([new GrantInfo("platform-owner")]), Cancelled));
    }

    [Fact]
    public async Task A_token_gives_no_more_than_it_has_and_manages_what_lies_within_its_scope()
    {
        await cloud.Client.CreateTenantAsync(new CreateTenant("scoped"), Cancelled);
        var whole = Of("scoped");
        var all = await whole.CreateTokenAsync(new CreateToken([new GrantInfo("viewer")], "sees all"), Cancelled);
        var manager = With((await whole.CreateTokenAsync(new CreateToken([new GrantInfo("tenant-admin", ["hq/floor-1"])], "manager"), Cancelled)).Token);
        var given = await manager.CreateTokenAsync(new CreateToken([new GrantInfo("viewer", ["hq/floor-1/east"])], "given"), Cancelled);
        await RefusedAsync(HttpStatusCode.NotFound, () => manager.CreateTokenAsync(new CreateToken([new GrantInfo("viewer")]), Cancelled));
        await RefusedAsync(HttpStatusCode.NotFound, () => manager.CreateTokenAsync(new CreateToken([new GrantInfo("viewer", ["hq/floor-10"])]), Cancelled));
        await RefusedAsync(HttpStatusCode.Forbidden, () => manager.CreateRoleAsync(new CreateRole("mine", ["readings.read"]), Cancelled));
        Assert.Equal(["given", "manager"], (await manager.ListTokensAsync(cancellationToken: Cancelled)).Items.Select(t => t.Name).Order());
        await RefusedAsync(HttpStatusCode.NotFound, () => manager.RevokeTokenAsync(all.Id, Cancelled));
        Assert.Equal("given", Assert.Single((await manager.ListTokensAsync(given.Token, cancellationToken: Cancelled)).Items).Name); // Found by the whole token too.
        await manager.RevokeTokenAsync(given.Token, Cancelled);
        await RefusedAsync(HttpStatusCode.Unauthorized, () => With(given.Token).ListDevicesAsync(cancellationToken: Cancelled));
    }

    [Fact]
    public async Task A_tenants_own_role_holds_its_permissions_and_stays_while_somebody_has_it()
    {
        await cloud.Client.CreateTenantAsync(new CreateTenant("roles"), Cancelled);
        var owner = Of("roles");
        await owner.CreateRoleAsync(new CreateRole("analyst", ["readings.read"]), Cancelled);
        var token = await owner.CreateTokenAsync(new CreateToken([new GrantInfo("analyst")]), Cancelled);
        Assert.Equal(0, (await With(token.Token).CountReadingsAsync(cancellationToken: Cancelled)).Count);
        await RefusedAsync(HttpStatusCode.Forbidden, () => With(token.Token).ListDevicesAsync(cancellationToken: Cancelled));
        await RefusedAsync(HttpStatusCode.Conflict, () => owner.DeleteRoleAsync("analyst", Cancelled));
        await RefusedAsync(HttpStatusCode.Conflict, () => owner.DeleteRoleAsync("viewer", Cancelled));
        await owner.RevokeTokenAsync(token.Id, Cancelled);
        await owner.DeleteRoleAsync("analyst", Cancelled);
        await RefusedAsync(HttpStatusCode.BadRequest, () => owner.CreateTokenAsync(new CreateToken([new GrantInfo("analyst")]), Cancelled));
    }

    [Fact]
    public async Task A_site_file_says_whose_it_is_and_is_nobody_elses()
    {
        await cloud.Client.CreateTenantAsync(new CreateTenant("written"), Cancelled);
        const string file = "apiVersion: strata/v1\ntenant: written\nsite: plant\ndevices: [{id: t-7, site: plant}]\n";
        await cloud.Client.ApplyAsync(file, dryRun: false, prune: false, cancellationToken: Cancelled);
        Assert.Equal("t-7", Assert.Single((await Of("written").ListDevicesAsync(cancellationToken: Cancelled)).Items).Id);
        await RefusedAsync(HttpStatusCode.NotFound, () => cloud.Client.GetDeviceAsync("t-7", Cancelled));
        await cloud.Client.CreateTenantAsync(new CreateTenant("writer"), Cancelled);
        var token = (await Of("writer").CreateTokenAsync(new CreateToken([new GrantInfo("tenant-admin")]), Cancelled)).Token;
        var foreign = await RefusedAsync(HttpStatusCode.NotFound, () => With(token).ApplyAsync(file, dryRun: true, prune: false, cancellationToken: Cancelled));
        Assert.Equal(foreign, await RefusedAsync(
            HttpStatusCode.NotFound, () => With(token).ApplyAsync(file.Replace("written", "nobody", StringComparison.Ordinal), dryRun: true, prune: false, cancellationToken: Cancelled)));
        await RefusedAsync(HttpStatusCode.BadRequest, () => cloud.Client.ApplyAsync($"{file}---\n{file.Replace("written", "writer", StringComparison.Ordinal)}", dryRun: true, prune: false, cancellationToken: Cancelled));
    }

    [Fact]
    public async Task A_token_expires()
    {
        var token = await cloud.Client.CreateTokenAsync(new CreateToken([new GrantInfo("viewer")], ValidFor: TimeSpan.FromSeconds(2)), Cancelled);
        using var http = cloud.NewClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/live");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token.Token);
        using var live = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled);
        Assert.Equal(HttpStatusCode.OK, live.StatusCode);
        await live.Content.ReadAsStringAsync(Cancelled).WaitAsync(TimeSpan.FromSeconds(20), Cancelled); // It ends by itself.
        await RefusedAsync(HttpStatusCode.Unauthorized, () => With(token.Token).ListDevicesAsync(cancellationToken: Cancelled));
    }

    [Fact]
    public async Task An_administrators_link_opens_the_pages_of_its_tenant_once()
    {
        var created = await cloud.Client.CreateTenantAsync(new CreateTenant("linked"), Cancelled);
        await Of("linked").CreateDeviceAsync(new CreateDevice("only-linked"), Cancelled);
        await cloud.Client.CreateDeviceAsync(new CreateDevice("only-main"), Cancelled);
        using var browser = new HttpClient(new SocketsHttpHandler { CookieContainer = new CookieContainer(), AllowAutoRedirect = false }) { BaseAddress = cloud.Node.Address };
        using var first = await browser.GetAsync(created.AdminLink, Cancelled);
        Assert.Equal(HttpStatusCode.Redirect, first.StatusCode);
        var page = await browser.GetStringAsync("devices", Cancelled);
        Assert.Contains("only-linked", page, StringComparison.Ordinal);
        Assert.DoesNotContain("only-main", page, StringComparison.Ordinal);
        using var other = cloud.NewClient();
        using var second = await other.GetAsync(created.AdminLink, Cancelled);
        Assert.Equal(HttpStatusCode.Unauthorized, second.StatusCode);
    }

    [Fact]
    public async Task The_audit_trail_is_sealed_verified_and_exported()
    {
        await cloud.Client.CreateTenantAsync(new CreateTenant("audited"), Cancelled);
        var owner = Of("audited");
        await owner.CreateTokenAsync(new CreateToken([new GrantInfo("viewer")], "one"), Cancelled);
        AuditRecord newest;
        var deadline = TimeProvider.System.GetTimestamp();
        do
        {
            newest = (await owner.ListAuditAsync(cancellationToken: Cancelled)).Items[0];
            Assert.True(TimeProvider.System.GetElapsedTime(deadline) < TimeSpan.FromSeconds(20), "The record was not sealed.");
        }
        while (newest.Number is null);
        Assert.Equal(("admin", "create", "api-token", "127.0.0.1", "done"), (newest.Actor, newest.Action, newest.Kind, newest.From, newest.Result));
        Assert.DoesNotContain("strata_", newest.After, StringComparison.Ordinal);
        Assert.Equal(new AuditVerification(true, 2, null, null), await owner.VerifyAuditAsync(Cancelled));
        var lines = new List<string>();
        await foreach (var line in owner.ExportAuditAsync(Cancelled))
            lines.Add(line);
        Assert.Equal(2, lines.Count);
    }

    private StrataClient Of(string tenant) => new(cloud.Http, null, tenant);

    private StrataClient With(string token, string? tenant = null) => new(cloud.NewClient(), token, tenant);

    private static async Task<string> RefusedAsync(HttpStatusCode status, Func<Task> act)
    {
        var refused = await Assert.ThrowsAsync<StrataApiException>(act);
        Assert.True(status == refused.StatusCode, $"{refused.StatusCode}: {refused.Message}");
        return refused.Message;
    }
}
