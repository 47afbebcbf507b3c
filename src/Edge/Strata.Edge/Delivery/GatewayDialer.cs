using Microsoft.Extensions.Logging;
using Strata.Core.Devices;
using Strata.Edge.Identity;

namespace Strata.Edge.Delivery;

/// <summary>Finds a gateway that takes the device: the first of the list that does, with waits that grow while none does. A device that has no identity yet enrols first.</summary>
/// <param name="device">Null where the identity says it.</param>
internal sealed partial class GatewayDialer(
    DeviceId? device, string? secretFile, DeviceIdentity? identity, GatewayTrust trust, IReadOnlyList<GatewayAddress> gateways, DeliveryOptions options, TimeProvider time, ILogger logger)
{
    private int failedRounds;
    private string lastSaid = "";

    /// <summary>Whether the link is to another gateway than the first of the list.</summary>
    public bool IsAway(GatewayLink link) => link.Address != gateways[0];

    /// <summary>The last connection did what it is for: the next wait is a short one.</summary>
    public void Worked() => (failedRounds, lastSaid) = (0, "");

    /// <summary>Connects to the first gateway in the list's order that takes the device; goes on until one does.</summary>
    public async Task<GatewayLink> DialAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (failedRounds++ > 0)
                await Task.Delay(BackOff.After(failedRounds - 2, options), time, cancellationToken);
            if (identity?.IsDoubtful == true)
                await identity.EnrolAsync(cancellationToken);
            if (identity is { Current: null })
                continue;
            foreach (var gateway in gateways)
            {
                if (await TryAsync(gateway, cancellationToken) is { } link)
                    return link;
            }
        }
    }

    /// <summary>One try to get back to the first gateway; null when it still does not answer.</summary>
    public Task<GatewayLink?> TryFirstAsync(CancellationToken cancellationToken) => TryAsync(gateways[0], cancellationToken);

    private async Task<GatewayLink?> TryAsync(GatewayAddress gateway, CancellationToken cancellationToken)
    {
        try
        {
            var link = await GatewayLink.ConnectAsync(gateway, identity?.Current?.Name.Device ?? device!.Value, Proof(), options, cancellationToken);
            Connected(logger, gateway);
            lastSaid = "";
            return link;
        }
        catch (Exception reason) when (reason is GatewayUnreachableException or IOException or UnauthorizedAccessException)
        {
            if (reason is GatewayUnreachableException { IsRefusal: true })
                identity?.Doubt();
            // Said once as long as nothing changes: a gateway may be away for days.
            var said = $"{gateway}: {reason.Message}";
            if (!lastSaid.Contains(said, StringComparison.Ordinal))
                Unreachable(logger, gateway, reason.Message);
            lastSaid = lastSaid.Contains(said, StringComparison.Ordinal) || lastSaid.Length > 2000 ? lastSaid : lastSaid + said + "\n";
            return null;
        }
    }

    /// <summary>Read each time: a secret or certificate that was renewed is taken up by itself.</summary>
    private LinkProof Proof() => identity is not null ? new LinkProof(null, identity.Current!.Certificate, trust) : LinkProof.OfSecretFile(secretFile!, trust);

    [LoggerMessage(4300, LogLevel.Information, "Connected to {Gateway}.")]
    private static partial void Connected(ILogger logger, GatewayAddress gateway);

    [LoggerMessage(4301, LogLevel.Information, "{Gateway} cannot be used: {Reason}. Tried again, less and less often; readings wait in the buffer.")]
    private static partial void Unreachable(ILogger logger, GatewayAddress gateway, string reason);
}
