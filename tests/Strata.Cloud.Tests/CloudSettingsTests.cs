using System.Reflection;
using Strata.Cloud.Dashboard;
using Strata.Cloud.Tenancy.Mail;
using Strata.Mqtt.Inspection;
using Strata.Node.Settings;

namespace Strata.Cloud.Tests;

public sealed class CloudSettingsTests
{
    /// <summary>What is set by options of their own, or holds nothing that an operator sets.</summary>
    private static readonly Type[] Elsewhere = [typeof(SmtpOptions), typeof(DashboardOptions), typeof(MqttInspectionOptions)];

    [Fact]
    public void Every_part_s_limits_can_be_set()
    {
        var options = Parts(typeof(CloudOptions).Assembly, []).Where(a => a != typeof(Core.Problem).Assembly).SelectMany(a => a.GetExportedTypes()).Where(t => t is { IsClass: true, IsAbstract: false } && t.Name.EndsWith("Options", StringComparison.Ordinal));
        Assert.Empty(options.Except(CloudSettings.Sections.Select(s => s.Options)).Except(Elsewhere));
    }

    [Fact]
    public void No_two_settings_have_one_name() =>
        Assert.Empty(CloudSettings.Sections.SelectMany(s => s.Settings).GroupBy(s => s.Name, StringComparer.OrdinalIgnoreCase).Where(g => g.Count() > 1).Select(g => g.Key));

    [Fact]
    public async Task A_node_starts_with_every_setting_given_as_it_holds_anyway()
    {
        var folder = Directory.CreateTempSubdirectory("strata-settings-");
        try
        {
            var settings = NodeSettings.Parse(CloudSettings.Sections.Where(s => s.Name != "postgres").SelectMany(s => s.Settings).Select(s => $"{s.Name}={s.Default}"), CloudSettings.Sections);
            await using var node = await CloudNode.StartAsync(
                new CloudOptions { DataFolder = folder.FullName, Http = new(System.Net.IPAddress.Loopback, 0), Mqtt = new(System.Net.IPAddress.Loopback, 0), Settings = settings }, cancellationToken: TestContext.Current.CancellationToken);
            Assert.NotEqual(0, node.Http.Port);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static HashSet<Assembly> Parts(Assembly from, HashSet<Assembly> found)
    {
        if (found.Add(from))
        {
            foreach (var part in from.GetReferencedAssemblies().Where(n => n.Name!.StartsWith("Strata.", StringComparison.Ordinal)))
                Parts(Assembly.Load(part), found);
        }
        return found;
    }
}
