using System.Text.Json;
using CsCheck;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Description;
using Strata.Cloud.Devices.UseCases;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Audit;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Devices.Tests;

/// <summary>Runs on every database that can hold a registry.</summary>
public abstract class ApplyArchitectureTests
{
    /// <summary>An empty registry of its own.</summary>
    private protected abstract Task<TestRegistry> OpenAsync();

    private const string Office = """
        apiVersion: strata/v1
        site: hq
        children:
          - { site: east, kind: zone }
          - { site: west, kind: zone }
        gateways:
          - { id: gw, site: hq }
        devices:
          - { id: t-1, site: hq/east, deadband: { temperature: 0.5 } }
          - { id: t-2, site: hq/west, gateways: [gw] }
        groups:
          - { id: all, sites: [hq] }
        """;

    [Fact]
    public async Task A_new_architecture_is_made_and_applying_it_again_changes_nothing()
    {
        await using var registry = await OpenAsync();
        Assert.Equal(
            ["+ site hq", "+ site hq/east", "+ site hq/west", "+ gateway gw", "+ device t-1", "+ device t-2", "+ group all"],
            await registry.ApplyRightAsync(Office));
        Assert.Empty(await registry.ApplyRightAsync(Office, prune: true));
    }

    [Fact]
    public async Task Groups_by_a_query_and_of_places_in_several_trees_are_exported_as_they_are_applied()
    {
        const string Groups = """
            apiVersion: strata/v1
            groups:
              - { id: both, query: "group:picked model:x" }
              - { id: picked }
            ---
            apiVersion: strata/v1
            site: hq
            ---
            apiVersion: strata/v1
            site: works
            groups:
              - { id: slow, query: "model:th-1 OR tag.pace=slow" }
              - { id: wide, sites: [works, hq] }
            """;
        await using var registry = await OpenAsync();
        Assert.Equal(["+ site hq", "+ site works", "+ group both", "+ group picked", "+ group slow", "+ group wide"], await registry.ApplyRightAsync(Groups));
        var file = registry.Export();
        Assert.Equal(
            """
            apiVersion: strata/v1
            site: hq
            ---
            apiVersion: strata/v1
            site: works
            groups:
            - {id: wide, sites: [hq, works], window: 5m}
            ---
            apiVersion: strata/v1
            groups:
            - {id: both, query: 'group:picked model:x'}
            - {id: picked}
            - {id: slow, query: 'model:th-1 OR tag.pace=slow'}

            """.ReplaceLineEndings("\n"), file);
        Assert.Empty(await registry.ApplyRightAsync(file, prune: true));
        await using var other = await OpenAsync();
        await other.ApplyRightAsync(file);
        Assert.Equal(file, other.Export());
        // Neither a tree's file has them, nor does pruning it take them away.
        Assert.DoesNotContain("groups", registry.Export("hq"), StringComparison.Ordinal);
        Assert.Equal(["~ group slow query:model:th-1 OR tag.pace=slow>model:th-2"], await registry.ApplyRightAsync("apiVersion: strata/v1\ngroups: [ { id: slow, query: 'model:th-2' } ]\n", prune: true));
    }

