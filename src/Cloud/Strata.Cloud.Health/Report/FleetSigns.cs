using Strata.Cloud.Health.Book;
using Strata.Cloud.Health.Windows;
using Strata.Cloud.Platform.Fleet;
using Strata.Core.Architecture;
using Strata.Core.Health;
using Strata.Core.Tenancy;
using Strata.Core.Updates.Gate;

namespace Strata.Cloud.Health.Report;

/// <summary>Devices as figures, for who compares cohorts. What a gateway's silence explains is no silence of the device.</summary>
internal sealed class FleetSigns(HealthBook book, FleetMoments moments, WindowBook windows, TimeProvider time) : IDeviceSigns
{
    public Func<FleetDevice, DeviceSigns> Look(TenantId tenant)
    {
        var moment = moments.Of(tenant);
        var records = book.RecordsOf(tenant);
        return device =>
        {
            var record = HealthBook.Current(records, device);
            var facts = book.Facts(device, record, moment);
            var after = HealthJudge.OfflineAfter(facts, moment.Policy);
            var heard = device.LastSeen > book.ListeningSince ? device.LastSeen.Value : book.ListeningSince;
            var silent = !facts.GatewayDown && (facts.SilentAtGateway || moment.Now - heard > after);
            return new DeviceSigns(
                record?.Signs(silent, moment.Now) ?? HealthSigns.Unknown with { Silent = silent }, facts.Interval is { } learned && learned > device.Heartbeat ? learned : device.Heartbeat,
                device.LastSeen is not null && !silent && !facts.GatewayDown, record?.Reported.Firmware, double.IsNaN(facts.Battery) ? null : facts.Battery);
        };
    }

    public Func<SiteId?, bool> Windows(TenantId tenant) => windows.Now(tenant, time.GetUtcNow());
}
