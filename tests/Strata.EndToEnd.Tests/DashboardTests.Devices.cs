using System.Text.Json;
using System.Text.RegularExpressions;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Strata.Cloud.Contracts;
using Strata.Cloud.Tests.Shadows;

namespace Strata.EndToEnd.Tests;

/// <summary>Shadows, commands and rollouts, as people work with them.</summary>
public sealed partial class DashboardTests
{
    [Fact]
    public async Task A_shadow_is_edited_explained_and_taken_back()
    {
        Running.Require();
        var client = running.Installation.Client;
        var secret = await client.CreateDeviceAsync(new CreateDevice("page-shadow"));
        await using var context = await running.SignInAsync();
        var page = await OpenAsync(context, "devices/page-shadow");
        var part = page.GetByRole(AriaRole.Region, new() { Name = "Shadow", Exact = true });
        var (desired, refusal) = (part.GetByRole(AriaRole.Textbox, new() { Name = "Desired" }), part.GetByRole(AriaRole.Alert));
        await Assertions.Expect(part).ToContainTextAsync("It has no shadow yet");

        await desired.FillAsync("""{"mode":"eco","limits":{"low":18}}""");
        await part.GetByRole(AriaRole.Textbox, new() { Name = "Why" }).FillAsync("winter");
        await SaveAsync();
        await Assertions.Expect(part).ToContainTextAsync("Version 1");
        await Assertions.Expect(part.GetByRole(AriaRole.Region, new() { Name = "What differs" }).Locator("tbody tr")).ToHaveTextAsync(["/limits/low18", "/mode\"eco\""]);
        await Assertions.Expect(part.GetByRole(AriaRole.List, new() { Name = "Why it does not follow" })).ToContainTextAsync("never");
        await Assertions.Expect(part.GetByRole(AriaRole.Region, new() { Name = "History of the shadow" })).ToContainTextAsync("winter");

        await desired.FillAsync("""{"mode":""");
        await SaveAsync();
        await Assertions.Expect(refusal).ToContainTextAsync("JSON");

        // Nobody's change is overwritten: the page is behind.
        await client.UpdateShadowAsync("page-shadow", """{"state":{"desired":{"mode":"warm"}}}""");
        await desired.FillAsync("""{"mode":"cold"}""");
        await SaveAsync();
        await Assertions.Expect(refusal).ToContainTextAsync("version 2");

        await using (var device = await ShadowDevice.ConnectAsync(running.Installation.CloudMqttPort, secret, keeps: false))
        {
            await device.PublishAsync("telemetry", """{"t":1}""");
            await device.PublishAsync("shadow/update", """{"state":{"reported":{"mode":"warm","limits":{"low":18}}}}""");
            await device.PublishAsync("jobs/software", """{"bootloader":"2.1"}""");
            await page.ReloadAsync();
            await ConnectedAsync(page);
            await Assertions.Expect(part).ToContainTextAsync("It follows.");
            await Assertions.Expect(page.GetByRole(AriaRole.Region, new() { Name = "Software" }).Locator("tbody tr")).ToHaveTextAsync(new Regex(@"^\s*bootloader\s+2\.1\s.*\sstill\s+what it said\s*$", RegexOptions.Singleline));
        }
        // What is left out is no longer desired, and comes back with an undo.
        await desired.FillAsync("""{"mode":"warm"}""");
        await SaveAsync();
        await Assertions.Expect(part).ToContainTextAsync("Version 4");
        await part.GetByRole(AriaRole.Button, new() { Name = "Undo" }).First.ClickAsync();
        await Assertions.Expect(part).ToContainTextAsync("Version 4 is taken back.");
        Assert.Equal("""{"limits":{"low":18},"mode":"warm"}""", (await client.GetShadowAsync("page-shadow")).State.GetProperty("desired").GetRawText());
        await AccessibleAsync(page);

        Task SaveAsync() => part.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
    }

