using System.Diagnostics;
using System.Text;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Strata.Cloud.Contracts;
using Strata.Node.Operations;

namespace Strata.EndToEnd.Tests;

/// <summary>The installer's page on a phone: Debian's Chromium with a camera that sees labels, by the node's own HTTPS.</summary>
public sealed class InstallerPageTests(InstallerPageTests.Running running) : IClassFixture<InstallerPageTests.Running>
{
    [Fact]
    public async Task A_device_is_scanned_its_reading_seen_and_mounted_where_the_place_s_code_says()
    {
        DashboardTests.Running.Require();
        await using var context = await running.SignInAsync();
        var page = await context.NewPageAsync();
        var errors = Watch(page);
        await page.GotoAsync($"{running.Https}/install/");
        await Assertions.Expect(page.Locator("#who")).ToHaveTextAsync("Main");
        await Assertions.Expect(page.Locator("#why")).ToBeHiddenAsync();
        await AxeAsync(page, "before a scan");
        var watch = Stopwatch.StartNew();
        await page.Locator("#camera-button").ClickAsync();
        await Assertions.Expect(page.Locator("#device-name")).ToHaveTextAsync("t-camera");
        await Assertions.Expect(page.Locator("#camera")).ToBeHiddenAsync();
        await Assertions.Expect(page.Locator("#device-place")).ToHaveTextAsync("It is in no place yet.");
        var scanned = watch.Elapsed;
        // The other code that the camera sees is a place's.
        if (await page.Locator("#level-2").CountAsync() == 0 || await page.Locator("#level-2").InputValueAsync() != Running.Zone)
        {
            await page.Locator("#scan-place").ClickAsync();
            await Assertions.Expect(page.Locator("#level-2")).ToHaveValueAsync(Running.Zone);
        }
        await running.SendAsync("t-camera", """{"temperature":21.5}""");
        await Assertions.Expect(page.Locator("#live [data-metric=temperature] .value")).ToHaveTextAsync("21.5");
        await Assertions.Expect(page.Locator("#live-note")).ToHaveTextAsync("A reading has arrived: the device works.");
        await Assertions.Expect(page.Locator("#live [data-metric=temperature] .age")).ToContainTextAsync("ago");
        await page.Locator("#note").FillAsync("above the door");
        await page.Locator("#photo").SetInputFilesAsync(new FilePayload { Name = "wall.png", MimeType = "image/png", Buffer = await page.ScreenshotAsync() });
        await Assertions.Expect(page.Locator("#photo-shown")).ToBeVisibleAsync();
        watch.Stop();
        await AxeAsync(page, "a device before its place");
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });
        await AxeAsync(page, "the same in the dark");
        watch.Start();
        await page.GetByRole(AriaRole.Button, new() { Name = "Mount it in hq / floor-1 / east" }).ClickAsync();
        await Assertions.Expect(Item(page, "t-camera")).ToHaveAttributeAsync("data-state", "sent");
        TestContext.Current.TestOutputHelper?.WriteLine($"by camera: scanned after {scanned.TotalSeconds:0.0} s, mounted with place, reading, note and photo after {watch.Elapsed.TotalSeconds:0.0} s");

        Assert.Equal(Running.Zone, (await running.Installation.Client.GetDeviceAsync("t-camera")).Site);
        var mounting = Assert.Single((await running.Installation.Client.ListMountingsAsync("t-camera")).Items);
        Assert.Equal(("above the door", Running.Email), (mounting.Note, mounting.By));
        Assert.Equal("image/jpeg", await page.EvaluateAsync<string>($"fetch('/api/v1/mountings/{mounting.Id}/photo').then(async r => (await createImageBitmap(await r.clone().blob())).width > 0 ? r.headers.get('content-type') : 'no picture')"));
        // The camera opens again for the next one, in the same place: one tap.
        await Assertions.Expect(page.Locator("#device")).ToBeVisibleAsync();
        watch.Restart();
        await page.Locator("#another").ClickAsync();
        await Assertions.Expect(page.Locator("#device-place")).ToContainTextAsync($"mounted by {Running.Email}");
        await page.Locator("#mount").ClickAsync();
        await Assertions.Expect(Item(page, "t-camera")).ToHaveCountAsync(2);
        await Assertions.Expect(Item(page, "t-camera").First).ToHaveAttributeAsync("data-state", "sent");
        TestContext.Current.TestOutputHelper?.WriteLine($"the next one, by camera in the same place: {watch.Elapsed.TotalSeconds:0.0} s");
        Assert.Empty(errors);
        // Whoever looks after it sees who did what.
        await page.GotoAsync($"{running.Https}/devices/t-camera");
        var shown = page.Locator($"[data-mounting='{mounting.Id}']");
        await Assertions.Expect(shown).ToContainTextAsync("above the door");
        await shown.ScrollIntoViewIfNeededAsync();
        await page.WaitForFunctionAsync("document.querySelector('[data-mounting] img')?.naturalWidth > 0");
    }

    [Fact]
    public async Task What_is_done_in_a_dead_spot_outlives_a_reload_and_is_sent_later()
    {
        DashboardTests.Running.Require();
        await using var context = await running.SignInAsync();
        var page = await OpenAsync(context);
        await context.SetOfflineAsync(true);
        await page.ReloadAsync();
        await Assertions.Expect(page.Locator("#network")).ToHaveTextAsync("no connection");
        await Assertions.Expect(page.Locator("#who")).ToHaveTextAsync("Main");
        await CodeAsync(page, "strata:main/t-dead");
        await Assertions.Expect(page.Locator("#device-facts")).ToContainTextAsync("No connection");
        await ChooseAsync(page, Running.Zone);
        await page.Locator("#photo").SetInputFilesAsync(new FilePayload { Name = "label.png", MimeType = "image/png", Buffer = LabelVideo.Photo("a picture") });
        await page.Locator("#mount").ClickAsync();
        await Assertions.Expect(Item(page, "t-dead")).ToHaveAttributeAsync("data-state", "waiting");
        await Assertions.Expect(page.Locator("#message")).ToContainTextAsync("waits here");
        await page.ReloadAsync();
        await Assertions.Expect(Item(page, "t-dead")).ToHaveAttributeAsync("data-state", "waiting");
        Assert.Null((await running.Installation.Client.GetDeviceAsync("t-dead")).Site);
        await context.SetOfflineAsync(false);
        await Assertions.Expect(Item(page, "t-dead")).ToHaveAttributeAsync("data-state", "sent");
        Assert.Equal(Running.Zone, (await running.Installation.Client.GetDeviceAsync("t-dead")).Site);
        Assert.True(Assert.Single((await running.Installation.Client.ListMountingsAsync("t-dead")).Items).PhotoBytes > 0);
    }

    [Fact]
    public async Task Who_was_not_the_first_is_shown_where_the_device_is_and_decides()
    {
        DashboardTests.Running.Require();
        await using var context = await running.SignInAsync();
        var page = await OpenAsync(context);
        await context.SetOfflineAsync(true);
        foreach (var device in new[] { "t-first", "t-second" })
        {
            await CodeAsync(page, device);
            await ChooseAsync(page, Running.Zone);
            await page.Locator("#mount").ClickAsync();
            await Assertions.Expect(Item(page, device)).ToHaveAttributeAsync("data-state", "waiting");
            await running.Installation.Client.MountAsync(new MountDevice($"elsewhere-{device}", device, "hq/floor-2"));
        }
        await context.SetOfflineAsync(false);
        foreach (var device in new[] { "t-first", "t-second" })
        {
            await Assertions.Expect(Item(page, device)).ToHaveAttributeAsync("data-state", "conflict");
            await Assertions.Expect(Item(page, device)).ToContainTextAsync("Meanwhile it was put in hq / floor-2 by");
        }
        await Assertions.Expect(page.Locator("#message")).ToHaveTextAsync("2 devices need your decision: see below.");
        await AxeAsync(page, "conflicts");
        await Item(page, "t-first").GetByRole(AriaRole.Button, new() { Name = "Move it to hq / floor-1 / east" }).ClickAsync();
        await Item(page, "t-second").GetByRole(AriaRole.Button, new() { Name = "Leave it there" }).ClickAsync();
        await Assertions.Expect(Item(page, "t-first")).ToHaveAttributeAsync("data-state", "sent");
        await Assertions.Expect(Item(page, "t-second")).ToHaveCountAsync(0);
        Assert.Equal(Running.Zone, (await running.Installation.Client.GetDeviceAsync("t-first")).Site);
        Assert.Equal("hq/floor-2", (await running.Installation.Client.GetDeviceAsync("t-second")).Site);
    }

    [Fact]
    public async Task By_plain_HTTP_the_page_says_what_is_missing_and_takes_photos_and_typed_codes()
    {
        DashboardTests.Running.Require();
        await using var context = await running.Browser.NewContextAsync(Running.Phone);
        var page = await context.NewPageAsync();
        var root = $"http://strata.test:{running.Installation.CloudHttp.Split(':')[^1]}";
        await page.GotoAsync($"{root}/install/?device=t-plain");
        await page.Locator("#sign-in-link").ClickAsync();
        await page.GetByLabel("E-mail").FillAsync(Running.Email);
        await page.GetByLabel("Password").FillAsync(Running.Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        // Back at the label that was asked for.
        await Assertions.Expect(page.Locator("#device-name")).ToHaveTextAsync("t-plain");
        Assert.False(await page.EvaluateAsync<bool>("window.isSecureContext"));
        await Assertions.Expect(page.Locator("#why")).ToContainTextAsync("pages served by HTTPS only");
        await Assertions.Expect(page.Locator("#camera-button")).ToBeHiddenAsync();
        await ChooseAsync(page, Running.Zone);
        await page.Locator("#mount").ClickAsync();
        await Assertions.Expect(Item(page, "t-plain")).ToHaveAttributeAsync("data-state", "sent");
        await page.Locator("#label-photo").SetInputFilesAsync(new FilePayload { Name = "label.png", MimeType = "image/png", Buffer = LabelVideo.Photo("strata:main/sn-plain-2") });
        await Assertions.Expect(page.Locator("#device-name")).ToHaveTextAsync("t-plain-2");
        await page.Locator("#mount").ClickAsync();
        await Assertions.Expect(Item(page, "t-plain-2")).ToHaveAttributeAsync("data-state", "sent");
        Assert.Equal(Running.Zone, (await running.Installation.Client.GetDeviceAsync("t-plain-2")).Site);
        await CodeAsync(page, "no-such-device");
        await Assertions.Expect(page.Locator("#message")).ToContainTextAsync("No device has this label.");
        await CodeAsync(page, "strata:acme/t-plain");
        await Assertions.Expect(page.Locator("#message")).ToContainTextAsync("This label is of acme");
    }

    [Fact]
    public async Task Who_installs_on_one_floor_sees_its_places_and_its_devices()
    {
        DashboardTests.Running.Require();
        const string email = "floor-2@people.example";
        await running.JoinAsync(email, new GrantInfo("installer", ["hq/floor-2"]));
        await running.Installation.Client.ChangeDeviceAsync("t-floor", new ChangeDevice { Site = "hq/floor-2" });
        await using var context = await running.SignInAsync(email);
        var page = await OpenAsync(context);
        await Assertions.Expect(page.GetByLabel("Floor")).ToHaveValueAsync("hq/floor-2");
        Assert.Equal(["choose", "floor-2"], await page.GetByLabel("Floor").Locator("option").AllTextContentsAsync());
        await CodeAsync(page, "t-plain-3");
        await Assertions.Expect(page.Locator("#message")).ToContainTextAsync("No device has this label.");
        await CodeAsync(page, "sn-floor");
        await Assertions.Expect(page.Locator("#device-place")).ToContainTextAsync("It is in hq / floor-2 now");
        await page.Locator("#mount").ClickAsync();
        await Assertions.Expect(Item(page, "t-floor")).ToHaveAttributeAsync("data-state", "sent");
    }

    private static ILocator Item(IPage page, string device) => page.Locator($"#items [data-device={device}]");

    private static async Task CodeAsync(IPage page, string code)
    {
        await page.Locator("#code").FillAsync(code);
        await page.Locator("#code").PressAsync("Enter");
    }

    /// <summary>A place by its lists, as a finger does.</summary>
    private static async Task ChooseAsync(IPage page, string place)
    {
        var names = place.Split('/');
        for (var depth = 0; depth < names.Length; depth++)
            await page.Locator($"#level-{depth}").SelectOptionAsync(string.Join('/', names[..(depth + 1)]));
    }

    private async Task<IPage> OpenAsync(IBrowserContext context)
    {
        var page = await context.NewPageAsync();
        await page.GotoAsync($"{running.Https}/install/");
        await Assertions.Expect(page.Locator("#who")).ToHaveTextAsync("Main");
        // Kept for dead spots: an expression that is asked until it holds, so that a worker that is never ready fails the test in its time.
        await page.WaitForFunctionAsync("navigator.serviceWorker.getRegistration('/install/').then(r => !!r?.active)");
        return page;
    }

    private static List<string> Watch(IPage page)
    {
        var errors = new List<string>();
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
                errors.Add(message.Text);
        };
        page.PageError += (_, error) => errors.Add(error);
        return errors;
    }

    private static async Task AxeAsync(IPage page, string when)
    {
        var findings = (await page.RunAxe()).Violations.Where(v => v.Impact is "serious" or "critical").ToList();
        Assert.True(findings.Count == 0, $"{when}: {string.Join("; ", findings.Select(DashboardTests.Describe))}");
        Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= window.innerWidth + 1"), $"{when}: wider than the phone");
    }

    /// <summary>A node with HTTPS, one who installs, and a phone; started once for the class.</summary>
    public sealed class Running : IAsyncLifetime
    {
        public const string Zone = "hq/floor-1/east";
        public const string Email = "fitter@people.example";
        public const string Password = "a long enough one";
        private readonly HttpClient http = new(new SocketsHttpHandler());
        private readonly Dictionary<string, string> secrets = [];
        private IPlaywright? playwright;

        internal static BrowserNewContextOptions Phone => new() { IgnoreHTTPSErrors = true, ViewportSize = new() { Width = 390, Height = 844 }, HasTouch = true, IsMobile = true, DeviceScaleFactor = 2, Permissions = ["camera"] };

        internal Installation Installation { get; } = new();

        public IBrowser Browser { get; private set; } = null!;

        internal string Https => $"https://{Installation.Cloud.Ready["https"]}";

        public async ValueTask InitializeAsync()
        {
            if (!File.Exists("/usr/bin/chromium"))
                return;
            await Installation.StartCloudAsync("--https", $"127.0.0.1:{FreePort.Draw()}");
            await Installation.ApplyAsync("apiVersion: strata/v1\nsite: hq\nkind: building\nchildren: [{site: floor-1, kind: floor, children: [{site: east, kind: zone}, {site: west, kind: zone}]}, {site: floor-2, kind: floor}]\n");
            foreach (var device in new[] { "camera", "dead", "first", "second", "plain", "plain-2", "plain-3", "floor" })
                secrets[$"t-{device}"] = (await Installation.Client.CreateDeviceAsync(new CreateDevice($"t-{device}", Model: "room sensor") { Serial = $"sn-{device}" })).Secret;
            var video = Path.Combine(Installation.Folder, "labels.y4m");
            LabelVideo.Write(video, "strata:main/sn-camera", $"strata-place:main/{Zone}");
            playwright = await Playwright.CreateAsync();
            Assertions.SetDefaultExpectTimeout(30_000);
            Browser = await playwright.Chromium.LaunchAsync(new()
            {
                ExecutablePath = "/usr/bin/chromium",
                Args =
                [
                    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--ignore-certificate-errors",
                    "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", $"--use-file-for-fake-video-capture={video}", "--host-resolver-rules=MAP strata.test 127.0.0.1",
                ],
            });
            await JoinAsync(Email, new GrantInfo("installer"));
        }

        /// <summary>Sends a reading to the node as the device.</summary>
        public async Task SendAsync(string device, string payload)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"{Installation.CloudHttp}/api/v1/devices/{device}/telemetry") { Content = new StringContent(payload, Encoding.UTF8, "application/json") };
            request.Headers.Authorization = Installation.Basic(device, secrets[device]);
            using var answer = await http.SendAsync(request);
            answer.EnsureSuccessStatusCode();
        }

        /// <summary>A phone with a session of the installer.</summary>
        public async Task<IBrowserContext> SignInAsync(string email = Email)
        {
            var context = await Browser.NewContextAsync(Phone);
            var page = await context.NewPageAsync();
            await page.GotoAsync($"{Https}/login?returnUrl=%2Finstall%2F");
            await page.GetByLabel("E-mail").FillAsync(email);
            await page.GetByLabel("Password").FillAsync(Password);
            await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
            await Assertions.Expect(page.Locator("#who")).ToHaveTextAsync("Main");
            await page.CloseAsync();
            return context;
        }

        internal async Task JoinAsync(string email, GrantInfo grant)
        {
            var link = new Uri((await Installation.Client.InviteUserAsync(new InviteUser(email, [grant]))).Url!);
            await using var context = await Browser.NewContextAsync(Phone);
            var page = await context.NewPageAsync();
            await page.GotoAsync($"{Https}{link.PathAndQuery}");
            await page.GetByLabel("Name").FillAsync(email.Split('@')[0]);
            await page.GetByLabel("Password").FillAsync(Password);
            await page.GetByRole(AriaRole.Button, new() { Name = "Join" }).ClickAsync();
            await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Overview");
        }

        public async ValueTask DisposeAsync()
        {
            if (Browser is not null)
                await Browser.CloseAsync();
            playwright?.Dispose();
            await Installation.DisposeAsync();
            http.Dispose();
        }
    }
}
