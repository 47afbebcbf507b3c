using Strata.Core.Tenancy;

namespace Strata.Core.Metering;

/// <summary>How usage adds up: over hours into days and months, over device classes into a tenant. What is counted is added; gauges are not.</summary>
public static class UsageSums
{
    /// <summary>The start of the hour that holds a time.</summary>
    public static DateTimeOffset HourOf(DateTimeOffset time) => new(time.UtcTicks - time.UtcTicks % TimeSpan.TicksPerHour, TimeSpan.Zero);

    /// <summary>The start of the period that holds a time: an hour, day or month of UTC.</summary>
    public static DateTimeOffset StartOf(UsagePeriod every, DateTimeOffset time)
    {
        var hour = HourOf(time);
        return every switch
        {
            UsagePeriod.Hour => hour,
            UsagePeriod.Day => new(hour.Year, hour.Month, hour.Day, 0, 0, 0, TimeSpan.Zero),
            _ => new(hour.Year, hour.Month, 1, 0, 0, 0, TimeSpan.Zero),
        };
    }

    /// <summary>
    /// One sum of a tenant a period, in order of time, each of all classes or of each class. Devices, connections and storage of several classes at one hour add up; over hours the most stands
    /// of devices and connections, and the last of storage.
    /// </summary>
    /// <param name="hours">Of one tenant, in any order.</param>
    /// <param name="byClass">Keeps the classes apart.</param>
    public static IReadOnlyList<UsageHour> Of(IEnumerable<UsageHour> hours, UsagePeriod every, bool byClass)
    {
        var perHour = hours.GroupBy(h => (h.Hour, Class: byClass ? h.DeviceClass : "")).Select(g => Add(g, g.Key.Hour, g.Key.Class, beside: true));
        return
        [
            .. perHour.GroupBy(h => (Start: StartOf(every, h.Hour), h.DeviceClass)).OrderBy(g => g.Key.Start).ThenBy(g => g.Key.DeviceClass, StringComparer.Ordinal)
                .Select(g => Add(g.OrderBy(h => h.Hour), g.Key.Start, g.Key.DeviceClass, beside: false)),
        ];
    }

    /// <summary>Each class over all hours, named as the first.</summary>
    public static IReadOnlyList<UsageHour> Classes(IReadOnlyCollection<UsageHour> hours)
    {
        if (hours.Count == 0)
            return [];
        var start = hours.Min(h => h.Hour);
        return [.. hours.GroupBy(h => h.DeviceClass).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => Add(g.OrderBy(h => h.Hour), start, g.Key, beside: false))];
    }

    /// <summary>The whole of it as one: all hours, all classes.</summary>
    /// <param name="start">Named as its time.</param>
    public static UsageHour Total(TenantId tenant, DateTimeOffset start, IEnumerable<UsageHour> hours) =>
        Add(hours.GroupBy(h => h.Hour).OrderBy(g => g.Key).Select(g => Add(g, g.Key, "", beside: true)), start, "", beside: false) with { Tenant = tenant };

    private static UsageHour Add(IEnumerable<UsageHour> parts, DateTimeOffset start, string deviceClass, bool beside)
    {
        var sum = new UsageHour(default, start, deviceClass);
        foreach (var part in parts)
        {
            sum = new UsageHour(part.Tenant, start, deviceClass)
            {
                MessagesIn = sum.MessagesIn + part.MessagesIn,
                BytesIn = sum.BytesIn + part.BytesIn,
                MessagesOut = sum.MessagesOut + part.MessagesOut,
                BytesOut = sum.BytesOut + part.BytesOut,
                ReadingsStored = sum.ReadingsStored + part.ReadingsStored,
                BytesStored = sum.BytesStored + part.BytesStored,
                ApiCalls = sum.ApiCalls + part.ApiCalls,
                Devices = beside ? sum.Devices + part.Devices : Math.Max(sum.Devices, part.Devices),
                Connections = beside ? sum.Connections + part.Connections : Math.Max(sum.Connections, part.Connections),
                StorageBytes = beside ? sum.StorageBytes + part.StorageBytes : part.StorageBytes > 0 ? part.StorageBytes : sum.StorageBytes,
            };
        }
        return sum;
    }
}

/// <summary>Over what usage is added up.</summary>
public enum UsagePeriod
{
    Hour,
    Day,
    Month,
}
