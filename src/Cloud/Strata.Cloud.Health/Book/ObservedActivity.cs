using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Node.Devices;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;

namespace Strata.Cloud.Health.Book;

/// <summary>Notes in the book what the node tells of devices, and hands it on. At most once a second per connection: not on the path of each reading.</summary>
internal sealed class ObservedActivity(IDeviceActivity next, HealthBook book) : IDeviceActivity
{
    public void Connected(DeviceEntry device, DateTimeOffset at) => next.Connected(device, at);

    public void Disconnected(DeviceEntry device, DateTimeOffset at, string reason)
    {
        book.Of(device.Tenant, device.Device).Lost(at, reason);
        next.Disconnected(device, at, reason);
    }

    public void Heard(DeviceEntry device, GatewayId? gateway, DateTimeOffset at, bool live = true)
    {
        book.Of(device.Tenant, device.Device).Hear(at, live);
        next.Heard(device, gateway, at, live);
    }

    public void Repeated(DeviceEntry device, DateTimeOffset at, int messages)
    {
        book.Of(device.Tenant, device.Device).Repeated(at, messages);
        next.Repeated(device, at, messages);
    }
}

/// <summary>Believes a gateway that says that a device is silent, or back. Looks at events alone, of which a commit usually has none.</summary>
internal sealed class SilenceReports(HealthBook book) : ICommitObserver
{
    public void OnCommitted(IReadOnlyList<TelemetryWrite> writes, CommitReport report)
    {
        for (var i = 0; i < writes.Count; i++)
        {
            var write = writes[i];
            for (var e = 0; e < write.Events.Count; e++)
            {
                if (write.Events[e].Record is { Gateway: not null, Device: { } device } said && !report.IsRepeated(said) && said.Kind is FleetEventKinds.DeviceSilent or FleetEventKinds.DeviceReturned)
                    Note(book.Of(write.Tenant, device), said.Kind == FleetEventKinds.DeviceSilent);
            }
        }
    }

    private static void Note(DeviceRecord record, bool silent)
    {
        lock (record.Gate)
            record.SilentAtGateway = silent;
    }
}
