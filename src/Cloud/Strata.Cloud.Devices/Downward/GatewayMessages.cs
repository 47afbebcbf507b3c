using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Strata.Core.Dataflow;
using Strata.Core.Tenancy;
using Strata.Node.Ingest;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;

namespace Strata.Cloud.Devices.Downward;

/// <summary>
/// What a device behind a gateway said on a topic that a part of this node serves: once it is in the store it is heard as if the device had said it here. Answers go by <c>IDeviceWay</c>. A gateway's event comes once; one that could not be
/// taken is said again by the device, which waits for an answer.
/// </summary>
internal sealed class GatewayMessages(IServiceProvider services) : ICommitObserver
{
    private readonly Lazy<IDeviceTopics[]> topics = new(() => [.. services.GetServices<IDeviceTopics>()]);

    public void OnCommitted(IReadOnlyList<TelemetryWrite> writes, CommitReport report)
    {
        foreach (var write in writes)
        {
            foreach (var happened in write.Events)
            {
                if (happened.Record is { Kind: FleetEventKinds.DeviceMessage, Device: not null, Detail: var said } && said.IndexOf(' ', StringComparison.Ordinal) is > 0 and var space)
                    Hear(write.Tenant, happened.Record, said[..space], said[(space + 1)..]);
            }
        }
    }

    private void Hear(TenantId tenant, FleetEvent happened, string topic, string payload)
    {
        if (topics.Value.FirstOrDefault(t => topic.StartsWith(t.Root, StringComparison.Ordinal)) is { } served)
            _ = served.OnPublish(new DeviceMessage(tenant, happened.Device!.Value, topic, Encoding.UTF8.GetBytes(payload), happened.Time));
    }
}
