using System.Globalization;
using Strata.Cloud.Contracts;

namespace Strata.EndToEnd.Tests;

/// <summary><c>strata billing</c>, <c>strata sla</c> and <c>strata views</c> by the real program against a node.</summary>
public sealed class MoneyVerbsTests
{
    private static readonly CultureInfo Plain = CultureInfo.InvariantCulture;

    [Fact]
    public async Task Billing_verbs_make_a_plan_give_it_close_a_month_credit_it_and_verify_it()
    {
        await using var installation = new Installation();
        await installation.StartCloudAsync();
        await installation.Client.CreateTenantAsync(new CreateTenant("acme"));
        var month = TimeProvider.System.GetUtcNow().AddMonths(-1).ToString("yyyy-MM", Plain);
        await installation.OkAsync("billing", "plans", "set", "standard", "--currency", "USD", "--rate", "gb=0.10", "--minimum", "10", "--from", month);
        Assert.Contains("standard", await installation.OkAsync("billing", "plans", "list"), StringComparison.Ordinal);
        await installation.OkAsync("billing", "assign", "acme", "--plan", "standard", "--from", month);
        using (var open = await installation.JsonAsync("billing", "statement", "acme", "--month", month))
            Assert.Equal(("open", 10m), (open.RootElement.GetProperty("state").GetString(), open.RootElement.GetProperty("due").GetDecimal()));
        await installation.OkAsync("billing", "close", "acme", "--month", month);
        Assert.NotEqual(0, (await installation.RunAsync("billing", "close", "acme", "--month", TimeProvider.System.GetUtcNow().ToString("yyyy-MM", Plain))).ExitCode); // It is not over.
        await installation.OkAsync("billing", "credit", "acme", "--month", month, "--amount", "2.50", "--reason", "outage on the 3rd");
        var listed = await installation.OkAsync("billing", "statements", "acme");
        Assert.Contains(month, listed, StringComparison.Ordinal);
        Assert.Contains("2.5", listed, StringComparison.Ordinal);
        using (var closed = await installation.JsonAsync("billing", "statement", "acme", "--month", month))
            Assert.Equal(("closed", 7.5m), (closed.RootElement.GetProperty("state").GetString(), closed.RootElement.GetProperty("due").GetDecimal()));
        Assert.Contains("outage on the 3rd", await installation.OkAsync("billing", "statement", "acme", "--month", month, "--html"), StringComparison.Ordinal);
        await installation.OkAsync("billing", "verify", "acme", "--month", month);
        var missing = await installation.RunAsync("billing", "statement", "acme", "--month", "2020-01");
        Assert.NotEqual(0, missing.ExitCode);
        Assert.Contains("2020-01", missing.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Service_level_verbs_promise_report_announce_and_take_back()
    {
        await using var installation = new Installation();
        await installation.StartCloudAsync();
        await installation.Client.CreateTenantAsync(new CreateTenant("acme"));
        var month = TimeProvider.System.GetUtcNow().ToString("yyyy-MM", Plain);
        await installation.OkAsync("sla", "set", "acme", "ingest-availability", "--target", "99.9", "--credit", "99.9=10", "--credit", "99=25");
        Assert.Contains("99.9", await installation.OkAsync("sla", "objectives", "acme"), StringComparison.Ordinal);
        using (var report = await installation.JsonAsync("sla", "report", "acme", "--month", month))
            Assert.Equal("ingest-availability", report.RootElement.GetProperty("objectives")[0].GetProperty("kind").GetString());
        Assert.Contains("<html", await installation.OkAsync("sla", "report", "acme", "--month", month, "--html"), StringComparison.OrdinalIgnoreCase);
        var tight = await installation.RunAsync("sla", "set", "acme", "api-availability", "--target", "99.9999");
        Assert.NotEqual(0, tight.ExitCode);
        Assert.NotEqual("", tight.Error);
        var soon = TimeProvider.System.GetUtcNow().AddDays(2);
        await installation.OkAsync(
            "sla", "maintenance", "announce", "acme", "--from", soon.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", Plain), "--to", soon.AddHours(2).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", Plain), "--reason", "new disks");
        using var announced = await installation.JsonAsync("sla", "maintenance", "list", "acme");
        var id = announced.RootElement[0].GetProperty("id").GetString()!;
        await installation.OkAsync("sla", "maintenance", "cancel", "acme", id);
        Assert.DoesNotContain("new disks", await installation.OkAsync("sla", "maintenance", "list", "acme"), StringComparison.Ordinal);
        await installation.OkAsync("sla", "remove", "acme", "ingest-availability");
    }

    [Fact]
    public async Task View_verbs_make_a_view_of_a_template_show_it_with_its_values_and_delete_it()
    {
        await using var installation = new Installation();
        await installation.StartCloudAsync();
        await installation.ApplyAsync("apiVersion: strata/v1\nsite: hq\ndevices: [{id: t-1, site: hq}]\n");
        Assert.Contains("energy-analyst", await installation.OkAsync("views", "list", "--templates"), StringComparison.Ordinal);
        await installation.OkAsync("views", "apply", "energy", "--template", "energy-analyst", "--role", "viewer", "--site", "hq", "--metric", "power", "--landing");
        using (var shown = await installation.JsonAsync("views", "show", "energy"))
            Assert.Equal(("Energy", "7d", true), (shown.RootElement.GetProperty("title").GetString(), shown.RootElement.GetProperty("last").GetString(), shown.RootElement.GetProperty("landing").GetBoolean()));
        Assert.DoesNotContain("t-1", await installation.OkAsync("views", "show", "energy", "--values"), StringComparison.Ordinal);
        var viewer = await installation.Client.CreateTokenAsync(new CreateToken([new GrantInfo("viewer", ["elsewhere"])]));
        var hidden = await Tool.RunAsync(Installation.Executable, ["views", "show", "energy", "--url", installation.CloudHttp, "--token-file", await FileAsync(installation, viewer.Token)]);
        Assert.NotEqual(0, hidden.ExitCode);
        Assert.Contains("There is no view 'energy'", hidden.Error, StringComparison.Ordinal);
        Assert.Contains("views:", await installation.OkAsync("export"), StringComparison.Ordinal);
        Assert.NotEqual(0, (await installation.RunAsync("views", "apply", "x", "--template", "nothing")).ExitCode);
        await installation.OkAsync("views", "delete", "energy");
        Assert.NotEqual(0, (await installation.RunAsync("views", "show", "energy")).ExitCode);
    }

    private static async Task<string> FileAsync(Installation installation, string token)
    {
        var file = Path.Combine(installation.Folder, "viewer.token");
        await File.WriteAllTextAsync(file, token);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return file;
    }
}
