using Strata.Cloud.Contracts;
using Strata.Cloud.Health.Book;
using Strata.Cloud.Platform.Fleet;
using Strata.Core.Devices;
using Strata.Core.Health;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Health.Report;

/// <summary>One device's health, as the API shows it.</summary>
internal sealed class DeviceHealths(IFleet fleet, HealthBook book, FleetMoments moments) : IDeviceHealth
{
    public DeviceHealthInfo? Find(TenantId tenant, DeviceId id)
    {
        if (fleet.Find(tenant, id) is not { State: not DeviceState.Decommissioned } device)
            return null;
        var moment = moments.Of(tenant);
        var record = HealthBook.Current(book.RecordsOf(tenant), device);
        var facts = book.Facts(device, record, moment);
        var verdict = HealthJudge.Judge(facts, moment.Policy, moment.Now);
        return new DeviceHealthInfo(verdict.Score, Reasons(facts, verdict.Reasons, moment), HealthBuckets.NameOf(verdict.Bucket))
        {
            Firmware = record?.Reported.Firmware, Battery = Known(facts.Battery), Voltage = Known(facts.Voltage), Rssi = Known(facts.Rssi), Snr = Known(facts.Snr), Interval = facts.Interval,
            OfflineAfter = HealthJudge.OfflineAfter(facts, moment.Policy), Errors = facts.Errors, Reboots = facts.Reboots, LastDisconnect = record?.LastDisconnect, LastDisconnectAt = record?.LastDisconnectAt,
        };
    }

    public static IReadOnlyList<HealthReasonInfo> Reasons(in HealthFacts facts, HealthReasonSet reasons, FleetMoment moment) =>
        [.. HealthJudge.Explain(facts, reasons, moment.Policy, moment.Now).Select(f => new HealthReasonInfo(HealthReasons.NameOf(f.Reason), f.Weight, f.Detail))];

    private static double? Known(double value) => double.IsNaN(value) ? null : value;
}
