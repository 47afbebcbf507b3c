using Microsoft.Playwright;
using Strata.Cloud.Contracts;

namespace Strata.EndToEnd.Tests;

/// <summary>What is done to devices on the pages.</summary>
public sealed partial class OrganisationPagesTests
{
    [Fact]
    public async Task A_group_by_query_a_hook_and_a_window_are_made_on_their_pages_and_taken_back()
    {
        DashboardTests.Running.Require();
        await TenantAsync("rowan");
        await using var context = await OpenAsAdministratorAsync("rowan");
        var page = await OpenAsync(context, "groups");
        await page.GetByRole(AriaRole.Button, new() { Name = "New group" }).ClickAsync();
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("first-floor");
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Query" }).FillAsync("site:(");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToBeVisibleAsync(); // Not a query: the form stays and says why.
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Query" }).FillAsync("site:hq/floor-1");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(page.Locator("[data-group='first-floor']")).ToContainTextAsync("site:hq/floor-1");
        Assert.Equal(1, (await Of("rowan").GetGroupAsync("first-floor")).Devices);
        await page.GetByRole(AriaRole.Button, new() { Name = "Change first-floor" }).ClickAsync();
        await page.GetByRole(AriaRole.Combobox, new() { Name = "Members" }).SelectOptionAsync("sites");
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Places" }).FillAsync("hq/floor-1 hq/floor-2");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(page.Locator("[data-group='first-floor']")).ToContainTextAsync("hq/floor-1, hq/floor-2");
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete first-floor" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByText("No groups yet.")).ToBeVisibleAsync();

        page = await OpenAsync(context, "hooks");
        await page.GetByRole(AriaRole.Button, new() { Name = "New hook" }).ClickAsync();
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("tickets");
        await page.GetByLabel("Address").FillAsync("https://tickets.example/strata");
        await page.GetByLabel("degraded").CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Create" }).ClickAsync();
        await Assertions.Expect(page.Locator("[data-once]")).ToBeVisibleAsync();
        Assert.Equal(["degraded"], Assert.Single((await Of("rowan").ListHooksAsync()).Items).States);
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete tickets" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByText("Nobody is told.")).ToBeVisibleAsync();

        page = await OpenAsync(context, "maintenance");
        var announce = page.GetByRole(AriaRole.Form, new() { Name = "Announce a window" });
        await announce.GetByLabel("Place").FillAsync("hq/floor-2");
        await announce.GetByLabel("Why").FillAsync("new lamps");
        await announce.GetByRole(AriaRole.Button, new() { Name = "Announce" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Row).Filter(new() { HasText = "new lamps" }).Filter(new() { HasText = "Take back" })).ToContainTextAsync("hq/floor-2");
        Assert.Equal("hq/floor-2", Assert.Single((await Of("rowan").ListWindowsOfWorkAsync()).Items).Site);
    }

    [Fact]
    public async Task A_unit_is_swapped_for_another_and_taken_out_of_service_on_its_page()
    {
        DashboardTests.Running.Require();
        await TenantAsync("maple");
        await Of("maple").CreateDeviceAsync(new CreateDevice("spare"));
        await using var context = await OpenAsAdministratorAsync("maple");
        var page = await OpenAsync(context, "devices/maple-1");
        var end = page.GetByRole(AriaRole.Region, new() { Name = "End" });
        await end.GetByLabel("Replaced by").FillAsync("nobody");
        await end.GetByRole(AriaRole.Button, new() { Name = "Swap" }).ClickAsync();
        await Assertions.Expect(end.GetByRole(AriaRole.Alert)).ToContainTextAsync("nobody");
        await end.GetByLabel("Replaced by").FillAsync("spare");
        await end.GetByRole(AriaRole.Button, new() { Name = "Swap" }).ClickAsync();
        await Assertions.Expect(page.GetByText("spare has taken the place of maple-1.")).ToBeVisibleAsync();
        Assert.Equal("hq/floor-1", (await Of("maple").GetDeviceAsync("spare")).Site);

        page = await OpenAsync(context, "devices/maple-2");
        end = page.GetByRole(AriaRole.Region, new() { Name = "End" });
        await end.GetByLabel("Wait for its wipe").SelectOptionAsync("0");
        await end.GetByLabel("Its readings").SelectOptionAsync("erase");
        await end.GetByRole(AriaRole.Button, new() { Name = "Take out of service maple-2" }).ClickAsync();
        await end.GetByRole(AriaRole.Button, new() { Name = "Take out of service", Exact = true }).ClickAsync();
        await Assertions.Expect(end.GetByRole(AriaRole.Link, new() { Name = "Certificate of erasure" })).ToBeVisibleAsync(new() { Timeout = 30_000 });
        await Assertions.Expect(end).ToContainTextAsync("0 readings erased");
        Assert.Equal("decommissioned", (await Of("maple").GetDeviceAsync("maple-2")).State);
        Assert.Equal("erase", (await Of("maple").GetDecommissionAsync("maple-2")).Readings);
    }
}
