using System.Net;
using Strata.Cloud.Contracts;

namespace Strata.Cloud.Tests.Shadows;

public sealed class ConfigurationExportInFilesTests(RunningCloud cloud) : ConfigurationExportTests(cloud), IClassFixture<RunningCloud>;

public sealed class ConfigurationExportInPostgresTests(RunningCloudOnPostgres cloud) : ConfigurationExportTests(cloud), IClassFixture<RunningCloudOnPostgres>;

/// <summary><c>configuration:</c> of what is exported.</summary>
public abstract class ConfigurationExportTests(RunningCloud cloud)
{
    private const string Devices = """
        apiVersion: strata/v1
        site: hq
        children: [ { site: floor-1, children: [ { site: room-1 } ] }, { site: floor-2 } ]
        devices: [ { id: d-1, site: hq/floor-1/room-1, model: th-1 }, { id: d-2, site: hq/floor-2, model: th-2 } ]
        """;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_makes_the_same_where_nothing_is_and_changes_nothing_where_it_comes_from()
    {
        var client = await TenantAsync("cfx-here");
        await client.ApplyAsync(Devices, dryRun: false, prune: false, cancellationToken: Cancelled);
        var place = "site/" + string.Join('/', Enumerable.Repeat(new string('a', 60), 5));
        // By the API, so that nothing is in a file's form or order already.
        await client.PutConfigurationSchemaAsync("th-9", """{ "type" : "object", "properties": { "a": { "type": "string" }, "a": {"maximum": 1.50} }, "description": "é: \u003c5\n# x" }""", Cancelled);
        await client.PutConfigurationSchemaAsync("5", "true", Cancelled);
        await client.PutConfigurationLayerAsync("site/hq/floor-1", """{"interval":60,"led":null}""", cancellationToken: Cancelled);
        await client.PutConfigurationLayerAsync("device/d-1", """{"list":[1,"1",[],{"b":null,"a":true}],"text":"true","none":"","null":"null","wifi":{"pass":"a: b #'\"\\ \u2028é🌡\n "}}""", "the owner's: wish", cancellationToken: Cancelled);
        await client.PutConfigurationLayerAsync("tenant", """{"z":1.50,"a":-1e3}""", "defaults", cancellationToken: Cancelled);
        await client.PutConfigurationLayerAsync("group/Z", "{}", cancellationToken: Cancelled);
        await client.PutConfigurationLayerAsync("group/a", """{"n":10000000000000000000000000000000000000000000000000000000000000000000000}""", cancellationToken: Cancelled);
        await client.PutConfigurationLayerAsync(place, """{"n":1}""", cancellationToken: Cancelled);

        var file = await client.ExportAsync(cancellationToken: Cancelled);
        Assert.Equal(
            $$$$"""
            configuration:
              schemas:
                "5": true
                th-9: {type: object, properties: {a: {maximum: 1.50}}, description: "é: <5\n# x"}
              layers:
              - {layer: tenant, content: {a: -1e3, z: 1.50}, why: defaults}
              - {layer: group/Z, content: {}}
              - {layer: group/a, content: {n: 10000000000000000000000000000000000000000000000000000000000000000000000}}
              - {layer: {{{{place}}}}, content: {n: 1}}
              - {layer: site/hq/floor-1, content: {interval: 60, led: null}}
              - {layer: device/d-1, content: {list: [1, "1", [], {b: null, a: true}], none: "", "null": "null", text: "true", wifi: {pass: "a: b #'\"\\ \Lé\U0001F321\n "}}, why: 'the owner''s: wish'}

            """.ReplaceLineEndings("\n"), file[file.IndexOf("configuration:", StringComparison.Ordinal)..]);
        foreach (var prune in new[] { false, true })
            Assert.Empty((await client.ApplyAsync(file, dryRun: false, prune, cancellationToken: Cancelled)).Changes);

        var there = await TenantAsync("cfx-there");
        Assert.Equal(8, (await there.ApplyAsync(file, dryRun: false, prune: false, cancellationToken: Cancelled)).Changes.Count(c => c.Kind.StartsWith("configuration", StringComparison.Ordinal)));
        Assert.Equal(file, await there.ExportAsync(cancellationToken: Cancelled));
        Assert.Equal(
            (await client.ListConfigurationLayersAsync(Cancelled)).Items.Select(l => (l.Layer, l.Content.GetRawText(), l.Why)),
            (await there.ListConfigurationLayersAsync(Cancelled)).Items.Select(l => (l.Layer, l.Content.GetRawText(), l.Why)));
    }

