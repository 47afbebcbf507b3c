namespace Strata.Architecture.Tests;

/// <summary>The arrows between projects: what each may reference, and nothing else.</summary>
public sealed class ProjectArrowTests
{
    /// <summary>The whole picture. A new project or arrow is a decision and is written here.</summary>
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Strata.Core"] = [],
        ["Strata.Storage"] = [],
        ["Strata.Postgres"] = ["Strata.Core"],
        ["Strata.Mqtt"] = ["Strata.Storage"],
        ["Strata.Mqtt.Broker"] = ["Strata.Mqtt"],
        ["Strata.Forwarding"] = ["Strata.Core", "Strata.Storage"],
        ["Strata.Telemetry"] = ["Strata.Core", "Strata.Storage"],
        ["Strata.Telemetry.Postgres"] = ["Strata.Core", "Strata.Postgres", "Strata.Telemetry"],
        ["Strata.Cloud.Contracts"] = ["Strata.Core"],
        ["Strata.Node"] = ["Strata.Core", "Strata.Mqtt", "Strata.Telemetry", "Strata.Cloud.Contracts"],
        ["Strata.Edge"] = ["Strata.Core", "Strata.Forwarding", "Strata.Storage"],
        ["Strata.Edge.Agent"] = ["Strata.Edge"],
        ["Strata.Fog"] = ["Strata.Core", "Strata.Storage", "Strata.Mqtt", "Strata.Telemetry", "Strata.Forwarding", "Strata.Node", "Strata.Cloud.Contracts"],
        ["Strata.Cloud.Platform"] = ["Strata.Core", "Strata.Cloud.Contracts", "Strata.Node", "Strata.Postgres"],
        ["Strata.Cloud.Devices"] = ["Strata.Core", "Strata.Cloud.Contracts", "Strata.Cloud.Platform", "Strata.Node", "Strata.Telemetry"],
        ["Strata.Cloud.Tenancy"] = ["Strata.Core", "Strata.Cloud.Contracts", "Strata.Cloud.Platform", "Strata.Node"],
        ["Strata.Cloud.Billing"] = ["Strata.Core", "Strata.Cloud.Contracts", "Strata.Cloud.Platform", "Strata.Node", "Strata.Telemetry"],
        ["Strata.Cloud.Identity"] = ["Strata.Core", "Strata.Storage", "Strata.Cloud.Contracts", "Strata.Cloud.Platform", "Strata.Node"],
        ["Strata.Cloud.Health"] = ["Strata.Core", "Strata.Cloud.Contracts", "Strata.Cloud.Platform", "Strata.Node", "Strata.Telemetry"],
        ["Strata.Cloud.Provisioning"] = ["Strata.Core", "Strata.Cloud.Contracts", "Strata.Cloud.Platform", "Strata.Node"],
        ["Strata.Cloud.Installer"] = ["Strata.Core", "Strata.Cloud.Contracts", "Strata.Cloud.Platform", "Strata.Node"],
        ["Strata.Cloud.Updates"] = ["Strata.Core", "Strata.Cloud.Contracts", "Strata.Cloud.Platform", "Strata.Node"],
        ["Strata.Cloud.Artifacts"] = ["Strata.Core", "Strata.Storage", "Strata.Cloud.Contracts", "Strata.Cloud.Platform", "Strata.Node"],
        ["Strata.Cloud.Shadows"] = ["Strata.Core", "Strata.Cloud.Contracts", "Strata.Cloud.Platform", "Strata.Node"],
        ["Strata.Cloud.Operations"] = ["Strata.Core", "Strata.Cloud.Contracts", "Strata.Node", "Strata.Telemetry"],
        ["Strata.Cloud.Dashboard"] = ["Strata.Core", "Strata.Cloud.Contracts"],
        ["Strata.Cloud"] =
        [
            "Strata.Core", "Strata.Mqtt", "Strata.Telemetry", "Strata.Telemetry.Postgres", "Strata.Postgres", "Strata.Node", "Strata.Cloud.Contracts", "Strata.Cloud.Platform",
            "Strata.Cloud.Devices", "Strata.Cloud.Tenancy", "Strata.Cloud.Billing", "Strata.Cloud.Health", "Strata.Cloud.Identity", "Strata.Cloud.Provisioning", "Strata.Cloud.Installer",
            "Strata.Cloud.Artifacts", "Strata.Cloud.Operations", "Strata.Cloud.Dashboard", "Strata.Cloud.Shadows", "Strata.Cloud.Updates",
        ],
        ["Strata.Cli"] = ["Strata.Core", "Strata.Cloud.Contracts", "Strata.Cloud", "Strata.Fog", "Strata.Edge", "Strata.Mqtt.Broker"],
    };

    public static TheoryData<string> Projects => [.. Repository.ProjectReferences.Keys.Order()];

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_references_only_what_the_picture_allows(string project)
    {
        Assert.True(Allowed.TryGetValue(project, out var allowed), $"{project} is not in the picture; decide what it may reference and add it here.");
        var surplus = Repository.ProjectReferences[project].Except(allowed!).ToArray();
        Assert.True(surplus.Length == 0, $"{project} references {string.Join(", ", surplus)}, which the picture does not allow.");
    }

    [Fact]
    public void The_picture_names_no_project_that_is_gone()
    {
        Assert.Empty(Allowed.Keys.Except(Repository.ProjectReferences.Keys));
    }

    [Fact]
    public void The_picture_has_no_circle()
    {
        foreach (var project in Allowed.Keys)
            Assert.DoesNotContain(project, Reach(project));
    }

    private static HashSet<string> Reach(string project)
    {
        var reached = new HashSet<string>();
        var open = new Stack<string>(Allowed[project]);
        while (open.TryPop(out var next))
        {
            if (reached.Add(next))
                foreach (var further in Allowed[next])
                    open.Push(further);
        }
        return reached;
    }
}
