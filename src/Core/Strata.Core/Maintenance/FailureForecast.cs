namespace Strata.Core.Maintenance;

/// <summary>How likely devices are to fail, and how many of a fleet do a day.</summary>
public static class FailureForecast
{
    /// <summary>
    /// Of any fleet 0.3 % fail on any day, whatever is done (30 of 10,000): the prior where nothing of the device's own says more. Requirements R2.
    /// </summary>
    public const double Background = 0.003;

    /// <summary>A device with so many times the errors or restarts of its like fails so many times as often, at most.</summary>
    private const double MostTimes = 60;

    /// <summary>What one standard deviation beyond the usual does to the odds.</summary>
    private const double PerSigma = 2;

    /// <summary>The probability that a device fails within some days.</summary>
    /// <param name="errorSigmas">How many deviations its errors are above the usual of its like; nothing below counts.</param>
    /// <param name="rebootSigmas">The same for its restarts.</param>
    /// <param name="empty">When its battery is used up; null when that is not foreseen.</param>
    /// <param name="background">Of the fleet, a day: what it measures of itself, or <see cref="Background"/>.</param>
    public static double Within(TimeSpan time, double errorSigmas, double rebootSigmas, DateTimeOffset? empty, DateTimeOffset now, double background = Background)
    {
        var worse = Math.Max(0, errorSigmas - 1) + Math.Max(0, rebootSigmas - 1);
        var daily = Math.Min(background * Math.Min(Math.Pow(PerSigma, worse), MostTimes), 0.5);
        var lasts = Math.Pow(1 - daily, time.TotalDays);
        return empty <= now + time ? 1 : 1 - lasts;
    }

    /// <summary>What a fleet's own failures say of it: the observed rate, drawn towards the background as far as little was observed.</summary>
    /// <param name="failures">Observed, in <paramref name="deviceDays"/>.</param>
    public static double DailyRate(double failures, double deviceDays)
    {
        // As if a thousand device-days had been seen before, at the background's rate.
        const double before = 1_000;
        return (failures + (Background * before)) / (deviceDays + before);
    }

    /// <summary>Failures to be expected of a fleet in a day, with the range that nine days in ten stay in.</summary>
    public static ExpectedFailures PerDay(int devices, double dailyRate)
    {
        var mean = devices * dailyRate;
        return new ExpectedFailures(mean, Quantile(mean, 0.05), Quantile(mean, 0.95));
    }

    /// <summary>Of the Poisson distribution: the least count that is not exceeded with this probability.</summary>
    private static int Quantile(double mean, double probability)
    {
        // Beyond some hundreds the normal distribution is as good, and does not underflow.
        if (mean > 400)
            return (int)Math.Max(0, Math.Round(mean + ((probability < 0.5 ? -1.645 : 1.645) * Math.Sqrt(mean))));
        var term = Math.Exp(-mean);
        var sum = term;
        var count = 0;
        while (sum < probability && count < 10_000)
        {
            term *= mean / ++count;
            sum += term;
        }
        return count;
    }
}

/// <param name="Mean">A day.</param>
/// <param name="Low">One day in twenty has fewer...</param>
/// <param name="High">...and one in twenty more.</param>
public readonly record struct ExpectedFailures(double Mean, int Low, int High);