    [Fact]
    public async Task A_command_is_sent_looked_at_and_cancelled_and_many_devices_are_told_at_once()
    {
        Running.Require();
        var client = running.Installation.Client;
        var secret = await client.CreateDeviceAsync(new CreateDevice("page-told"));
        await using var context = await running.SignInAsync();
        var page = await OpenAsync(context, "devices/page-told");
        var part = page.GetByRole(AriaRole.Region, new() { Name = "Commands", Exact = true });
        await part.GetByRole(AriaRole.Textbox, new() { Name = "Command" }).FillAsync("blink");
        await part.GetByRole(AriaRole.Textbox, new() { Name = "Payload (JSON)" }).FillAsync("""{"times":""");
        await SendAsync();
        await Assertions.Expect(part.GetByRole(AriaRole.Alert)).ToHaveTextAsync("The payload is no JSON.");
        await part.GetByRole(AriaRole.Textbox, new() { Name = "Payload (JSON)" }).FillAsync("""{"times":3}""");
        await SendAsync();
        await Assertions.Expect(part).ToContainTextAsync("blink was sent.");
        var command = Assert.Single((await client.ListCommandsAsync("page-told")).Items);
        var row = part.Locator($"[data-command='{command.Request}']");
        await Assertions.Expect(row).ToContainTextAsync("queued");
        await row.GetByRole(AriaRole.Button, new() { Name = "Details" }).ClickAsync();
        await Assertions.Expect(row).ToContainTextAsync("""told {"times":3}""");
        await row.GetByRole(AriaRole.Button, new() { Name = $"Cancel {command.Request}" }).ClickAsync();
        await row.GetByRole(AriaRole.Group).GetByRole(AriaRole.Button, new() { Name = "Cancel" }).First.ClickAsync();
        await Assertions.Expect(row).ToContainTextAsync("cancelled");

        // One that never spoke cannot be told now.
        await part.GetByRole(AriaRole.Combobox).SelectOptionAsync("now, waiting 10 s");
        await part.GetByRole(AriaRole.Textbox, new() { Name = "Command" }).FillAsync("blink");
        await SendAsync();
        await Assertions.Expect(part.GetByRole(AriaRole.Alert)).ToContainTextAsync("it gets commands when it is active");
        await AccessibleAsync(page);

        // One that is waited for and not answered was not simply sent.
        await using (var device = await ShadowDevice.ConnectAsync(running.Installation.CloudMqttPort, secret, false, "commands/#"))
        {
            await device.PublishAsync("telemetry", """{"t":1}""");
            await Eventually.IsAsync(async () => (await client.GetDeviceAsync("page-told")).State, state => state == "active", "page-told to be active");
            await SendAsync();
            await Assertions.Expect(part.GetByRole(AriaRole.Alert)).ToContainTextAsync("blink: timed out: ", new() { Timeout = 30_000 });
        }

        // The page of another device has nothing of this one, neither what was shown nor what was typed.
        await client.CreateDeviceAsync(new CreateDevice("page-other"));
        await part.GetByRole(AriaRole.Textbox, new() { Name = "Command" }).FillAsync("erase");
        await page.EvaluateAsync("Blazor.navigateTo('devices/page-other')");
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("page-other");
        await Assertions.Expect(part).ToContainTextAsync("It was told nothing yet.");
        await Assertions.Expect(part.GetByRole(AriaRole.Textbox, new() { Name = "Command" })).ToHaveValueAsync("");

        page = await OpenAsync(context, "commands");
        await page.GetByRole(AriaRole.Button, new() { Name = "Send to many" }).ClickAsync();
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Devices (query)" }).FillAsync("id:page-told");
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Command" }).FillAsync("blink");
        await page.GetByRole(AriaRole.Button, new() { Name = "How many?" }).ClickAsync();
        await Assertions.Expect(page.Locator("form.card")).ToContainTextAsync("It would tell 1 device.");
        await page.GetByRole(AriaRole.Button, new() { Name = "Send", Exact = true }).ClickAsync();
        var run = Assert.Single((await Eventually.IsAsync(() => client.ListCommandRunsAsync(), runs => runs.Items.Count == 1, "the run")).Items);
        await Assertions.Expect(page.Locator($"[data-run='{run.Id}']")).ToContainTextAsync("1 of 1");
        await AccessibleAsync(page);

        Task SendAsync() => part.GetByRole(AriaRole.Button, new() { Name = "Send" }).ClickAsync();
    }

