using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;

namespace Strata.Cloud.Devices.Downward;

/// <summary>What a device answered to a command, as its gateway heard it.</summary>
internal sealed record GatewayResponse(DeviceId Device, string Command, string Request, string Text)
{
    /// <summary>Null for an event that is none.</summary>
    public static GatewayResponse? Of(FleetEvent happened) =>
        happened is { Kind: FleetEventKinds.DeviceResponse, Device: { } device } && happened.Detail.Split(' ', 3) is { Length: 3 } parts ? new GatewayResponse(device, parts[0], parts[1], parts[2]) : null;
}

/// <summary>Sees answers of devices that came through gateways, once they are in the store.</summary>
internal sealed class GatewayResponses : ICommitObserver
{
    /// <summary>On the writer's loop, in commit order; must be quick.</summary>
    public event Action<TenantId, GatewayResponse>? Heard;

    public void OnCommitted(IReadOnlyList<TelemetryWrite> writes, CommitReport report)
    {
        foreach (var write in writes)
            foreach (var happened in write.Events)
                if (GatewayResponse.Of(happened.Record) is { } response)
                    Heard?.Invoke(write.Tenant, response);
    }
}
