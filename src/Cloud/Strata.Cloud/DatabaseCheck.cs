using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Node.Operations;

namespace Strata.Cloud;

/// <summary>Whether the registry's database answers. Without it nothing can be changed; what is in memory is served on.</summary>
internal sealed class DatabaseCheck(IRegistryDatabase database) : INodeCheck
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    public async ValueTask<HealthCheck> CheckAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        var (answers, detail) = await ((RegistryServer)database).AskAsync(limit.Token);
        return answers
            ? new HealthCheck("database", HealthStates.Ok, detail)
            : new HealthCheck("database", HealthStates.Failing, $"{detail} Devices go on by what the node has in memory; nothing can be changed and nothing is acknowledged until it answers. The node goes on by itself.");
    }
}
