using Strata.Cloud.Contracts;
using Strata.Fog.Link;
using Strata.Fog.Served;
using Strata.Fog.Uplink;
using Strata.Forwarding;
using Strata.Node.Operations;
using Microsoft.Extensions.DependencyInjection;

namespace Strata.Fog.Status;

/// <summary>Whether a tenant's parent is reachable. Without it the gateway works on: degraded, not failing.</summary>
/// <param name="guest">Null for the gateway's own tenant.</param>
internal sealed class LinkCheck(ServedTenants served, TenantRunner runner, FogGuest? guest) : INodeCheck
{
    public ValueTask<HealthCheck> CheckAsync(CancellationToken cancellationToken) => ValueTask.FromResult(Check());

    private HealthCheck Check()
    {
        var name = guest is null ? "parent" : $"parent of {guest.Name}";
        if (served.Named(guest?.Name ?? "") is not { } tenant)
            return new HealthCheck(name, HealthStates.Degraded, $"The guest {guest!.Name} is not served. {runner.ProblemOf(guest)}".TrimEnd());
        var link = tenant.Services.GetRequiredService<LinkState>();
        var sender = tenant.Services.GetRequiredService<UplinkSender>();
        var why = link.Problem.Length > 0 ? link.Problem : sender.Problem;
        return link.IsUp && sender.Problem.Length == 0
            ? new HealthCheck(name, HealthStates.Ok, $"linked since {link.Since:yyyy-MM-dd HH:mm:ss} UTC")
            : new HealthCheck(name, HealthStates.Degraded, $"The parent is not reachable; readings are kept here and sent later. {why}".TrimEnd());
    }
}

/// <summary>Whether a tenant's log for the uplink takes entries and how much waits in it.</summary>
/// <param name="guest">Null for the gateway's own tenant.</param>
internal sealed class UplinkLogCheck(ServedTenants served, FogGuest? guest) : INodeCheck
{
    public ValueTask<HealthCheck> CheckAsync(CancellationToken cancellationToken)
    {
        var (state, text) = served.Named(guest?.Name ?? "") is { } tenant ? Look(tenant.Services) : (HealthStates.Ok, "not in use yet");
        return ValueTask.FromResult(new HealthCheck(guest is null ? "uplink" : $"uplink of {guest.Name}", state, text));
    }

    private static (string State, string Text) Look(IServiceProvider tenant)
    {
        var (log, projector) = (tenant.GetRequiredService<ForwardLog>(), tenant.GetRequiredService<UplinkProjector>());
        if (log.Failure is { } failure)
            return (HealthStates.Failing, $"The uplink's log has stopped: {failure} Check the disk and start the gateway anew.");
        if (projector.Failure is { } stopped)
            return (HealthStates.Failing, stopped);
        var status = log.Status;
        var text = $"{status.Waiting.Records} entries wait, {status.DiskBytes / 1_048_576.0:0.#} of {tenant.GetRequiredService<CapacityShare>().BacklogBytes / 1_048_576.0:0.#} MB";
        if (projector.IsHeldBack)
            return (HealthStates.Degraded, $"The uplink's log is full ({text}); readings wait in the local store. Mend the uplink, or raise the limit.");
        if (status.Lost.Records > 0)
            return (HealthStates.Degraded, $"{text}; {status.Lost.Readings} readings were given up, see the gaps.");
        return (HealthStates.Ok, text);
    }
}
