using Strata.Cloud.Contracts;
using Strata.Fog.Link;
using Strata.Fog.Uplink;
using Strata.Forwarding;
using Strata.Node.Operations;

namespace Strata.Fog.Status;

/// <summary>Whether the parent is reachable. Without it the gateway works on: degraded, not failing.</summary>
internal sealed class LinkCheck(LinkState link, UplinkSender sender) : INodeCheck
{
    public ValueTask<HealthCheck> CheckAsync(CancellationToken cancellationToken)
    {
        var why = link.Problem.Length > 0 ? link.Problem : sender.Problem;
        return ValueTask.FromResult(link.IsUp && sender.Problem.Length == 0
            ? new HealthCheck("parent", HealthStates.Ok, $"linked since {link.Since:yyyy-MM-dd HH:mm:ss} UTC")
            : new HealthCheck("parent", HealthStates.Degraded, $"The parent is not reachable; readings are kept here and sent later. {why}".TrimEnd()));
    }
}

/// <summary>Whether the uplink's log takes entries and how much waits in it.</summary>
internal sealed class UplinkLogCheck(ForwardLog log, UplinkProjector projector, FogOptions options) : INodeCheck
{
    public ValueTask<HealthCheck> CheckAsync(CancellationToken cancellationToken)
    {
        if (log.Failure is { } failure)
            return Result(HealthStates.Failing, $"The uplink's log has stopped: {failure} Check the disk and start the gateway anew.");
        if (projector.Failure is { } stopped)
            return Result(HealthStates.Failing, stopped);
        var status = log.Status;
        var text = $"{status.Waiting.Records} entries wait, {status.DiskBytes / 1_048_576.0:0.#} of {options.MaxBacklogBytes / 1_048_576.0:0.#} MB";
        if (projector.IsHeldBack)
            return Result(HealthStates.Degraded, $"The uplink's log is full ({text}); readings wait in the local store. Mend the uplink, or raise the limit.");
        if (status.Lost.Records > 0)
            return Result(HealthStates.Degraded, $"{text}; {status.Lost.Readings} readings were given up, see the gaps.");
        return Result(HealthStates.Ok, text);
    }

    private static ValueTask<HealthCheck> Result(string state, string text) => ValueTask.FromResult(new HealthCheck("uplink", state, text));
}
