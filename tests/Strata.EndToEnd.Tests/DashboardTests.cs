using System.Text.Json;
using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Strata.Cli.Demo;
using Strata.Cli.Processes;
using Strata.Cloud.Contracts;

namespace Strata.EndToEnd.Tests;

/// <summary>The dashboard in Debian's Chromium.</summary>
public sealed partial class DashboardTests(DashboardTests.Running running) : IClassFixture<DashboardTests.Running>
{
    private static readonly string[] Pages = ["", "fleet", "maintenance", "sites", "devices", "devices/t-101", "gateways", "provisioning", "certificates", "commands", "artifacts", "rollouts", "users", "roles", "tokens", "audit", "tenants", "account", "shares", "usage", "sla", "billing"];

    [Fact]
    public async Task The_printed_link_signs_in_once()
    {
        Running.Require();
        var link = await running.Installation.Client.CreateLoginLinkAsync();
        await using var context = await running.Browser.NewContextAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync(running.Installation.CloudHttp);
        Assert.NotEqual("Overview", await page.Locator("h1").First.TextContentAsync());
        await page.GotoAsync(link.Url);
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Overview");
        await using var other = await running.Browser.NewContextAsync();
        var second = await other.NewPageAsync();
        await second.GotoAsync(link.Url);
        Assert.NotEqual("Overview", await second.Locator("h1").First.TextContentAsync());
    }

    [Fact]
    public async Task A_value_changes_while_the_page_is_open()
    {
        Running.Require();
        await using var context = await running.SignInAsync();
        var page = await context.NewPageAsync();
        await running.SendAsync("""{"temperature":20.5}""");
        await page.GotoAsync($"{running.Installation.CloudHttp}/devices/t-101");
        var value = page.Locator("[data-latest=temperature]");
        await Assertions.Expect(value).ToHaveTextAsync("20.5");
        await running.SendAsync("""{"temperature":23.75}""");
        await Assertions.Expect(value).ToHaveTextAsync("23.75");
    }

    [Fact]
    public async Task An_outage_is_visible_on_the_gateways_page()
    {
        Running.Require();
        await using var context = await running.SignInAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync($"{running.Installation.CloudHttp}/gateways");
        var gateway = page.Locator("[data-gateway=gw-hq]");
        await Assertions.Expect(gateway).ToHaveAttributeAsync("data-state", "online");
        running.Plug.Cut();
        await Assertions.Expect(gateway).ToHaveAttributeAsync("data-state", "offline", new() { Timeout = 40_000 });
        running.Plug.Restore();
        await Assertions.Expect(gateway).ToHaveAttributeAsync("data-state", "online", new() { Timeout = 40_000 });
    }

