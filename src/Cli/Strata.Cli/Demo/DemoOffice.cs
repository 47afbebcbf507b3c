using Strata.Cli.Processes;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Demo;

/// <summary>One of the demo's organisations: a tenant with its gateways and an agent per device.</summary>
/// <param name="client">Acts for this tenant.</param>
/// <param name="dashboard">Opens the dashboard once, as the tenant's administrator.</param>
/// <param name="known">The gateways that its file describes.</param>
/// <param name="secrets">Of the devices that are new.</param>
internal sealed class DemoOffice(
    string tenant, StrataClient client, string dashboard, IReadOnlyList<GatewayInfo> known, IReadOnlyDictionary<string, string> secrets)
{
    public string Tenant => tenant;

    public StrataClient Client => client;

    public string Dashboard => dashboard;

    public IReadOnlyList<GatewayInfo> Known => known;

    public IReadOnlyDictionary<string, string> Secrets => secrets;

    public Dictionary<string, StrataProcess> Gateways { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, DemoAgent> Agents { get; } = new(StringComparer.Ordinal);

    /// <summary>The gateway at the device's place; null when there is none.</summary>
    public StrataProcess? HomeOf(DeviceInfo device)
    {
        var home = known.Where(g => device.Site is { } site && (site + "/").StartsWith(g.Site + "/", StringComparison.Ordinal)).MaxBy(g => g.Site.Length);
        return home is null ? null : Gateways[home.Id];
    }

    /// <summary>What its agents' disks say: the truth also when an agent's last report did not get through.</summary>
    public DemoEdgeBooks ReadEdgeBooks() => Agents.Values.Select(a => a.ReadBooks()).Aggregate(default(DemoEdgeBooks), (sum, one) => sum + one);

    /// <summary>The tenant's books at the cloud.</summary>
    /// <param name="sources">In place of the agents' last reports.</param>
    public async Task<DemoBooks> ReadBooksAsync(DemoEdgeBooks? sources, CancellationToken cancellationToken)
    {
        var seen = await client.GetStatisticsAsync(cancellationToken);
        return new DemoBooks(tenant, sources is { } own ? own.Correct(seen) : seen);
    }
}
