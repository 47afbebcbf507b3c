using Strata.Cloud.Devices.Description;

namespace Strata.Cloud.Devices.Tests;

public sealed class SiteFileReaderTests
{
    private const string Example = """
        apiVersion: strata/v1
        site: hq                      # the root of this file; children nest to any depth
        name: Headquarters
        children:
          - { site: floor-1, kind: floor, children: [ { site: east, kind: zone }, { site: west, kind: zone } ] }
        gateways:
          - { id: gw-hq, site: hq, uplink: { temperature: window, alarm: raw } }
        devices:
          - { id: t-101, site: hq/floor-1/east, model: room-sensor, heartbeat: 5m, deadband: { temperature: 0.5 } }
        groups:
          - { id: floor-1, sites: [hq/floor-1], window: 5m }
        """;

    [Fact]
    public void The_documented_example_is_read()
    {
        var description = Read(Example);
        Assert.Equal(["hq", "hq/floor-1", "hq/floor-1/east", "hq/floor-1/west"], description.Sites.Select(s => s.Path));
        Assert.Equal(("Headquarters", "site"), (description.Sites[0].Name, description.Sites[0].Kind));
        Assert.Equal("raw", Assert.Single(description.Gateways).Uplink["alarm"]);
        var device = Assert.Single(description.Devices);
        Assert.Equal(("hq/floor-1/east", "room-sensor", TimeSpan.FromMinutes(5), 0.5), (device.Site, device.Model, device.Heartbeat, device.Deadband["temperature"]));
        Assert.Equal(TimeSpan.FromMinutes(5), Assert.Single(description.Groups).Window);
    }