    [Fact]
    public async Task A_rollout_is_approved_paused_resumed_aborted_and_taken_back_and_shows_what_the_gate_saw()
    {
        Running.Require();
        var client = running.Installation.Client;
        var devices = new List<ShadowDevice>();
        foreach (var id in (string[])["page-roll-1", "page-roll-2"])
        {
            var secret = await client.CreateDeviceAsync(new CreateDevice(id) { Tags = new Dictionary<string, string> { ["page"] = "roll" } });
            devices.Add(await ShadowDevice.ConnectAsync(running.Installation.CloudMqttPort, secret, keeps: false));
            await devices[^1].PublishAsync("telemetry", """{"t":1}""");
            await Eventually.IsAsync(async () => (await client.GetDeviceAsync(id)).State, state => state == "active", $"{id} to be active");
        }
        await client.PutGroupAsync("page-roll", new SaveGroup(null, "tag.page=roll", null));
        using var content = JsonDocument.Parse("""{"interval":60}""");
        using var http = new HttpClient(new SocketsHttpHandler()) { BaseAddress = new Uri(running.Installation.CloudHttp + "/") };
        var by = new StrataClient(http, (await client.CreateTokenAsync(new CreateToken([new GrantInfo("tenant-admin")], "bob"))).Token);
        var rollout = await by.CreateRolloutAsync(new CreateRollout(
            Name: "faster rooms", Rings: [new(0.5, TimeSpan.FromSeconds(1)), new(1, TimeSpan.FromHours(1))], Configuration: new RolloutConfiguration("group/page-roll", content.RootElement)));
        await using var context = await running.SignInAsync();
        var page = await OpenAsync(context, "rollouts");
        var card = page.Locator($"[data-rollout='{rollout.Id}']");

        await PressAsync("Start");
        await StateAsync("waitingForApproval");
        await ConfirmAsync("Approve");
        await StateAsync("running");
        await PressAsync("Pause");
        await StateAsync("paused");
        await PressAsync("Resume");
        await StateAsync("running");
        var told = (await Eventually.IsAsync(() => client.ListRolloutDevicesAsync(rollout.Id), all => all.Items.Any(d => d.State != "waiting"), "a device that is told")).Items.Single(d => d.State != "waiting");
        await PressAsync("Devices");
        await Assertions.Expect(card.GetByRole(AriaRole.Region, new() { Name = "Devices of faster rooms" }).Locator("tbody tr")).ToHaveCountAsync(1);
        await Assertions.Expect(card.Locator("[data-device]")).ToContainTextAsync(new Regex($"{told.Device}\\s+(offered|downloading|installing|trial)"));
        await AccessibleAsync(page);
        foreach (var device in devices)
            await device.PublishAsync("shadow/name/config/update", """{"state":{"reported":{"interval":60}}}""");
        await Eventually.IsAsync(() => client.GetRolloutAsync(rollout.Id), now => now.Ring == 2, "the second ring");
        await page.ReloadAsync();
        await ConnectedAsync(page);
        await Assertions.Expect(card.GetByRole(AriaRole.Img)).ToHaveAttributeAsync("aria-label", new Regex("^Evidence by metric; .* stops the ring$"));
        await card.GetByText("Figures").ClickAsync();
        await Assertions.Expect(card.Locator("details")).ToContainTextAsync("0 of 1 installations failed");
        await Assertions.Expect(card.GetByRole(AriaRole.Region, new() { Name = "The gate's figures" }).Locator("tbody tr")).ToHaveCountAsync(7);
        await AccessibleAsync(page);

        await ConfirmAsync("Abort");
        await StateAsync("aborted");
        await Assertions.Expect(card.Locator("[data-why]")).ToContainTextAsync("aborted by");
        await ConfirmAsync("Roll back");
        await StateAsync("rollingBack");
        await Assertions.Expect(page.Locator("[data-rollout]").First).ToContainTextAsync($"Takes back {rollout.Id}.");
        foreach (var device in devices)
            await device.DisposeAsync();

        Task PressAsync(string button) => card.GetByRole(AriaRole.Button, new() { Name = button, Exact = true }).ClickAsync();

        async Task ConfirmAsync(string button)
        {
            await card.GetByRole(AriaRole.Button, new() { Name = $"{button} faster rooms" }).ClickAsync();
            await card.GetByRole(AriaRole.Group).GetByRole(AriaRole.Button, new() { Name = button }).ClickAsync();
        }

        Task StateAsync(string state) => Assertions.Expect(card).ToHaveAttributeAsync("data-state", state);
    }

    private async Task<IPage> OpenAsync(IBrowserContext context, string path)
    {
        var page = await context.NewPageAsync();
        await page.GotoAsync($"{running.Installation.CloudHttp}/{path}");
        await ConnectedAsync(page);
        return page;
    }

    private static async Task AccessibleAsync(IPage page)
    {
        var findings = (await page.RunAxe()).Violations.Where(v => v.Impact is "serious" or "critical").ToList();
        Assert.True(findings.Count == 0, string.Join("; ", findings.Select(Describe)));
    }
}
