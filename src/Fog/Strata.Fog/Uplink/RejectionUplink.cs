using Strata.Core.Dataflow.Uplink;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Fog.Configuration;
using Strata.Forwarding;
using Strata.Node.Devices;

namespace Strata.Fog.Uplink;

/// <summary>Tells the parent who was refused here, and at the gateways below.</summary>
internal sealed class RejectionUplink(ForwardLog log, GatewayIdentity self)
{
    private readonly EntryBuilder builder = new(GatewayId.Parse(self.Id));

    public async ValueTask WriteAsync(IReadOnlyList<RejectionChange> changes, CancellationToken cancellationToken)
    {
        foreach (var (entry, added) in changes)
        {
            var kind = entry.Kind.ToString().ToLowerInvariant();
            builder.Add(new UplinkRejection(EventTime.From(entry.Last), entry.Subject, kind, entry.Reason, added), entry.Gateway);
        }
        var result = await log.AppendAsync(builder.Take(null), cancellationToken: cancellationToken);
        if (result.Outcome != AppendOutcome.Appended)
            throw new IOException("The uplink's log is full.");
    }
}
