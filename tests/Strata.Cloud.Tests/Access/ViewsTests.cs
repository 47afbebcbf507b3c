using System.Net;
using Strata.Cloud.Contracts;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Telemetry;

namespace Strata.Cloud.Tests.Access;

/// <summary>Saved views: who they are for, what of them each sees, and the text form.</summary>
public sealed class ViewsTests(RunningCloud cloud) : IClassFixture<RunningCloud>
{
    private static readonly string[] Reader = ["readings.read", "devices.read", "sites.read"];

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_view_is_there_for_its_roles_and_for_who_manages_it_and_for_nobody_else()
    {
        var admin = await TenantAsync("ash");
        await admin.SaveViewAsync("building", new SaveView("Building", ["building-manager"], ["counts", "latest"], ["temperature"], ["hq/floor-1"]), Cancelled);
        var manager = await TokenAsync(admin, "building-manager");
        var analyst = await TokenAsync(admin, "energy-analyst");
        var shown = Assert.Single((await manager.ListViewsAsync(Cancelled)).Items);
        Assert.Equal(("building", false), (shown.Name, shown.Managed));
        Assert.Empty((await analyst.ListViewsAsync(Cancelled)).Items);
        var hidden = await Assert.ThrowsAsync<StrataApiException>(() => analyst.GetViewAsync("building", Cancelled));
        var missing = await Assert.ThrowsAsync<StrataApiException>(() => analyst.GetViewAsync("nowhere!", Cancelled));
        Assert.Equal((HttpStatusCode.NotFound, hidden.Message.Replace("building", "nowhere!", StringComparison.Ordinal)), (missing.StatusCode, missing.Message));
        Assert.Equal(HttpStatusCode.Forbidden, (await Assert.ThrowsAsync<StrataApiException>(() => manager.SaveViewAsync("mine", new SaveView("Mine", ["viewer"], ["latest"]), Cancelled))).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await Assert.ThrowsAsync<StrataApiException>(() => manager.DeleteViewAsync("building", Cancelled))).StatusCode);
        await admin.DeleteViewAsync("building", Cancelled);
        Assert.Empty((await manager.ListViewsAsync(Cancelled)).Items);
        Assert.Equal(2, (await admin.ListAuditAsync(cancellationToken: Cancelled)).Items.Count(a => a is { Kind: "view", Id: "building" }));
    }

    [Fact]
    public async Task A_view_shows_its_reader_his_own_places_of_it_and_the_values_that_he_may_see()
    {
        var admin = await TenantAsync("elm");
        await admin.SaveViewAsync("all", new SaveView("All", ["viewer"], ["latest"], null, ["hq"]), Cancelled);
        await admin.SaveViewAsync("second", new SaveView("Second", ["viewer"], ["latest"], null, ["hq/floor-2"]), Cancelled);
        await admin.SaveViewAsync("whole", new SaveView("Whole", ["viewer"], ["latest"], ["temperature"]), Cancelled);
        await StoreAsync("elm", "elm-1", "temperature");
        await StoreAsync("elm", "elm-1", "power");
        await StoreAsync("elm", "elm-2", "temperature");
        var reader = await TokenAsync(admin, "viewer", "hq/floor-1");
        var views = (await reader.ListViewsAsync(Cancelled)).Items.ToDictionary(v => v.Name);
        Assert.Equal(["all", "whole"], views.Keys.Order());
        Assert.Equal(["hq/floor-1"], views["all"].Sites);
        Assert.Equal([("elm-1", "power"), ("elm-1", "temperature")], (await reader.LatestOfAsync(views["all"], Cancelled)).Select(l => (l.Device, l.Metric)));
        Assert.Equal([("elm-1", "temperature")], (await reader.LatestOfAsync(views["whole"], Cancelled)).Select(l => (l.Device, l.Metric)));
        Assert.Equal(3, (await admin.LatestOfAsync(await admin.GetViewAsync("all", Cancelled), Cancelled)).Count);
    }

    [Fact]
    public async Task Who_manages_one_floor_makes_views_of_it_and_learns_of_no_other()
    {
        var admin = await TenantAsync("oak");
        await admin.SaveViewAsync("top", new SaveView("Top", ["executive"], ["counts"], null, ["hq/floor-2"]), Cancelled);
        var floor = await TokenAsync(admin, "tenant-admin", "hq/floor-1");
        Assert.Empty((await floor.ListViewsAsync(Cancelled)).Items);
        await floor.SaveViewAsync("mine", new SaveView("Mine", ["viewer"], ["latest"], null, ["hq/floor-1"]), Cancelled);
        foreach (var (name, sites) in new (string, string[]?)[] { ("wide", null), ("wide", ["hq"]), ("wide", ["hq/floor-2"]), ("wide", ["hq/nowhere"]), ("mine", ["hq/floor-2"]) })
        {
            var refused = await Assert.ThrowsAsync<StrataApiException>(() => floor.SaveViewAsync(name, new SaveView("Wide", ["viewer"], ["latest"], null, sites), Cancelled));
            Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);
        }
        Assert.Equal(HttpStatusCode.Conflict, (await Assert.ThrowsAsync<StrataApiException>(() => floor.SaveViewAsync("top", new SaveView("Top", ["viewer"], ["latest"], null, ["hq/floor-1"]), Cancelled))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await Assert.ThrowsAsync<StrataApiException>(() => floor.DeleteViewAsync("top", Cancelled))).StatusCode);
        Assert.DoesNotContain("top", await floor.ExportAsync(cancellationToken: Cancelled), StringComparison.Ordinal);
        Assert.Contains("mine", await floor.ExportAsync(cancellationToken: Cancelled), StringComparison.Ordinal);
        var file = await Assert.ThrowsAsync<StrataApiException>(() => floor.ApplyAsync("apiVersion: strata/v1\nviews: [{name: wide, roles: [viewer], widgets: [latest]}]\n", false, false, cancellationToken: Cancelled));
        Assert.Equal(HttpStatusCode.NotFound, file.StatusCode);
        var installer = await TokenAsync(admin, "installer");
        var forbidden = await Assert.ThrowsAsync<StrataApiException>(() => installer.ApplyAsync("apiVersion: strata/v1\nviews: [{name: wide, roles: [viewer], widgets: [latest]}]\n", false, false, cancellationToken: Cancelled));
        Assert.Equal(HttpStatusCode.Forbidden, forbidden.StatusCode);
    }

    [Fact]
    public async Task A_file_makes_changes_and_prunes_views_and_what_is_exported_applies_without_a_difference()
    {
        var admin = await TenantAsync("yew");
        const string head = "apiVersion: strata/v1\nsite: hq\nchildren: [{site: floor-1}, {site: floor-2}]\ndevices: [{id: yew-1, site: hq/floor-1}, {id: yew-2, site: hq/floor-2}]\n";
        const string views = "views:\n  - {name: floor, title: 'First floor', roles: [viewer], widgets: [chart, latest], metrics: [co2], sites: [hq/floor-1], last: 6h, landing: true}\n  - {name: all, roles: [executive], widgets: [usage]}\n";
        var added = await admin.ApplyAsync(head + views, false, false, cancellationToken: Cancelled);
        Assert.Equal([("+", "all"), ("+", "floor")], added.Changes.Where(c => c.Kind == "view").Select(c => (c.Action, c.Id)).Order());
        var floor = await admin.GetViewAsync("floor", Cancelled);
        Assert.Equal(("First floor", "6h", true), (floor.Title, floor.Last, floor.Landing));
        Assert.Equal(["chart", "latest"], floor.Widgets);
        Assert.Empty((await admin.ApplyAsync(await admin.ExportAsync(cancellationToken: Cancelled), true, true, cancellationToken: Cancelled)).Changes);
        var changed = Assert.Single((await admin.ApplyAsync(head + views.Replace("last: 6h", "last: 12h", StringComparison.Ordinal), false, false, cancellationToken: Cancelled)).Changes);
        Assert.Equal(("~", "floor", "last", "6h", "12h"), (changed.Action, changed.Id, changed.Fields[0].Field, changed.Fields[0].From, changed.Fields[0].To));
        var pruned = Assert.Single((await admin.ApplyAsync(head, false, true, cancellationToken: Cancelled)).Changes);
        Assert.Equal(("-", "view", "floor"), (pruned.Action, pruned.Kind, pruned.Id)); // The other is of all, not of this file's places.
        var wrong = await Assert.ThrowsAsync<StrataApiException>(() => admin.ApplyAsync(head + "views: [{name: v, roles: [viewer], widgets: [chat]}]\n", true, false, "office.yaml", Cancelled));
        Assert.Contains("office.yaml:5:", wrong.Message, StringComparison.Ordinal);
        Assert.Contains("Did you mean 'chart'?", wrong.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("templates", "Title", "viewer", "latest", "1d", "name")]
    [InlineData("v", "", "viewer", "latest", "1d", "title")]
    [InlineData("v", "a\nb", "viewer", "latest", "1d", "title")]
    [InlineData("v", "Title", "no role!", "latest", "1d", "roles")]
    [InlineData("v", "Title", "viewer", "nothing", "1d", "widgets")]
    [InlineData("v", "Title", "viewer", "latest", "1s", "last")]
    [InlineData("v", "Title", "viewer", "latest", "10 days", "last")]
    public async Task A_view_that_cannot_be_is_refused_by_field(string name, string title, string role, string widget, string last, string field)
    {
        var refused = await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.SaveViewAsync(name, new SaveView(title, [role], [widget], Last: last), Cancelled));
        Assert.Equal((HttpStatusCode.BadRequest, field), (refused.StatusCode, refused.Field));
    }

    [Fact]
    public async Task Each_template_is_a_view_that_can_be_saved_and_an_executive_sees_costs_and_service_levels_without_administering()
    {
        var admin = await TenantAsync("fir");
        var templates = (await admin.ListViewTemplatesAsync(Cancelled)).Items;
        Assert.Equal(["building-manager", "energy-analyst", "executive"], templates.Select(t => t.Name));
        foreach (var t in templates)
            await admin.SaveViewAsync(t.Name, new SaveView(t.Title, t.Roles, t.Widgets, t.Metrics, t.Sites, t.Groups, t.Last, t.Landing), Cancelled);
        await cloud.Client.SetPricePlanAsync("flat-fir", new SetPricePlan("USD", [], 7, "2026-01"), Cancelled);
        var month = TimeProvider.System.GetUtcNow().ToString("yyyy-MM", System.Globalization.CultureInfo.InvariantCulture);
        await new StrataClient(cloud.Http, null, "fir").AssignPlanAsync(new AssignPlan("flat-fir", month), Cancelled);
        await admin.CreateRoleAsync(new CreateRole("executive", [.. Reader, "usage.read"]), Cancelled);
        var executive = await TokenAsync(admin, "executive", roleIsThere: true);
        Assert.Equal("executive", Assert.Single((await executive.ListViewsAsync(Cancelled)).Items).Name);
        Assert.Equal(7, (await executive.GetStatementAsync(month, cancellationToken: Cancelled)).Due);
        Assert.Empty((await executive.GetSlaReportAsync(month, Cancelled)).Objectives);
        Assert.Equal(HttpStatusCode.Forbidden, (await Assert.ThrowsAsync<StrataApiException>(() => executive.ListUsersAsync(cancellationToken: Cancelled))).StatusCode);
        var scoped = await TokenAsync(admin, "executive", "hq/floor-1", roleIsThere: true);
        Assert.Equal(HttpStatusCode.Forbidden, (await Assert.ThrowsAsync<StrataApiException>(() => scoped.GetStatementAsync(month, cancellationToken: Cancelled))).StatusCode);
    }

    [Fact]
    public async Task Views_survive_a_restart()
    {
        var admin = await TenantAsync("larch");
        await admin.SaveViewAsync("kept", new SaveView("Kept", ["viewer"], ["offline"], ["co2"], null, null, "7d", true), Cancelled);
        var before = await admin.GetViewAsync("kept", Cancelled);
        await cloud.StopAsync();
        await cloud.StartAsync();
        var after = await new StrataClient(cloud.Http, null, "larch").GetViewAsync("kept", Cancelled);
        Assert.Equal((before.Title, before.Last, before.Landing, string.Join(' ', before.Metrics)), (after.Title, after.Last, after.Landing, string.Join(' ', after.Metrics)));
    }

    /// <summary>A tenant with two floors and a device on each.</summary>
    private async Task<StrataClient> TenantAsync(string name)
    {
        await cloud.Client.CreateTenantAsync(new CreateTenant(name), Cancelled);
        var admin = new StrataClient(cloud.Http, null, name);
        await admin.ApplyAsync(
            $"apiVersion: strata/v1\nsite: hq\nchildren: [{{site: floor-1}}, {{site: floor-2}}]\ndevices: [{{id: {name}-1, site: hq/floor-1}}, {{id: {name}-2, site: hq/floor-2}}]\n", false, false,
            cancellationToken: Cancelled);
        return admin;
    }

    private async Task<StrataClient> TokenAsync(StrataClient admin, string role, string? site = null, bool roleIsThere = false)
    {
        if (!Role.TryFindBuiltIn(role, out _) && !roleIsThere)
            await admin.CreateRoleAsync(new CreateRole(role, Reader), Cancelled);
        var token = await admin.CreateTokenAsync(new CreateToken([new GrantInfo(role, site is null ? null : [site])], $"{role} {site}".Trim()), Cancelled);
        return new StrataClient(cloud.NewClient(), token.Token);
    }

    private Task StoreAsync(string tenant, string device, string metric)
    {
        var batch = new ReadingBatch();
        batch.BeginMessage();
        batch.Add(new Reading(Core.Devices.DeviceId.Parse(device), MetricName.Parse(metric), TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() * 1000, ReadingValue.OfNumber(21)));
        batch.EndMessage();
        return cloud.CommitAsync(new TelemetryWrite { Tenant = TenantId.Parse(tenant), Readings = batch });
    }
}
