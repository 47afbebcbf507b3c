using Strata.Cloud.Contracts;

namespace Strata.Node.Operations;

/// <summary>One thing that can be wrong with a node. Implementations answer within a second, from what they know; they mend nothing.</summary>
public interface INodeCheck
{
    ValueTask<HealthCheck> CheckAsync(CancellationToken cancellationToken);
}

/// <summary>The three states of a check and of a node.</summary>
public static class HealthStates
{
    public const string Ok = "ok";

    /// <summary>Works, but needs somebody's attention.</summary>
    public const string Degraded = "degraded";

    /// <summary>Does not do its duty now.</summary>
    public const string Failing = "failing";

    /// <summary>The worst of several; <see cref="Ok"/> when there are none.</summary>
    public static string Worst(IReadOnlyCollection<string> states) =>
        states.Contains(Failing) ? Failing : states.Contains(Degraded) ? Degraded : Ok;
}