    [Theory]
    [InlineData("{ id: a, query: 'group:b' }", "groups[0].query: there is no group 'b'.")]
    [InlineData("{ id: a, query: 'group:slow' }", "groups[0].query: the query of group 'a' names the group 'slow', which has a query itself; write that query's terms instead.")]
    [InlineData("{ id: a, query: 'group:a' }", "groups[0].query: the query of group 'a' names the group 'a', which has a query itself; write that query's terms instead.")]
    [InlineData("{ id: all, query: 'model:x' }", "groups[0].query: the query of group 'slow' names the group 'all', which has a query itself; write that query's terms instead.")]
    [InlineData("{ id: a, query: 'model:' }", "groups[0].query: ")]
    [InlineData("{ id: a, window: 5m }", "groups[0].window: only a group of places has windows.")]
    public async Task What_the_query_of_a_group_cannot_be_is_refused(string group, string expected)
    {
        await using var registry = await OpenAsync();
        await registry.ApplyRightAsync(Office);
        await registry.ApplyRightAsync("apiVersion: strata/v1\ngroups: [ { id: slow, query: 'group:all model:th-1' } ]\n");
        var refused = await registry.ApplyAsync($"apiVersion: strata/v1\ngroups: [ {group} ]\n");
        Assert.Contains(expected, refused.Problem?.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_makes_no_more_groups_than_a_tenant_may_have()
    {
        await using var registry = await OpenAsync();
        var full = await registry.ApplyAsync($"apiVersion: strata/v1\ngroups: [ {string.Join(", ", Enumerable.Range(0, 21).Select(i => $"{{ id: g-{i} }}"))} ]\n");
        Assert.Equal("With this file there would be 21 groups; a tenant has at most 20.", full.Problem?.Detail);
    }

    [Theory]
    [InlineData("{ id: t-1, site: hq }", "'t-1' is the id of a device", "{ id: t-3, site: hq/east }")]
    [InlineData("{ id: gw-2, site: hq }", "'gw' is the id of a device", "{ id: gw, site: hq/east }")]
    [InlineData("{ id: t-3, site: hq }", "'t-3' is the id of a device", "{ id: t-3, site: hq/east }")]
    public async Task A_device_and_a_gateway_cannot_have_one_id(string gateway, string expected, string device)
    {
        await using var registry = await OpenAsync();
        await registry.ApplyRightAsync(Office);
        var yaml = Office.Replace("  - { id: gw, site: hq }", $"  - {{ id: gw, site: hq }}\n  - {gateway}", StringComparison.Ordinal)
            .Replace("groups:", $"  - {device}\ngroups:", StringComparison.Ordinal);
        var outcome = await registry.ApplyAsync(yaml);
        Assert.False(outcome.IsOk);
        Assert.Contains(expected, outcome.Problem.Detail, StringComparison.Ordinal);
        var device2 = await registry.ApplyAsync("apiVersion: strata/v1\nsite: hq\ndevices: [ { id: gw, site: hq } ]\n");
        Assert.Contains("'gw' is the id of a gateway", device2.Problem?.Detail, StringComparison.Ordinal);
        var alone = await registry.Store.ChangeAsync(TestRegistry.Admin, change => RegisterDevice.Decide(change, new CreateDevice("gw"), 100), CancellationToken.None);
        Assert.Equal(ProblemKind.Conflict, alone.Problem?.Kind);
    }

    [Fact]
    public async Task Secrets_are_of_new_devices_only_and_work()
    {
        await using var registry = await OpenAsync();
        var first = (await registry.ApplyAsync(Office)).Value!;
        Assert.Equal(["t-1", "t-2"], first.Secrets.Keys.Order());
        Assert.Equal(
            Node.Devices.CredentialCheck.Accepted,
            registry.Devices.Check(Strata.Core.Tenancy.TenantId.Main, DeviceId.Parse("t-1"), System.Text.Encoding.UTF8.GetBytes(first.Secrets["t-1"]), out _));
        Assert.Empty((await registry.ApplyAsync(Office.Replace("0.5", "0.4", StringComparison.Ordinal))).Value!.Secrets);
    }

    [Fact]
    public async Task A_dry_run_says_the_same_and_changes_nothing()
    {
        await using var registry = await OpenAsync();
        var dry = (await registry.ApplyAsync(Office, dryRun: true)).Value!;
        Assert.True(dry.DryRun);
        Assert.Empty(dry.Secrets);
        Assert.Empty(registry.Image.Sites);
        await using (var context = registry.Store.CreateContext(TenantId.Main))
            Assert.False(await context.Audit.AnyAsync(TestContext.Current.CancellationToken));
        Assert.Equal(TestRegistry.Lines(dry), await registry.ApplyRightAsync(Office));
    }

    [Fact]
    public async Task A_change_names_each_field_with_its_old_and_new_value()
    {
        await using var registry = await OpenAsync();
        await registry.ApplyRightAsync(Office);
        var changed = Office.Replace("{ temperature: 0.5 }", "{ temperature: 1, co2: 50 }, heartbeat: 90s", StringComparison.Ordinal)
            .Replace("id: gw, site: hq", "id: gw, site: hq/east, uplink: { '*': both }", StringComparison.Ordinal).Replace("site: hq\n", "site: hq\nname: Headquarters\n", StringComparison.Ordinal);
        Assert.Equal(
            [
                "~ site hq name:hq>Headquarters", "~ gateway gw site:hq>hq/east uplink.*:->both",
                "~ device t-1 heartbeat:5m>90s deadband.temperature:0.5>1 deadband.co2:->50",
            ],
            await registry.ApplyRightAsync(changed));
    }

    [Fact]
    public async Task Only_pruning_removes_and_only_within_the_files_tree()
    {
        await using var registry = await OpenAsync();
        await registry.ApplyRightAsync(Office);
        await registry.ApplyRightAsync("apiVersion: strata/v1\nsite: other\ngateways: [ { id: gw-o, site: other } ]\ndevices: [ { id: o-1, site: other, gateways: [gw, gw-o] } ]");
        const string less = "apiVersion: strata/v1\nsite: hq\nchildren: [ { site: east, kind: zone } ]\ndevices: [ { id: t-1, site: hq/east, deadband: { temperature: 0.5 } } ]";
        Assert.Empty(await registry.ApplyRightAsync(less));
        Assert.Equal(
            ["- group all", "~ device o-1 gateways:gw, gw-o>gw-o", "- device t-2", "- gateway gw", "- site hq/west"],
            await registry.ApplyRightAsync(less, prune: true));
        Assert.Equal(DeviceState.Decommissioned, registry.Image.Devices["t-2"].State);
        Assert.Equal(["hq", "hq/east", "other"], registry.Image.Sites.Keys);
        Assert.False(registry.Gateways.TryGet(TenantId.Main, GatewayId.Parse("gw"), out _));
        await registry.RestartAsync();
        Assert.Equal(["hq", "hq/east", "other"], registry.Image.Sites.Keys);
    }

    [Theory]
    [InlineData("gateways: [gw]", "gateways: [gx]", "site.yaml:10:11: devices[1].gateways: there is no gateway 'gx'. Did you mean 'gw'?")]
    [InlineData("sites: [hq]", "sites: [land/hq]", "'land/hq' is not a place of this file.")]
    public async Task What_is_nowhere_is_refused_and_nothing_is_done(string right, string wrong, string message)
    {
        await using var registry = await OpenAsync();
        var outcome = await registry.ApplyAsync(Office.Replace(right, wrong, StringComparison.Ordinal));
        Assert.Contains(message, outcome.Problem?.Detail);
        Assert.Empty(registry.Image.Sites);
    }

    [Fact]
    public async Task A_tree_hangs_only_below_a_place_that_is_there()
    {
        await using var registry = await OpenAsync();
        const string branch = "apiVersion: strata/v1\nsite: hq/east/desk\n";
        Assert.Contains("'hq/east', which should hold 'hq/east/desk', is not in the registry", (await registry.ApplyAsync(branch)).Problem?.Detail);
        await registry.ApplyRightAsync(Office);
        Assert.Equal(["+ site hq/east/desk"], await registry.ApplyRightAsync(branch));
    }

    [Theory]
    [InlineData("a", "a", "circle: a > a")]
    [InlineData("b", "a", "circle: a > b > a")]
    public async Task Gateways_do_not_go_round_in_a_circle(string ofA, string ofB, string message)
    {
        await using var registry = await OpenAsync();
        var outcome = await registry.ApplyAsync($"apiVersion: strata/v1\nsite: hq\ngateways:\n  - {{ id: a, site: hq, parent: {ofA} }}\n  - {{ id: b, site: hq, parent: {ofB} }}");
        Assert.Contains(message, outcome.Problem?.Detail);
    }

    [Fact]
    public async Task An_apply_is_one_audit_record_with_the_digest_of_its_items()
    {
        await using var registry = await OpenAsync();
        await registry.ApplyRightAsync(Office);
        await using var context = registry.Store.CreateContext(TenantId.Main);
        var audit = await context.Audit.SingleAsync(TestContext.Current.CancellationToken);
        Assert.Equal(("admin", "apply", "architecture", "site.yaml", "done"), (audit.Actor, audit.Action, audit.Kind, audit.Subject, audit.Result));
        using var detail = System.Text.Json.JsonDocument.Parse(audit.Detail!);
        var first = detail.RootElement.GetProperty("first").EnumerateArray().Select(i => i.GetString()!).ToList();
        Assert.Equal(7, detail.RootElement.GetProperty("items").GetInt32());
        var digest = System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(string.Concat(first.Select(l => l + "\n"))));
        Assert.Equal(Convert.ToHexStringLower(digest), detail.RootElement.GetProperty("sha256").GetString());
        Assert.Contains(first, i => i.Contains("\"kind\":\"device\"", StringComparison.Ordinal) && i.Contains("t-2", StringComparison.Ordinal));
        Assert.DoesNotContain("secret", audit.Detail, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_change_says_what_was_before_and_after_and_nothing_secret()
    {
        await using var registry = await OpenAsync();
        await registry.RegisterAsync(new Strata.Cloud.Contracts.CreateDevice("t-9", Model: "m1"));
        var row = registry.Image.Devices["t-9"];
        await registry.Store.ChangeAsync<int>(TestRegistry.Admin with { Origin = "192.0.2.7" }, change =>
        {
            change.Put(row with { Model = "m2" }, "change");
            return 0;
        }, TestContext.Current.CancellationToken);
        await using var context = registry.Store.CreateContext(TenantId.Main);
        var audit = await context.Audit.OrderBy(a => a.Id).ToListAsync(TestContext.Current.CancellationToken);
        Assert.Equal((null, "192.0.2.7"), (audit[0].Origin, audit[1].Origin));
        Assert.Null(audit[0].Before);
        Assert.Contains("\"model\":\"m1\"", audit[1].Before, StringComparison.Ordinal);
        Assert.Contains("\"model\":\"m2\"", audit[1].After, StringComparison.Ordinal);
        Assert.All(audit, a => Assert.DoesNotContain(Convert.ToBase64String(row.SecretHash!), $"{a.Before}{a.After}{a.Detail}", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Two_at_once_give_each_device_one_secret()
    {
        await using var registry = await OpenAsync();
        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => registry.ApplyAsync(Office))));
        Assert.All(results, r => Assert.True(r.IsOk, r.Problem?.Detail));
        Assert.Equal(2, results.Sum(r => r.Value!.Secrets.Count));
        await using var context = registry.Store.CreateContext(TenantId.Main);
        Assert.Equal(1, await context.Audit.CountAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_decommissioned_devices_name_may_be_used_anew()
    {
        await using var registry = await OpenAsync();
        await registry.ApplyRightAsync(Office);
        await registry.Store.ChangeAsync(TestRegistry.Admin, change => DecommissionDevice.Decide(change, change.Image.Devices["t-1"], "test"), CancellationToken.None);
        Assert.Equal(["+ device t-1"], await registry.ApplyRightAsync(Office));
        Assert.Equal(DeviceState.Provisioning, registry.Image.Devices["t-1"].State);
    }

    [Fact]
    public async Task What_is_exported_gives_no_changes_when_applied()
    {
        await using var registry = await OpenAsync();
        await Architectures.Gen.SampleAsync(async yaml =>
        {
            var outcome = await registry.ApplyAsync(yaml, prune: true);
            Assert.True(outcome.IsOk, $"{outcome.Problem?.Detail}\n{yaml}");
            var exported = registry.Export();
            Assert.True((await registry.ApplyRightAsync(exported, prune: true)).Count == 0, $"Exported:\n{exported}\nfrom:\n{yaml}");
            var all = await registry.ApplyRightAsync(yaml, dryRun: true, prune: true);
            Assert.True(all.Count == 0, $"{string.Join('\n', all)}\n{yaml}");
        }, iter: 60, threads: 1);
    }

    [Fact]
    public async Task Tables_are_read_whole_as_queries_read_them_and_of_one_tenant()
    {
        await using var registry = await OpenAsync();
        await Architectures.Gen.SampleAsync(async yaml =>
        {
            Assert.True((await registry.ApplyAsync(yaml, prune: true)).IsOk, yaml);
            await using var context = registry.Store.CreateContext(TenantId.Main);
            await SameAsync(context, context.Sites);
            await SameAsync(context, context.Gateways);
            await SameAsync(context, context.Devices);
            await SameAsync(context, context.Groups);
        }, iter: 10, threads: 1);
        await using (var context = registry.Store.CreateContext(TenantId.Main))
        {
            Assert.True(await SameAsync(context, context.Audit) > 0);
            await using var transaction = await context.Database.BeginTransactionAsync(TestContext.Current.CancellationToken);
            Assert.True(await SameAsync(context, context.Audit) > 0);
        }
        await using var other = registry.Store.CreateContext(TenantId.Parse("other"));
        Assert.Empty(await other.ReadAllAsync<AuditRow>(TestContext.Current.CancellationToken));
    }

    private static async Task<int> SameAsync<TRow>(StrataDbContext context, IQueryable<TRow> query)
        where TRow : class, ITenantRow
    {
        static IEnumerable<string> Text(IEnumerable<TRow> rows) => rows.Select(r => JsonSerializer.Serialize(r)).Order(StringComparer.Ordinal);
        var whole = await context.ReadAllAsync<TRow>(TestContext.Current.CancellationToken);
        Assert.Equal(Text(await query.ToListAsync(TestContext.Current.CancellationToken)), Text(whole));
        return whole.Count;
    }

    [Fact]
    public async Task An_export_into_an_empty_registry_gives_the_same_export()
    {
        await using var one = await OpenAsync();
        await using var two = await OpenAsync();
        await one.RegisterAsync(new CreateDevice("nowhere", Model: "x: [y", Heartbeat: TimeSpan.FromMilliseconds(1500)));
        await one.ApplyRightAsync(Office);
        await two.ApplyRightAsync(one.Export());
        Assert.Equal(one.Export(), two.Export());
        Assert.Contains("nowhere", two.Image.Devices.Keys);
    }

    [Fact]
    public async Task A_full_node_takes_nothing_of_a_file_that_is_too_large()
    {
        await using var registry = await OpenAsync();
        var outcome = await ApplyArchitecture.ApplyAsync(registry.Store, TestRegistry.Admin, "site.yaml", SiteFileReader.Read("site.yaml", Office).Value!, false, false, new(1, 200, 20), null, CancellationToken.None);
        Assert.Equal(ProblemKind.TooMuch, outcome.Problem?.Kind);
        Assert.Empty(registry.Image.Sites);
    }
}