    [Fact]
    public void The_office_sample_is_read()
    {
        var description = Read(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "office.site.yaml")));
        Assert.Equal(8, description.Devices.Count(d => d.Model == "room-sensor"));
        Assert.Equal(["gw-north", "gw-south"], description.Gateways.Select(g => g.Id));
    }

    [Theory]
    [InlineData("heartbeat: 5m", "heartbeat: soon", "soon", "devices[0].heartbeat: 'soon' is not a duration; write 30s, 5m or 1h.")]
    [InlineData("heartbeat: 5m", "heartbeat: 0s", "0s", "devices[0].heartbeat: 0s is out of range: 1s to 30d.")]
    [InlineData("heartbeat", "heartbeet", "heartbeet", "devices[0].heartbeet: unknown field. Did you mean 'heartbeat'? Fields here: id, site, model, heartbeat, deadband, gateways.")]
    [InlineData("id: t-101", "id: -101", "-101", "devices[0].id: '-101' is not a device id: character 1 is not allowed; it starts with a letter or digit and goes on with letters, digits and . _ : -.")]
    [InlineData("hq/floor-1/east, model", "hq/floor-1/eats, model", "hq/floor-1/eats", "devices[0].site: 'hq/floor-1/eats' is not a place of this file. Did you mean 'hq/floor-1/east'?")]
    [InlineData("{ site: west", "{ site: east", "east, kind: zone } ] }", "children[0].children[1].site: 'hq/floor-1/east' stands in the file twice.")]
    [InlineData("{ site: west", "{ site: a/b", "a/b", "children[0].children[1].site: 'a/b' is a path; a child has one name, its place in the file says the rest.")]
    [InlineData("temperature: window", "temperature: windows", "windows", "gateways[0].uplink.temperature: 'windows' is not a policy; write raw, window or both. Did you mean 'window'?")]
    [InlineData("temperature: 0.5", "temperature: -1", "-1 } }", "devices[0].deadband.temperature: '-1' is not a dead band; write a number that is 0 or more, in the metric's unit.")]
    [InlineData("strata/v1", "strata/v2", "strata/v2", "apiVersion: 'strata/v2' is not a version that this node reads; write strata/v1.")]
    [InlineData("site: hq, uplink", "uplink", "{ id: gw-hq", "gateways[0].site: 'site' is missing: a gateway stands somewhere.")]
    [InlineData("sites: [hq/floor-1]", "sites: []", "[]", "groups[0].sites: a group needs at least one place, or a query.")]
    [InlineData("sites: [hq/floor-1]", "sites: [hq/floor-1], query: 'model:x'", "'model:x'", "groups[0].query: a group is one of places or one by a query, not both; a query has site:PATH for that.")]
    [InlineData("sites: [hq/floor-1]", "sites: hq/floor-1", "hq/floor-1, window", "groups[0].sites: a list was expected here ([ ... ]).")]
    [InlineData("model: room-sensor", "id: t-102", "id: t-102", "'id' stands here twice.")]
    [InlineData("site: hq  ", "sites: hq ", "sites: hq ", "sites: unknown field. Did you mean 'site'? Fields here: apiVersion, tenant, site, name, kind, children, gateways, devices, groups, views, configuration, rollouts.")]
    public void A_mistake_is_said_with_file_line_column_and_field(string right, string wrong, string pointsAt, string message)
    {
        var at = Example.IndexOf(right, StringComparison.Ordinal);
        var yaml = Example[..at] + wrong + Example[(at + right.Length)..];
        var before = yaml[..yaml.IndexOf(pointsAt, StringComparison.Ordinal)];
        var place = $"{before.Count(c => c == '\n') + 1}:{before.Length - before.LastIndexOf('\n')}";
        Assert.Equal($"site.yaml:{place}: {message}", SiteFileReader.Read("site.yaml", yaml).Problem?.Detail);
    }

    [Fact]
    public void The_field_is_told_apart_for_programs()
    {
        var outcome = SiteFileReader.Read("site.yaml", Example.Replace("heartbeat: 5m", "heartbeat: soon", StringComparison.Ordinal));
        Assert.Equal("devices[0].heartbeat", outcome.Problem?.Field);
    }

    [Theory]
    [InlineData("", "site.yaml")]
    [InlineData("just a text", "a map of fields was expected here")]
    [InlineData("a: [1, 2", "this is not YAML")]
    [InlineData("apiVersion: x\n\tsite: y", "this is not YAML")]
    [InlineData("apiVersion: strata/v1\nname: nowhere", "'site' is missing: name belongs to a place")]
    [InlineData("apiVersion: strata/v1\nsite: hq\nname: *missing", "refers to nothing")]
    [InlineData("apiVersion: strata/v1\nsite: hq\nchildren: &a [ *a ]", "refers to nothing")]
    [InlineData("apiVersion: strata/v1\nsite: hq\n---\napiVersion: strata/v1\nsite: hq/floor", "are in the same tree")]
    public void What_is_no_site_file_is_refused(string yaml, string expected)
    {
        var outcome = SiteFileReader.Read("site.yaml", yaml);
        if (yaml.Length == 0)
            Assert.True(outcome.IsOk, "An empty file describes nothing.");
        else
            Assert.Contains(expected, outcome.Problem?.Detail);
    }

    [Fact]
    public void Many_aliases_do_not_become_a_large_tree()
    {
        var yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
            + string.Concat(Enumerable.Range(1, 12).Select(i => $"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]\n"));
        Assert.Contains("more than 2,000,000 values", SiteFileReader.Read("site.yaml", yaml).Problem?.Detail);
    }

    [Fact]
    public void Too_deep_a_tree_is_refused_at_its_place()
    {
        var yaml = "apiVersion: strata/v1\nsite: s\n" + string.Concat(Enumerable.Range(0, 17).Select(i => $"{new string(' ', 4 * i)}children:\n{new string(' ', (4 * i) + 2)}- site: s\n"));
        Assert.Contains("at most 16 segments", SiteFileReader.Read("site.yaml", yaml).Problem?.Detail);
    }

    [Fact]
    public void Nesting_without_end_is_refused()
    {
        Assert.Contains("nested more than", SiteFileReader.Read("site.yaml", new string('[', 100_000)).Problem?.Detail);
    }

    private static ArchitectureDescription Read(string yaml)
    {
        var outcome = SiteFileReader.Read("site.yaml", yaml);
        Assert.True(outcome.IsOk, outcome.Problem?.Detail);
        return outcome.Value;
    }
}
