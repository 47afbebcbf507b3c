using Strata.Core.Tenancy;
using Strata.Mqtt;

namespace Strata.Node.Ingest;

/// <summary>What the MQTT engine handed to a tenant's subscribers since it started, and what it owed them besides.</summary>
public sealed class DeliveryCounts(Lazy<MqttBroker> broker)
{
    /// <summary>Reasons that are not the node's: the subscriber or the author would not have it otherwise.</summary>
    private static readonly string[] NotOwed = ["too_large", "retained_full", "denied"];

    /// <summary>Messages sent and messages lost for a reason that is the node's: queues that were full, messages that waited in vain.</summary>
    public (long Sent, long Lost) Of(TenantId tenant)
    {
        var status = broker.Value.Inspection.Status(tenant.Value);
        return (status.PublishesSent, status.Lost.Where(l => !NotOwed.Contains(l.Key)).Sum(l => l.Value));
    }
}
