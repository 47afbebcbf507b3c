using System.Text;
using System.Text.Json;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform.Audit;
using Strata.Core.Tenancy;
using Strata.Mqtt;

namespace Strata.Cloud.Platform.Fleet;

/// <summary>Tells a tenant's applications of what was written: by MQTT on a topic below <c>fleet/</c>, and by its hooks. Never waits; safe from any thread.</summary>
public sealed class TenantNews(Lazy<MqttBroker> broker, ITenantHooks? hooks = null)
{
    /// <param name="topic">Below <c>fleet/</c>.</param>
    /// <param name="kind">As hooks name it: <c>command.succeeded</c>.</param>
    /// <param name="payload">JSON, sent as it is.</param>
    public void Tell(TenantId tenant, string topic, string kind, byte[] payload)
    {
        broker.Value.Publish(tenant.Value, Encoding.UTF8.GetBytes($"fleet/{topic}"), payload, qos: 1);
        hooks?.Tell(tenant, kind, payload);
    }

    /// <summary>Tells of a change by its audit record: <c>artifact.add</c>. Where the request came from is nobody's business.</summary>
    public void Tell(AuditRow change, string topic) => Tell(
        TenantId.Parse(change.TenantId), topic, $"{change.Kind}.{change.Action}",
        JsonSerializer.SerializeToUtf8Bytes(new AuditRecord(change.Time, change.Actor, change.Action, change.Kind, change.Subject, change.Detail, change.Before, change.After), ContractsJson.Default.AuditRecord));
}
