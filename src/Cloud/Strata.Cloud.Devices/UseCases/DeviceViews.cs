using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Presence;
using Strata.Cloud.Devices.Rows;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Devices.UseCases;

/// <summary>Devices as the API shows them.</summary>
internal static class DeviceViews
{
    public static DeviceInfo ToInfo(DeviceRow row, FleetPresence presence, DateTimeOffset now)
    {
        var heard = presence.Of(TenantId.Parse(row.TenantId), DeviceId.Parse(row.Id));
        return new DeviceInfo(
            row.Id, row.Site, row.Model, DeviceLifecycle.Name(row.State), heard?.Gateway?.Value, heard?.LastSeen, heard?.IsOnline(row.Heartbeat, now) ?? false,
            row.Heartbeat, row.Deadband, row.Gateways, row.Created)
        {
            StateSince = row.StateSince, Cause = row.StateCause, Tags = row.Tags, Groups = row.Groups, Serial = row.Serial, Batch = row.Batch, PowerProfile = row.PowerProfile,
            Revision = row.Revision,
        };
    }
}