    [Theory]
    [InlineData(1280, ColorScheme.Light)]
    [InlineData(1280, ColorScheme.Dark)]
    [InlineData(390, ColorScheme.Light)]
    public async Task Every_page_is_free_of_console_errors_overflow_and_serious_axe_findings(int width, ColorScheme colours)
    {
        Running.Require();
        await using var context = await running.SignInAsync(new() { ViewportSize = new() { Width = width, Height = 850 }, ColorScheme = colours });
        var page = await context.NewPageAsync();
        var errors = new List<string>();
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
                errors.Add($"{page.Url}: {message.Text}");
        };
        page.PageError += (_, error) => errors.Add($"{page.Url}: {error}");
        await running.SendAsync("""{"temperature":21}""");
        foreach (var path in Pages)
        {
            await page.GotoAsync($"{running.Installation.CloudHttp}/{path}");
            await ConnectedAsync(page);
            await Assertions.Expect(page.Locator("main .card").First).ToBeVisibleAsync();
            await Assertions.Expect(page.Locator("[aria-busy=true]")).ToHaveCountAsync(0);
            var findings = (await page.RunAxe()).Violations.Where(v => v.Impact is "serious" or "critical").ToList();
            Assert.True(findings.Count == 0, $"{path}: {string.Join("; ", findings.Select(Describe))}");
            Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= window.innerWidth + 1"), $"{path} is wider than {width} pixels");
        }
        Assert.Empty(errors);
    }

    [Fact]
    public async Task The_rollout_of_a_configuration_shows_what_it_changes()
    {
        Running.Require();
        using var content = JsonDocument.Parse("""{"interval":60}""");
        var rollout = await running.Installation.Client.CreateRolloutAsync(new CreateRollout(Name: "faster", Configuration: new RolloutConfiguration("tenant", content.RootElement)));
        await using var context = await running.SignInAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync($"{running.Installation.CloudHttp}/rollouts");
        await ConnectedAsync(page);
        var card = page.Locator($"[data-rollout='{rollout.Id}']");
        await Assertions.Expect(card).ToContainTextAsync("Configuration of tenant, soft, id:*.");
        await card.GetByRole(AriaRole.Button, new() { Name = "What changes" }).ClickAsync();
        await Assertions.Expect(card.Locator("[data-change] tbody tr")).ToHaveTextAsync(["interval-60"]);
        // Who made it is not offered what would be refused.
        await Assertions.Expect(card.Locator("[data-approval]")).ToHaveTextAsync($"Somebody else than {rollout.CreatedBy} has to approve.");
        await Assertions.Expect(card.GetByRole(AriaRole.Button, new() { Name = "Approve" })).ToHaveCountAsync(0);
        await AccessibleAsync(page);
    }

    [Fact]
    public async Task A_configuration_is_drafted_from_what_its_layer_says_and_the_page_says_why_one_is_refused()
    {
        const string Layer = "site/hq/floor-1";
        Running.Require();
        var client = running.Installation.Client;
        await client.PutConfigurationLayerAsync(Layer, """{"colour":1}""");
        await using var context = await running.SignInAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync($"{running.Installation.CloudHttp}/rollouts");
        await ConnectedAsync(page);
        var form = page.GetByRole(AriaRole.Region, new() { Name = "Rehearsal" });
        var (artifact, layer, content) = (form.GetByRole(AriaRole.Textbox, new() { Name = "Artifact" }), form.GetByRole(AriaRole.Textbox, new() { Name = "Layer" }), form.GetByRole(AriaRole.Textbox, new() { Name = "Content" }));
        var (refusal, plan) = (form.GetByRole(AriaRole.Alert), form.Locator("[data-plan]"));
        await Assertions.Expect(artifact).ToBeVisibleAsync();
        await form.GetByRole(AriaRole.Combobox).SelectOptionAsync("a configuration");
        await Assertions.Expect(artifact).ToHaveCountAsync(0);
        await AccessibleAsync(page);

        // It begins with what the layer says now.
        await layer.FillAsync(Layer);
        await PressAsync("Begin with what it says now");
        await Assertions.Expect(content).ToHaveValueAsync("{\n  \"colour\": 1\n}");

        await RefusedAsync("""{"colour":""", "What the layer is to say is no JSON: ");
        await RefusedAsync("[]", "A layer is a JSON object of what is wanted.");
        await RefusedAsync("""{"colour":1}""", $"Layer '{Layer}' says that already.");
        await layer.FillAsync("hq");
        await RefusedAsync("""{"colour":2}""", "A layer is 'tenant', 'group/ID', 'site/PATH' or 'device/ID'.");

        // What was rehearsed is refused in the API's words when a schema comes between.
        await layer.FillAsync(Layer);
        await RehearseAsync();
        await Assertions.Expect(plan).ToContainTextAsync("1 device matches, 1 is given it");
        await client.PutConfigurationSchemaAsync("room-sensor", """{"properties":{"colour":{"maximum":1}}}""");
        await PressAsync("Draft it");
        await Assertions.Expect(refusal).ToContainTextAsync("Device 't-101' cannot have it: it would not fit the schema of model 'room-sensor'");
        await RehearseAsync();
        await Assertions.Expect(plan).ToContainTextAsync("A configuration is drafted when all that its layer concerns can have it.");
        await Assertions.Expect(plan).ToContainTextAsync("Not 1: it would not fit the schema of model 'room-sensor'");
        await Assertions.Expect(form.GetByRole(AriaRole.Button, new() { Name = "Draft it" })).ToBeDisabledAsync();
        await client.DeleteConfigurationSchemaAsync("room-sensor");

        var other = await client.CreateRolloutAsync(new CreateRollout(NeedsApproval: false, Configuration: Says("""{"colour":3}""")));
        await form.GetByLabel("whole places").CheckAsync();
        await RehearseAsync();
        await Assertions.Expect(form.GetByRole(AriaRole.Button, new() { Name = "Draft it" })).ToBeEnabledAsync();
        await form.GetByRole(AriaRole.Textbox, new() { Name = "Name" }).FillAsync(" Green ");
        await PressAsync("Draft it");
        var card = page.Locator("[data-rollout]").First;
        await Assertions.Expect(card).Not.ToHaveAttributeAsync("data-rollout", other.Id);
        await Assertions.Expect(card).ToContainTextAsync($"Configuration of {Layer}, soft");
        var drafted = await client.GetRolloutAsync((await card.GetAttributeAsync("data-rollout"))!);
        Assert.Equal(("Green", "drafted", Layer, 1L, """{"colour":2}"""), (drafted.Name, drafted.State, drafted.Configuration!.Layer, drafted.Configuration.Version, drafted.Configuration.Content!.Value.GetRawText()));

        // One rollout at a time changes a layer.
        await client.StepRolloutAsync(other.Id, "start");
        await card.GetByRole(AriaRole.Button, new() { Name = "Start" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToHaveTextAsync($"Layer '{Layer}' is changed by rollout {other.Id} now.");

        // What is to be deleted has no content.
        await form.GetByLabel("delete it").CheckAsync();
        await Assertions.Expect(content).ToHaveCountAsync(0);
        await RehearseAsync();
        await PressAsync("Draft it");
        await Assertions.Expect(card).ToContainTextAsync($"Deletion of {Layer}, soft");
        await card.GetByRole(AriaRole.Button, new() { Name = "What changes" }).ClickAsync();
        await Assertions.Expect(card.Locator("[data-change] tbody tr")).ToHaveTextAsync(["colour1-"]);
        await layer.FillAsync("site/hq/nowhere");
        await RehearseAsync();
        await Assertions.Expect(refusal).ToContainTextAsync("There is no layer 'site/hq/nowhere'.");

        // Nobody is in the group yet.
        await client.PutGroupAsync("nobody", new SaveGroup(null, "tag.group=nobody", null));
        await form.GetByLabel("delete it").UncheckAsync();
        await layer.FillAsync("group/nobody");
        await content.FillAsync("""{"colour":4}""");
        await RehearseAsync();
        await Assertions.Expect(plan).ToContainTextAsync("Nobody is given it now. It can be drafted; it starts when a device matches.");
        await PressAsync("Draft it");
        await Assertions.Expect(page.Locator("[data-rollout]").First).ToContainTextAsync("Configuration of group/nobody, soft");

        Task PressAsync(string button) => form.GetByRole(AriaRole.Button, new() { Name = button }).ClickAsync();

        Task RehearseAsync() => PressAsync("Rehearse");

        async Task RefusedAsync(string says, string why)
        {
            await content.FillAsync(says);
            await RehearseAsync();
            await Assertions.Expect(refusal).ToContainTextAsync(why);
            await Assertions.Expect(plan).ToHaveCountAsync(0);
        }

        static RolloutConfiguration Says(string json)
        {
            using var document = JsonDocument.Parse(json);
            return new RolloutConfiguration(Layer, document.RootElement.Clone());
        }
    }

    [Fact]
    public async Task The_pages_can_be_walked_by_keyboard()
    {
        Running.Require();
        await using var context = await running.SignInAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync(running.Installation.CloudHttp);
        await ConnectedAsync(page);
        await page.Locator("nav a[href=devices]").PressAsync("Enter"); // Finds the link again when the page replaces it meanwhile.
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Devices");
        await Assertions.Expect(page.Locator("h1")).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Tab");
        await Assertions.Expect(page.GetByPlaceholder("part of an id")).ToBeFocusedAsync();
        await page.Keyboard.TypeAsync("t-101");
        await Assertions.Expect(page.Locator("tbody tr")).ToHaveCountAsync(1);
    }

    /// <summary>The controls are enabled once the page is connected; before, the browser still swaps what was rendered ahead.</summary>
    internal static Task ConnectedAsync(IPage page) => Assertions.Expect(page.Locator("header .icon-button")).ToBeEnabledAsync();

    internal static string Describe(AxeResultItem finding) => $"{finding.Id}: {finding.Help} ({string.Join(", ", finding.Nodes.Take(3).Select(n => n.Html))})";

    /// <summary>A node with a gateway behind a plug and one device, and a browser; started once for the class.</summary>
    public sealed class Running : IAsyncLifetime
    {
        private readonly HttpClient http = new(new SocketsHttpHandler());
        private IPlaywright? playwright;
        private StrataProcess? fog;
        private string secret = "";

        internal Installation Installation { get; } = new();

        internal UplinkPlug Plug { get; private set; } = null!;

        public IBrowser Browser { get; private set; } = null!;

        public static void Require() => Tool.Require("chromium");

        public async ValueTask InitializeAsync()
        {
            if (!File.Exists("/usr/bin/chromium"))
                return;
            await Installation.StartCloudAsync("--set", "updates.lookInterval=500ms");
            var applied = await Installation.ApplyAsync("""
                apiVersion: strata/v1
                site: hq
                name: Headquarters
                children: [ { site: floor-1, kind: floor } ]
                gateways: [ { id: gw-hq, site: hq, uplink: { "*": raw } } ]
                devices: [ { id: t-101, site: hq/floor-1, model: room-sensor } ]
                """);
            secret = applied.Secrets["t-101"];
            Plug = new UplinkPlug(System.Net.IPEndPoint.Parse(Installation.Cloud.Ready["http"]));
            Plug.Restore();
            fog = await Installation.StartFogAsync("gw-hq", "hq", $"http://{Plug.EndPoint}");
            playwright = await Playwright.CreateAsync();
            Assertions.SetDefaultExpectTimeout(30_000);
            Browser = await playwright.Chromium.LaunchAsync(new()
            {
                ExecutablePath = "/usr/bin/chromium",
                Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
            });
        }

        /// <summary>Sends a reading to the cloud node as the device.</summary>
        public async Task SendAsync(string payload)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"{Installation.CloudHttp}/api/v1/devices/t-101/telemetry")
            {
                Content = new StringContent(payload, System.Text.Encoding.UTF8, "application/json"),
            };
            request.Headers.Authorization = Installation.Basic("t-101", secret);
            using var answer = await http.SendAsync(request);
            answer.EnsureSuccessStatusCode();
        }

        public async Task<IBrowserContext> SignInAsync(BrowserNewContextOptions? options = null)
        {
            var context = await Browser.NewContextAsync(options ?? new());
            var page = await context.NewPageAsync();
            await page.GotoAsync((await Installation.Client.CreateLoginLinkAsync()).Url);
            await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Overview");
            await page.CloseAsync();
            return context;
        }

        public async ValueTask DisposeAsync()
        {
            if (Browser is not null)
                await Browser.CloseAsync();
            playwright?.Dispose();
            if (fog is not null)
                await fog.DisposeAsync();
            if (Plug is not null)
                await Plug.DisposeAsync();
            await Installation.DisposeAsync();
            http.Dispose();
        }
    }
}
