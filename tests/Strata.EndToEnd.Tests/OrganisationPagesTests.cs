using System.Net;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Strata.Cloud.Contracts;

namespace Strata.EndToEnd.Tests;

/// <summary>The pages of an organisation in Debian's Chromium: what is done on them holds at the API at once.</summary>
public sealed partial class OrganisationPagesTests(DashboardTests.Running running) : IClassFixture<DashboardTests.Running>
{
    private const string Password = "a long enough one";

    private string Root => running.Installation.CloudHttp;

    [Fact]
    public async Task A_token_is_made_works_within_its_scope_and_ends_when_it_is_revoked()
    {
        DashboardTests.Running.Require();
        await TenantAsync("pine");
        await using var context = await OpenAsAdministratorAsync("pine");
        var page = await OpenAsync(context, "tokens");
        await page.GetByRole(AriaRole.Button, new() { Name = "New token" }).ClickAsync();
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("floor display");
        await page.GetByLabel("Where").SelectOptionAsync("some");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("Name a place or a group");
        await page.GetByLabel("Place, with all below it").FillAsync("hq/floor-1");
        await page.GetByLabel("Place, with all below it").PressAsync("Tab");
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Remove hq/floor-1" })).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Create" }).ClickAsync();
        await Assertions.Expect(page.Locator("[data-once]")).ToBeVisibleAsync();
        var token = await page.Locator("[data-once]").InputValueAsync();
        await context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);
        await page.GetByRole(AriaRole.Button, new() { Name = "Copy" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Copied" })).ToBeVisibleAsync();
        Assert.Equal(token, await page.EvaluateAsync<string>("navigator.clipboard.readText()"));
        var asked = await DevicesAsync(token);
        Assert.Equal(HttpStatusCode.OK, asked.Status);
        Assert.Contains("pine-1", asked.Body);
        Assert.DoesNotContain("pine-2", asked.Body);

        await page.GetByRole(AriaRole.Button, new() { Name = "Revoke floor display" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Revoke", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByText("floor display is revoked.")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("[data-token='floor display']")).ToHaveCountAsync(0);
        Assert.Equal(HttpStatusCode.Unauthorized, (await DevicesAsync(token)).Status);
    }

    [Fact]
    public async Task Who_is_invited_with_a_scope_sees_only_his_place_and_is_sent_away_when_disabled()
    {
        DashboardTests.Running.Require();
        await TenantAsync("larch");
        await using var context = await OpenAsAdministratorAsync("larch");
        var page = await OpenAsync(context, "users");
        await page.GetByRole(AriaRole.Button, new() { Name = "Invite" }).ClickAsync();
        await page.GetByLabel("E-mail").FillAsync("bea@larch.example");
        await page.GetByLabel("Where").SelectOptionAsync("some");
        await page.GetByLabel("Place, with all below it").FillAsync("hq/floor-2");
        await page.GetByLabel("Place, with all below it").PressAsync("Tab");
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Remove hq/floor-2" })).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Invite" }).Last.ClickAsync();
        await Assertions.Expect(page.Locator("[data-once]")).ToBeVisibleAsync();
        await using var other = await running.Browser.NewContextAsync();
        var hers = await JoinAsync(other, await page.Locator("[data-once]").InputValueAsync(), "Bea");
        await Assertions.Expect(hers.Locator("nav")).Not.ToContainTextAsync("Users");
        await Assertions.Expect(hers.Locator("header")).ToContainTextAsync("larch");
        await hers.GotoAsync($"{Root}/devices");
        await Assertions.Expect(hers.Locator("tbody tr")).ToHaveCountAsync(1);
        await Assertions.Expect(hers.Locator("tbody tr")).ToContainTextAsync("larch-2");
        await hers.GotoAsync($"{Root}/users");
        await Assertions.Expect(hers.GetByRole(AriaRole.Alert)).ToContainTextAsync("not allowed");

        await page.ReloadAsync();
        await DashboardTests.ConnectedAsync(page);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sessions of bea@larch.example" }).ClickAsync();
        await Assertions.Expect(page.Locator("[data-session]")).ToHaveCountAsync(1);
        await page.GetByRole(AriaRole.Button, new() { Name = "Disable bea@larch.example" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Disable", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator("[data-user='bea@larch.example']")).ToContainTextAsync("disabled");
        await hers.GotoAsync($"{Root}/devices");
        await Assertions.Expect(hers.Locator("h1")).ToHaveTextAsync("Sign in to Strata");
    }

    [Fact]
    public async Task A_user_of_two_tenants_switches_and_sees_the_other_ones_devices()
    {
        DashboardTests.Running.Require();
        await TenantAsync("cedar");
        await TenantAsync("hazel");
        await using var context = await running.Browser.NewContextAsync();
        var page = await JoinAsync(context, (await Of("cedar").InviteUserAsync(new InviteUser("cy@example.com", [new GrantInfo("viewer")]))).Url!, "Cy");
        await page.GotoAsync((await Of("hazel").InviteUserAsync(new InviteUser("cy@example.com", [new GrantInfo("viewer")]))).Url!);
        await page.GetByLabel("Password").FillAsync(Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Join" }).ClickAsync();
        await Assertions.Expect(page.Locator("summary[aria-label^='Tenant hazel']")).ToBeVisibleAsync();
        await DashboardTests.ConnectedAsync(page);
        await page.Locator("summary[aria-label^='Tenant hazel']").ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "cedar" }).ClickAsync();
        await Assertions.Expect(page.Locator("summary[aria-label^='Tenant cedar']")).ToBeVisibleAsync();
        await page.GotoAsync($"{Root}/devices");
        await Assertions.Expect(page.Locator("tbody")).ToContainTextAsync("cedar-1");
        await Assertions.Expect(page.Locator("tbody")).Not.ToContainTextAsync("hazel-1");
    }

    [Fact]
    public async Task The_owner_makes_a_tenant_acts_for_it_disables_and_deletes_it()
    {
        DashboardTests.Running.Require();
        await using var context = await running.SignInAsync();
        var page = await OpenAsync(context, "tenants");
        await page.GetByRole(AriaRole.Button, new() { Name = "New tenant" }).ClickAsync();
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("Rowan Parking");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create" }).ClickAsync();
        await Assertions.Expect(page.Locator("[data-once]")).ToHaveValueAsync(new Regex("/login\\?code="));
        await page.GetByRole(AriaRole.Button, new() { Name = "Open rowan-parking" }).ClickAsync();
        await Assertions.Expect(page.Locator("summary[aria-label^='Tenant Rowan Parking']")).ToContainTextAsync("as owner");
        await page.GotoAsync($"{Root}/devices");
        await Assertions.Expect(page.GetByText("No devices yet.")).ToBeVisibleAsync();
        await DashboardTests.ConnectedAsync(page);
        await page.Locator("summary[aria-label^='Tenant Rowan Parking']").ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Main" }).ClickAsync();
        await Assertions.Expect(page.Locator("summary[aria-label^='Tenant Main']")).ToBeVisibleAsync();

        page = await OpenAsync(context, "tenants");
        await page.GetByRole(AriaRole.Button, new() { Name = "Rename rowan-parking" }).ClickAsync();
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("Rowan Garages");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(page.Locator("[data-tenant=rowan-parking]")).ToContainTextAsync("Rowan Garages");
        await page.GetByRole(AriaRole.Button, new() { Name = "Disable rowan-parking" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Disable", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator("[data-tenant=rowan-parking]")).ToContainTextAsync("disabled");
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete rowan-parking" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator("[data-tenant=rowan-parking]")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task A_role_is_made_and_taken_away_and_the_trail_tells_who_did_it_and_is_whole()
    {
        DashboardTests.Running.Require();
        await TenantAsync("aspen");
        await using var context = await OpenAsAdministratorAsync("aspen");
        var page = await OpenAsync(context, "roles");
        await page.GetByRole(AriaRole.Button, new() { Name = "New role" }).ClickAsync();
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("building-manager");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("at least one permission");
        await page.GetByLabel("See readings and statistics").CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Create" }).ClickAsync();
        await Assertions.Expect(page.Locator("[data-role=building-manager]")).ToBeVisibleAsync();
        Assert.Equal(["readings.read"], (await Of("aspen").ListRolesAsync()).Items.Single(r => r.Name == "building-manager").Permissions);
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete building-manager" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator("[data-role=building-manager]")).ToHaveCountAsync(0);

        page = await OpenAsync(context, "audit");
        await page.GetByLabel("What").SelectOptionAsync("role");
        await page.GetByLabel("Which").FillAsync("building-manager");
        await page.GetByRole(AriaRole.Button, new() { Name = "Search" }).ClickAsync();
        await Assertions.Expect(page.Locator("tr[data-action]")).ToHaveCountAsync(2);
        await page.GetByRole(AriaRole.Button, new() { Name = "Details of create building-manager" }).ClickAsync();
        await Assertions.Expect(page.Locator("tr.detail")).ToContainTextAsync("readings.read");
        await page.GetByRole(AriaRole.Button, new() { Name = "Verify" }).ClickAsync();
        await Assertions.Expect(page.Locator(".verdict")).ToContainTextAsync("The trail is whole.");
        var download = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Link, new() { Name = "Export" }).ClickAsync());
        Assert.Contains("building-manager", await File.ReadAllTextAsync((await download.PathAsync())!));
    }

    [Fact]
    public async Task A_person_changes_the_password_and_ends_a_session_elsewhere()
    {
        DashboardTests.Running.Require();
        await TenantAsync("walnut");
        await using var context = await running.Browser.NewContextAsync();
        await JoinAsync(context, (await Of("walnut").InviteUserAsync(new InviteUser("di@walnut.example", [new GrantInfo("viewer")]))).Url!, "Di");
        await using var elsewhere = await running.Browser.NewContextAsync();
        var there = await LogInAsync(elsewhere, "di@walnut.example", Password);
        await DashboardTests.ConnectedAsync(there);
        var page = await OpenAsync(context, "account");
        await Assertions.Expect(page.Locator("[data-session]")).ToHaveCountAsync(2);
        await page.GetByRole(AriaRole.Button, new() { NameRegex = new Regex("^End the session") }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "End", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator("[data-session]")).ToHaveCountAsync(1);
        await Assertions.Expect(there.Locator("h1")).ToHaveTextAsync("Sign in to Strata"); // By itself: the open page notices.

        await page.GetByLabel("The current one").FillAsync(Password);
        await page.GetByLabel("The new one", new() { Exact = true }).FillAsync("another long enough one");
        await page.GetByLabel("The new one again").FillAsync("another long enough two");
        await page.GetByRole(AriaRole.Button, new() { Name = "Change it" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("not the same");
        await page.GetByLabel("The new one again").FillAsync("another long enough one");
        await page.GetByRole(AriaRole.Button, new() { Name = "Change it" }).ClickAsync();
        await Assertions.Expect(page.GetByText("The password is changed.")).ToBeVisibleAsync();
        await LogInAsync(elsewhere, "di@walnut.example", "another long enough one");
    }

    [Fact]
    public async Task What_is_shared_with_an_application_is_read_by_its_token_until_the_share_is_revoked()
    {
        DashboardTests.Running.Require();
        await TenantAsync("poplar");
        await using var context = await OpenAsAdministratorAsync("poplar");
        var page = await OpenAsync(context, "shares");
        await page.GetByRole(AriaRole.Button, new() { Name = "New share" }).ClickAsync();
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("navigation");
        await page.GetByLabel("Metrics, separated by commas").FillAsync("occupied");
        await page.GetByLabel("Places, separated by commas").FillAsync("hq/floor-1");
        await page.GetByRole(AriaRole.Button, new() { Name = "Share", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator("[data-share=navigation]")).ToContainTextAsync("hq/floor-1");
        await page.GetByRole(AriaRole.Button, new() { Name = "New token of navigation" }).ClickAsync();
        await page.GetByLabel("Application").FillAsync("phone app");
        await page.GetByRole(AriaRole.Button, new() { Name = "Make the token" }).ClickAsync();
        var token = await page.Locator("[data-once]").InputValueAsync();
        var shared = await new StrataClient(new HttpClient(new SocketsHttpHandler()) { BaseAddress = new Uri(Root + "/") }, token).GetOwnShareAsync();
        Assert.Equal(["occupied"], shared.Metrics);
        await page.GetByRole(AriaRole.Button, new() { Name = "Revoke navigation" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Revoke", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByText("Nothing is shared.")).ToBeVisibleAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, (await DevicesAsync(token)).Status);
    }

    [Fact]
    public async Task The_owner_promises_and_prices_and_the_tenant_sees_both_and_changes_neither()
    {
        DashboardTests.Running.Require();
        await TenantAsync("alder");
        await running.Installation.Client.SetPricePlanAsync("flat", new SetPricePlan("EUR", [new PriceRateInfo("million-messages", [new PriceTierInfo(1.5m)])], 7m));
        await using var owners = await running.SignInAsync();
        var page = await OpenAsync(owners, "tenants");
        await page.GetByRole(AriaRole.Button, new() { Name = "Open alder" }).ClickAsync();
        await Assertions.Expect(page.Locator("summary[aria-label^='Tenant alder']")).ToBeVisibleAsync();
        page = await OpenAsync(owners, "sla");
        await page.GetByRole(AriaRole.Button, new() { Name = "Promise something" }).ClickAsync();
        await page.GetByLabel("Target, percent").FillAsync("99.9");
        await page.GetByRole(AriaRole.Button, new() { Name = "Promise", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator("[data-objective=ingest-availability]")).ToContainTextAsync("99.9 %");
        page = await OpenAsync(owners, "billing");
        await page.GetByRole(AriaRole.Button, new() { Name = "Price plan" }).ClickAsync();
        await page.Locator("form.card select").SelectOptionAsync("flat");
        await page.GetByRole(AriaRole.Button, new() { Name = "Give", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator("#due")).ToHaveTextAsync("7.00");

        await using var context = await OpenAsAdministratorAsync("alder");
        page = await OpenAsync(context, "billing");
        await Assertions.Expect(page.Locator("#due")).ToHaveTextAsync("7.00");
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Price plan" })).ToHaveCountAsync(0);
        var printed = await context.NewPageAsync();
        await printed.GotoAsync($"{Root}/{await page.GetByRole(AriaRole.Link, new() { Name = "Print" }).GetAttributeAsync("href")}");
        await Assertions.Expect(printed.Locator("body")).ToContainTextAsync("7.00");
        page = await OpenAsync(context, "sla");
        await Assertions.Expect(page.Locator("[data-objective=ingest-availability]")).ToContainTextAsync("99.9 %");
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Promise something" })).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task Usage_shows_what_was_stored_and_a_quota_that_is_nearly_used_up_warns()
    {
        DashboardTests.Running.Require();
        await TenantAsync("beech");
        await Of("beech").ChangeQuotasAsync(new ChangeQuotas(Own: new Dictionary<string, long?> { ["devices"] = 2 }));
        await using var context = await OpenAsAdministratorAsync("beech");
        var page = await OpenAsync(context, "usage");
        await Assertions.Expect(page.Locator("[data-quota=devices]")).ToContainTextAsync("2 of 2");
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Change" })).ToHaveCountAsync(0);
        await running.SendAsync("""{"temperature":19}""");
        await using var owners = await running.SignInAsync();
        page = await OpenAsync(owners, "usage");
        await Assertions.Expect(page.Locator("svg.bars rect").First).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "30 days" }).ClickAsync();
        await page.GetByText("As a table").ClickAsync();
        await Assertions.Expect(page.Locator(".figures tbody tr")).ToHaveCountAsync(30);
        await page.GetByRole(AriaRole.Button, new() { Name = "Change" }).ClickAsync();
        await page.GetByLabel("Connections", new() { Exact = true }).FillAsync("5000");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(page.Locator("[data-quota=connections]")).ToContainTextAsync("5,000");
    }

    [Theory]
    [InlineData(1280, ColorScheme.Dark)]
    [InlineData(390, ColorScheme.Light)]
    public async Task Open_forms_and_menus_are_free_of_overflow_and_serious_axe_findings(int width, ColorScheme colours)
    {
        DashboardTests.Running.Require();
        await TenantAsync($"olive-{width}");
        await using var context = await OpenAsAdministratorAsync($"olive-{width}", new() { ViewportSize = new() { Width = width, Height = 850 }, ColorScheme = colours });
        foreach (var (path, button) in new[] { ("users", "Invite"), ("tokens", "New token"), ("roles", "New role"), ("groups", "New group"), ("hooks", "New hook") })
        {
            var page = await OpenAsync(context, path);
            if (width < 500)
            {
                await page.GetByRole(AriaRole.Button, new() { Name = "Menu" }).ClickAsync();
                await Assertions.Expect(page.Locator("nav a[href=tokens]")).ToBeVisibleAsync();
                await page.Keyboard.PressAsync("Escape");
                await page.Locator(".scrim").ClickAsync(new() { Position = new() { X = width - 10, Y = 400 } });
            }
            await page.GetByRole(AriaRole.Button, new() { Name = button }).First.ClickAsync();
            await Assertions.Expect(page.Locator("form.card")).ToBeVisibleAsync();
            await page.Locator("summary[aria-label^='Account of']").ClickAsync();
            var findings = (await page.RunAxe()).Violations.Where(v => v.Impact is "serious" or "critical").Select(DashboardTests.Describe).ToList();
            Assert.True(findings.Count == 0, $"{path}: {string.Join("; ", findings)}");
            Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= window.innerWidth + 1"), $"{path} is wider than {width} pixels");
            await page.CloseAsync();
        }
    }

    private StrataClient Of(string tenant) => new(new HttpClient(new SocketsHttpHandler()) { BaseAddress = new Uri(Root + "/") }, running.Installation.Token, tenant);

    /// <summary>A tenant with two floors and a device on each.</summary>
    private async Task TenantAsync(string name)
    {
        await running.Installation.Client.CreateTenantAsync(new CreateTenant(name));
        await Of(name).ApplyAsync(
            $$"""
            apiVersion: strata/v1
            site: hq
            children: [ { site: floor-1 }, { site: floor-2 } ]
            devices: [ { id: {{name}}-1, site: hq/floor-1 }, { id: {{name}}-2, site: hq/floor-2 } ]
            """, dryRun: false, prune: false);
    }

    private async Task<IBrowserContext> OpenAsAdministratorAsync(string tenant, BrowserNewContextOptions? options = null)
    {
        var context = await running.Browser.NewContextAsync(options ?? new());
        var page = await context.NewPageAsync();
        await page.GotoAsync((await Of(tenant).CreateLoginLinkAsync()).Url);
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Overview");
        await page.CloseAsync();
        return context;
    }

    private async Task<IPage> OpenAsync(IBrowserContext context, string path)
    {
        var page = await context.NewPageAsync();
        await page.GotoAsync($"{Root}/{path}");
        await DashboardTests.ConnectedAsync(page);
        return page;
    }

    private static async Task<IPage> JoinAsync(IBrowserContext context, string link, string name)
    {
        var page = await context.NewPageAsync();
        await page.GotoAsync(link);
        await page.GetByLabel("Name").FillAsync(name);
        await page.GetByLabel("Password").FillAsync(Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Join" }).ClickAsync();
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Overview");
        return page;
    }

    private async Task<IPage> LogInAsync(IBrowserContext context, string email, string password)
    {
        var page = await context.NewPageAsync();
        await page.GotoAsync($"{Root}/login");
        await page.GetByLabel("E-mail").FillAsync(email);
        await page.GetByLabel("Password").FillAsync(password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Overview");
        return page;
    }

    private async Task<(HttpStatusCode Status, string Body)> DevicesAsync(string token)
    {
        using var http = new HttpClient(new SocketsHttpHandler());
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Root}/api/v1/devices") { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", token) } };
        using var answer = await http.SendAsync(request);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }
}