    [Fact]
    public async Task A_group_by_a_query_comes_with_its_layer_and_devices_have_what_it_says_where_it_is_applied()
    {
        var (client, there) = (await TenantAsync("cfx-group"), await TenantAsync("cfx-group-there"));
        await client.ApplyAsync(Devices, dryRun: false, prune: false, cancellationToken: Cancelled);
        await client.PutGroupAsync("slow", new SaveGroup(null, "model:th-2", null), Cancelled);
        await client.PutConfigurationLayerAsync("group/slow", """{"interval":900}""", cancellationToken: Cancelled);
        var file = await client.ExportAsync(cancellationToken: Cancelled);
        Assert.EndsWith("---\napiVersion: strata/v1\ngroups:\n- {id: slow, query: 'model:th-2'}\nconfiguration:\n  layers:\n  - {layer: group/slow, content: {interval: 900}}\n", file, StringComparison.Ordinal);
        Assert.Empty((await client.ApplyAsync(file, dryRun: false, prune: true, cancellationToken: Cancelled)).Changes);

        await there.ApplyAsync(file, dryRun: false, prune: false, cancellationToken: Cancelled);
        Assert.Equal(("model:th-2", 1), ((await there.GetGroupAsync("slow", Cancelled)).Query, (await there.GetGroupAsync("slow", Cancelled)).Devices));
        Assert.Equal(["group/slow"], (await there.GetConfigurationAsync("d-2", Cancelled)).Origins.Select(o => o.Layer));
        Assert.Empty((await there.GetConfigurationAsync("d-1", Cancelled)).Origins);
        Assert.Equal(file, await there.ExportAsync(cancellationToken: Cancelled));

        // Of a place neither: both are the whole tenant's, as for who may read, or write, there alone.
        Assert.DoesNotContain("slow", await client.ExportAsync("hq", Cancelled), StringComparison.Ordinal);
        var floor = await TokenAsync(client, new GrantInfo("tenant-admin", ["hq"]));
        Assert.DoesNotContain("slow", await floor.ExportAsync(cancellationToken: Cancelled), StringComparison.Ordinal);
        var refused = await Assert.ThrowsAsync<StrataApiException>(() => floor.ApplyAsync("apiVersion: strata/v1\ngroups: [ { id: mine, query: 'model:th-1' } ]\n", dryRun: false, prune: false, cancellationToken: Cancelled));
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
    }

