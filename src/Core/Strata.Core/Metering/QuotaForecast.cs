namespace Strata.Core.Metering;

/// <summary>When a quota runs out: by the straight line that lies closest (least squares) to what was used each day.</summary>
public static class QuotaForecast
{
    /// <summary>Days from which on there is a trend.</summary>
    public const int MinDays = 3;

    /// <summary>Days looked ahead.</summary>
    public const int Horizon = 366;

    /// <summary>The first day on which the line reaches the limit; null when it does not within <see cref="Horizon"/> or there are too few days.</summary>
    /// <param name="days">What was used, a figure a day, in any order.</param>
    /// <param name="today">The answer is never before it.</param>
    public static DateOnly? RunsOut(IReadOnlyCollection<(DateOnly Day, long Used)> days, long limit, DateOnly today)
    {
        if (days.Any(d => d.Day == today && d.Used >= limit))
            return today;
        if (days.Select(d => d.Day).Distinct().Count() < MinDays)
            return null;
        double n = days.Count;
        var middle = days.Sum(d => (double)(d.Day.DayNumber - today.DayNumber)) / n;
        var mean = days.Sum(d => (double)d.Used) / n;
        double covariance = 0, variance = 0;
        foreach (var (day, used) in days)
        {
            var x = day.DayNumber - today.DayNumber - middle;
            covariance += x * (used - mean);
            variance += x * x;
        }
        var slope = covariance / variance;
        if (slope <= 0)
            return null;
        var left = Math.Ceiling(middle + ((limit - mean) / slope));
        return left > Horizon ? null : today.AddDays((int)Math.Max(0, left));
    }

    /// <summary>What a quota counts, of one day's usage: the most devices and connections, the storage last, of the rates the busiest hour's mean.</summary>
    /// <returns>Null for a quota that has no use of its own (a burst, a size).</returns>
    public static long? UsedOf(string quota, IReadOnlyCollection<UsageHour> hoursOfOneDay)
    {
        if (hoursOfOneDay.Count == 0)
            return 0;
        var hours = UsageSums.Of(hoursOfOneDay, UsagePeriod.Hour, byClass: false);
        return quota switch
        {
            "devices" => hours.Max(h => h.Devices),
            "connections" => hours.Max(h => h.Connections),
            "storageBytes" => UsageSums.Of(hours, UsagePeriod.Day, byClass: false)[^1].StorageBytes,
            "messagesPerSecond" => hours.Max(h => h.MessagesIn) / 3_600,
            "bytesPerSecond" => hours.Max(h => h.BytesIn) / 3_600,
            "apiCallsPerMinute" => hours.Max(h => h.ApiCalls) / 60,
            _ => null,
        };
    }
}
