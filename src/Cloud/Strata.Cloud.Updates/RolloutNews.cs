using System.Text.Json;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform.Fleet;
using Strata.Core.Dataflow;
using Strata.Core.Tenancy;
using Strata.Node.Devices;

namespace Strata.Cloud.Updates;

/// <summary>Tells what became of a rollout, after it is written: as an event, and as the API shows it on the MQTT topic <c>fleet/rollouts</c> and to the tenant's hooks (<c>rollout.STATE</c>).</summary>
internal sealed class RolloutNews(UpdatesStore store, IFleetEvents events, TenantNews news, TimeProvider time)
{
    public void Tell(TenantId tenant, string id)
    {
        var book = store.Of(tenant);
        RolloutInfo info;
        lock (book.Gate)
        {
            if (!book.All.TryGetValue(id, out var live))
                return;
            info = RolloutText.Info(live.Rollout);
        }
        var ring = info.State is "running" or "soaking" ? $" ring {info.Ring} of {info.Rings.Count}" : "";
        events.Raise(tenant, FleetEventKinds.RolloutState, null, null, $"rollout {info.Id} ({info.Name}) is {info.State}{ring}{(info.Why is null ? "" : $": {info.Why}")}", time.GetUtcNow());
        news.Tell(tenant, "rollouts", $"rollout.{info.State}", JsonSerializer.SerializeToUtf8Bytes(info, ContractsJson.Default.RolloutInfo));
    }
}