    [Fact]
    public async Task Of_a_place_it_is_the_layers_of_places_and_devices_there_and_prune_takes_away_no_others()
    {
        var client = await TenantAsync("cfx-site");
        await client.ApplyAsync(Devices, dryRun: false, prune: false, cancellationToken: Cancelled);
        await client.PutConfigurationSchemaAsync("th-1", "{}", Cancelled);
        foreach (var layer in new[] { "tenant", "group/slow", "site/hq", "site/hq/floor-1", "site/hq/floor-1/room-1", "site/hq/floor-10", "site/hq/floor-2", "device/d-1", "device/d-2", "device/gone" })
            await client.PutConfigurationLayerAsync(layer, """{"n":1}""", cancellationToken: Cancelled);
        var file = await client.ExportAsync("hq/floor-1", Cancelled);
        Assert.EndsWith(
            """
            ---
            apiVersion: strata/v1
            configuration:
              sites:
              - hq/floor-1
              layers:
              - {layer: site/hq/floor-1, content: {n: 1}}
              - {layer: site/hq/floor-1/room-1, content: {n: 1}}
              - {layer: device/d-1, content: {n: 1}}

            """.ReplaceLineEndings("\n"), file, StringComparison.Ordinal);
        Assert.Empty((await client.ApplyAsync(file, dryRun: false, prune: true, cancellationToken: Cancelled)).Changes);
        var pruned = await client.ApplyAsync("apiVersion: strata/v1\nconfiguration: { sites: [hq/floor-1], layers: [ { layer: site/hq/floor-1, content: { n: 1 } } ] }\n", dryRun: true, prune: true, cancellationToken: Cancelled);
        Assert.Equal(["- device/d-1", "- site/hq/floor-1/room-1"], pruned.Changes.Select(c => $"{c.Action} {c.Id}").Order(StringComparer.Ordinal));
        await client.DeleteConfigurationLayerAsync("site/hq/floor-2", Cancelled);
        await client.DeleteConfigurationLayerAsync("device/d-2", Cancelled);
        Assert.DoesNotContain("configuration", await client.ExportAsync("hq/floor-2", Cancelled), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_is_given_what_he_may_not_read_and_the_file_says_that_it_is_left_out()
    {
        var (mine, other) = (await TenantAsync("cfx-mine"), await TenantAsync("cfx-other"));
        foreach (var client in new[] { mine, other })
        {
            await client.ApplyAsync(Devices, dryRun: false, prune: false, cancellationToken: Cancelled);
            await client.PutConfigurationLayerAsync("tenant", """{"whole":1}""", cancellationToken: Cancelled);
            await client.PutConfigurationLayerAsync("site/hq/floor-1", """{"first":1}""", cancellationToken: Cancelled);
            await client.PutConfigurationLayerAsync("device/d-2", """{"second":1}""", cancellationToken: Cancelled);
        }
        await other.PutConfigurationLayerAsync("site/hq", """{"secret":1}""", cancellationToken: Cancelled);
        await other.PutConfigurationSchemaAsync("secret", "{}", Cancelled);
        Assert.DoesNotContain("secret", await mine.ExportAsync(cancellationToken: Cancelled), StringComparison.Ordinal);
        Assert.DoesNotContain("secret", await mine.ExportAsync("hq", Cancelled), StringComparison.Ordinal);

        await mine.CreateRoleAsync(new CreateRole("planner", ["sites.read"]), Cancelled);
        await mine.CreateRoleAsync(new CreateRole("reader", ["sites.read", "devices.read"]), Cancelled);
        var planner = await (await TokenAsync(mine, new GrantInfo("planner"))).ExportAsync(cancellationToken: Cancelled);
        Assert.StartsWith("# configuration: left out; the caller may not read it (devices.read).\napiVersion: strata/v1\nsite: hq\n", planner, StringComparison.Ordinal);
        Assert.DoesNotContain("content", planner, StringComparison.Ordinal);

        // Sites everywhere, devices on one floor alone.
        var floor = await TokenAsync(mine, new GrantInfo("planner"), new GrantInfo("reader", ["hq/floor-1"]));
        var some = await floor.ExportAsync(cancellationToken: Cancelled);
        Assert.StartsWith("# configuration: only of hq/floor-1; the caller may not read more (devices.read).\n", some, StringComparison.Ordinal);
        Assert.Contains("  sites:\n  - hq/floor-1\n  layers:\n  - {layer: site/hq/floor-1, content: {first: 1}}\n", some, StringComparison.Ordinal);
        Assert.DoesNotContain("whole", some, StringComparison.Ordinal);
        Assert.DoesNotContain("second", some, StringComparison.Ordinal);
        Assert.Equal(some, await floor.ExportAsync("hq", Cancelled));
        Assert.DoesNotContain("first", await floor.ExportAsync("hq/floor-2", Cancelled), StringComparison.Ordinal);
        // What it leaves out, applying it does not take away.
        Assert.Empty((await mine.ApplyAsync(some, dryRun: true, prune: true, cancellationToken: Cancelled)).Changes);

        var own = await (await TokenAsync(mine, new GrantInfo("reader", ["hq/floor-1"]))).ExportAsync(cancellationToken: Cancelled);
        Assert.StartsWith("apiVersion", own, StringComparison.Ordinal);
        Assert.Contains("first", own, StringComparison.Ordinal);
        Assert.DoesNotContain("whole", own, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_layer_whose_name_no_file_takes_is_refused()
    {
        var client = await TenantAsync("cfx-name");
        var refused = await Assert.ThrowsAsync<StrataApiException>(() => client.PutConfigurationLayerAsync("device/a\nb", "{}", cancellationToken: Cancelled));
        Assert.Equal((HttpStatusCode.BadRequest, "A layer's name has no control characters."), (refused.StatusCode, refused.Message));
    }

    private async Task<StrataClient> TenantAsync(string tenant)
    {
        await cloud.Client.CreateTenantAsync(new CreateTenant(tenant), Cancelled);
        return new StrataClient(cloud.Http, null, tenant);
    }

    private async Task<StrataClient> TokenAsync(StrataClient admin, params GrantInfo[] grants) =>
        new(cloud.NewClient(), (await admin.CreateTokenAsync(new CreateToken(grants, "somebody"), Cancelled)).Token);
}
