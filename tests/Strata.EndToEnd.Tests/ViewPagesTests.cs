using System.Globalization;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Strata.Cloud.Contracts;

namespace Strata.EndToEnd.Tests;

/// <summary>Saved views in Debian's Chromium: made by a form, seen first by their role, each reader within his scope.</summary>
public sealed class ViewPagesTests(DashboardTests.Running running) : IClassFixture<DashboardTests.Running>
{
    private static readonly string[] Reader = ["readings.read", "devices.read", "sites.read", "gateways.read", "events.read"];

    private string Root => running.Installation.CloudHttp;

    [Fact]
    public async Task A_view_is_made_from_a_template_and_a_building_s_manager_sees_it_first_with_his_floor_alone()
    {
        DashboardTests.Running.Require();
        var admin = await TenantAsync("maple");
        await admin.CreateRoleAsync(new CreateRole("building-manager", Reader));
        await using var context = await AdministratorAsync("maple");
        var page = await OpenAsync(context, "views");
        await Assertions.Expect(page.GetByText("There is no view for you yet.")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "New view" }).ClickAsync();
        await page.GetByLabel("Begin with").SelectOptionAsync("building-manager");
        await Assertions.Expect(page.GetByLabel("Name", new() { Exact = true })).ToHaveValueAsync("building-manager");
        await Assertions.Expect(page.GetByLabel("building-manager", new() { Exact = true })).ToBeCheckedAsync();
        await page.GetByLabel("Places, separated by commas").FillAsync("hq");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(page.Locator("[data-view=building-manager]")).ToContainTextAsync("first page");

