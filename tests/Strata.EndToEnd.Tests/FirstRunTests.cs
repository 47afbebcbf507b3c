using System.Text.RegularExpressions;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Strata.Cloud.Contracts;

namespace Strata.EndToEnd.Tests;

/// <summary>A tenant's first link in Debian's Chromium: the first account, leaving, signing in again.</summary>
public sealed class FirstRunTests(DashboardTests.Running running) : IClassFixture<DashboardTests.Running>
{
    [Fact]
    public async Task The_first_person_makes_an_account_leaves_and_signs_in_with_it()
    {
        DashboardTests.Running.Require();
        var tenant = await running.Installation.Client.CreateTenantAsync(new CreateTenant("maple"));
        await using var context = await running.Browser.NewContextAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync(tenant.AdminLink);
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Welcome to Strata");
        await page.GetByLabel("E-mail").FillAsync("ada@maple.example");
        await page.GetByLabel("Name").FillAsync("Ada");
        await page.GetByLabel("Password").FillAsync("a long enough one");
        await page.GetByRole(AriaRole.Button).ClickAsync();
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Overview");
        await context.ClearCookiesAsync();
        await page.GotoAsync($"{running.Installation.CloudHttp}/devices");
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Sign in to Strata");
        await page.GetByLabel("E-mail").FillAsync("ada@maple.example");
        await page.GetByLabel("Password").FillAsync("not the password");
        await page.GetByRole(AriaRole.Button).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToBeVisibleAsync();
        await page.GetByLabel("Password").FillAsync("a long enough one");
        await page.GetByRole(AriaRole.Button).ClickAsync();
        await Assertions.Expect(page).ToHaveURLAsync(new Regex("/devices$"));
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Devices");
        await Assertions.Expect(page.GetByText("t-101")).ToHaveCountAsync(0); // Of the other tenant.
        // What was opened before the page is connected would be shut by it: it cannot be opened until then.
        var connects = new TaskCompletionSource();
        await page.RouteAsync("**/_framework/blazor.web.js", async script =>
        {
            await connects.Task;
            await script.ContinueAsync();
        });
        await page.GotoAsync(page.Url, new() { WaitUntil = WaitUntilState.Commit });
        await Assertions.Expect(page.Locator("header details[inert] summary[aria-label='Account of Ada']")).ToHaveCountAsync(1);
        connects.SetResult();
        await page.Locator("summary[aria-label='Account of Ada']").ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Sign in to Strata");
    }

    [Theory]
    [InlineData(1280, ColorScheme.Light)]
    [InlineData(390, ColorScheme.Dark)]
    public async Task The_pages_around_signing_in_are_free_of_overflow_and_serious_axe_findings(int width, ColorScheme colours)
    {
        DashboardTests.Running.Require();
        var tenant = await running.Installation.Client.CreateTenantAsync(new CreateTenant($"oak-{width}"));
        var link = await new StrataClient(new HttpClient(new SocketsHttpHandler()) { BaseAddress = new Uri(running.Installation.CloudHttp + "/") }, running.Installation.Token, tenant.Id)
            .InviteUserAsync(new InviteUser("bo@oak.example", [new GrantInfo("viewer")]));
        await using var context = await running.Browser.NewContextAsync(new() { ViewportSize = new() { Width = width, Height = 850 }, ColorScheme = colours });
        var page = await context.NewPageAsync();
        foreach (var address in new[] { $"{running.Installation.CloudHttp}/login", link.Url!, tenant.AdminLink })
        {
            await page.GotoAsync(address);
            await Assertions.Expect(page.Locator("form")).ToBeVisibleAsync();
            var findings = (await page.RunAxe()).Violations.Where(v => v.Impact is "serious" or "critical").Select(v => $"{v.Id}: {v.Help}").ToList();
            Assert.True(findings.Count == 0, $"{address}: {string.Join("; ", findings)}");
            Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= window.innerWidth + 1"), $"{address} is wider than {width} pixels");
        }
    }
}