        await using var hers = await running.Browser.NewContextAsync();
        var view = await JoinAsync(hers, (await admin.InviteUserAsync(new InviteUser("bea@maple.example", [new GrantInfo("building-manager", ["hq/floor-1"])]))).Url!);
        await Assertions.Expect(view).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("/views/building-manager$"));
        await Assertions.Expect(view.Locator("h1")).ToHaveTextAsync("Building");
        await Assertions.Expect(view.Locator("[data-value='maple-1/temperature']")).ToHaveTextAsync("21.5");
        await Assertions.Expect(view.Locator("[data-widget=counts]")).ToContainTextAsync("1 of 1");
        await Assertions.Expect(view.Locator("main")).Not.ToContainTextAsync("maple-2");
        await Assertions.Expect(view.Locator("main")).Not.ToContainTextAsync("floor-2");
        await Assertions.Expect(view.GetByRole(AriaRole.Link, new() { Name = "Change" })).ToHaveCountAsync(0);
        await SendAsync("maple", "maple-1", """{"temperature":23.25}""");
        await Assertions.Expect(view.Locator("[data-value='maple-1/temperature']")).ToHaveTextAsync("23.25"); // By itself.
        await view.Locator("nav a[href=overview]").ClickAsync();
        await Assertions.Expect(view.Locator("h1")).ToHaveTextAsync("Overview");

        await page.GotoAsync($"{Root}/views/building-manager");
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("maple-2");
        await page.GetByRole(AriaRole.Link, new() { Name = "Change" }).ClickAsync();
        await DashboardTests.ConnectedAsync(page);
        await page.GetByLabel("building-manager", new() { Exact = true }).UncheckAsync();
        await page.GetByLabel("operator", new() { Exact = true }).CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(page.Locator("[data-view=building-manager]")).ToContainTextAsync("operator");
        await view.GotoAsync($"{Root}/views/building-manager");
        await Assertions.Expect(view.GetByRole(AriaRole.Alert)).ToContainTextAsync("There is no view");
    }

    [Fact]
    public async Task An_analyst_s_charts_show_what_was_measured_and_give_it_as_a_file()
    {
        DashboardTests.Running.Require();
        var admin = await TenantAsync("pear");
        await admin.SaveViewAsync("energy", new SaveView("Energy", ["tenant-admin"], ["chart", "latest"], ["power", "energy"], Last: "7d"));
        foreach (var power in new[] { 410, 530, 295 })
            await SendAsync("pear", "pear-1", $$"""{"power":{{power}}}""");
        await using var context = await AdministratorAsync("pear");
        var page = await OpenAsync(context, "views/energy");
        await Assertions.Expect(page.Locator("[data-widget=chart] .js-plotly-plot")).ToHaveCountAsync(1);
        await Assertions.Expect(page.Locator("[data-value='pear-1/power']")).ToHaveTextAsync("295");
        var download = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Link, new() { Name = "CSV" }).ClickAsync());
        Assert.Equal("energy.csv", download.SuggestedFilename);
        var lines = await File.ReadAllLinesAsync(await download.PathAsync());
        Assert.Equal("time,metric,of,value", lines[0]);
        Assert.Contains(lines, l => l.EndsWith($",power,pear-1,{((410 + 530 + 295) / 3.0).ToString("R", CultureInfo.InvariantCulture)}", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(1280, ColorScheme.Light)]
    [InlineData(1280, ColorScheme.Dark)]
    [InlineData(390, ColorScheme.Light)]
    [InlineData(390, ColorScheme.Dark)]
    public async Task Views_of_each_kind_and_their_form_are_free_of_overflow_and_serious_axe_findings(int width, ColorScheme colours)
    {
        DashboardTests.Running.Require();
        var tenant = $"plum-{width}-{colours.ToString().ToLowerInvariant()}";
        var admin = await TenantAsync(tenant);
        foreach (var template in (await admin.ListViewTemplatesAsync()).Items)
            await admin.SaveViewAsync(template.Name, new SaveView(template.Title, ["tenant-admin"], template.Widgets, template.Metrics, Last: template.Last));
        await SendAsync(tenant, $"{tenant}-1", """{"temperature":21.5,"humidity":44,"co2":620,"power":410,"energy":12.5,"occupancy":true}""");
        await using var context = await AdministratorAsync(tenant, new() { ViewportSize = new() { Width = width, Height = 850 }, ColorScheme = colours });
        foreach (var path in new[] { "views/building-manager", "views/energy-analyst", "views/executive", "views", "views?edit=executive", "views/nowhere" })
        {
            var page = await OpenAsync(context, path);
            await Assertions.Expect(page.Locator("main .card, main [role=alert]").First).ToBeVisibleAsync();
            if (Environment.GetEnvironmentVariable("STRATA_SCREENSHOTS") is { } folder)
                await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{path.Replace('/', '-').Replace('?', '-')}-{width}-{colours}.png"), FullPage = true });
            var findings = (await page.RunAxe()).Violations.Where(v => v.Impact is "serious" or "critical").Select(DashboardTests.Describe).ToList();
            Assert.True(findings.Count == 0, $"{path}: {string.Join("; ", findings)}");
            Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= window.innerWidth + 1"), $"{path} is wider than {width} pixels");
            await page.CloseAsync();
        }
    }

    private readonly Dictionary<string, string> secrets = [];

    private StrataClient Of(string tenant) => new(new HttpClient(new SocketsHttpHandler()) { BaseAddress = new Uri(Root + "/") }, running.Installation.Token, tenant);

    /// <summary>A tenant with two floors and a device on each that has sent a temperature.</summary>
    private async Task<StrataClient> TenantAsync(string name)
    {
        await running.Installation.Client.CreateTenantAsync(new CreateTenant(name));
        var applied = await Of(name).ApplyAsync(
            $$"""
            apiVersion: strata/v1
            site: hq
            children: [ { site: floor-1, name: First floor, kind: floor }, { site: floor-2, name: Second floor, kind: floor } ]
            devices: [ { id: {{name}}-1, site: hq/floor-1 }, { id: {{name}}-2, site: hq/floor-2 } ]
            """, dryRun: false, prune: false);
        foreach (var (id, secret) in applied.Secrets)
        {
            secrets[id] = secret;
            await SendAsync(name, id, """{"temperature":21.5}""");
        }
        return Of(name);
    }

    private async Task SendAsync(string tenant, string device, string payload)
    {
        using var http = new HttpClient(new SocketsHttpHandler());
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{Root}/api/v1/devices/{device}/telemetry") { Content = new StringContent(payload, System.Text.Encoding.UTF8, "application/json") };
        request.Headers.Authorization = Installation.Basic($"{tenant}/{device}", secrets[device]);
        using var answer = await http.SendAsync(request);
        answer.EnsureSuccessStatusCode();
    }

    private async Task<IBrowserContext> AdministratorAsync(string tenant, BrowserNewContextOptions? options = null)
    {
        var context = await running.Browser.NewContextAsync(options ?? new());
        var page = await context.NewPageAsync();
        await page.GotoAsync((await Of(tenant).CreateLoginLinkAsync()).Url);
        await Assertions.Expect(page.Locator("h1")).ToBeVisibleAsync();
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

    private static async Task<IPage> JoinAsync(IBrowserContext context, string link)
    {
        var page = await context.NewPageAsync();
        await page.GotoAsync(link);
        await page.GetByLabel("Name").FillAsync("Bea");
        await page.GetByLabel("Password").FillAsync("a long enough one");
        await page.GetByRole(AriaRole.Button, new() { Name = "Join" }).ClickAsync();
        return page;
    }
}
