namespace Strata.Core.Maintenance;

/// <summary>When a battery is used up.</summary>
/// <param name="Empty">When it reaches the level at which the device is served; as likely earlier as later.</param>
/// <param name="Earliest">With the interval's confidence not before...</param>
/// <param name="Latest">...and not after; null when that is not bounded: the slope may be nothing.</param>
/// <param name="PerDay">Percent lost a day.</param>
/// <param name="Points">It was made of.</param>
public readonly record struct BatteryForecast(DateTimeOffset Empty, DateTimeOffset Earliest, DateTimeOffset? Latest, double PerDay, int Points)
{
    /// <summary>The interval holds in so many of ten cases.</summary>
    public const double Confidence = 0.8;

    /// <summary>Beyond this nothing is foretold.</summary>
    public static readonly TimeSpan Horizon = TimeSpan.FromDays(20 * 365);

    /// <summary>A slope over less than this is the noise of a day.</summary>
    public static readonly TimeSpan ShortestHistory = TimeSpan.FromDays(3);

    private const double Z = 1.2816;

    /// <summary>Levels are compared as they would be at this temperature, degrees Celsius: colder cells show less than they hold.</summary>
    private const double Reference = 20;

    /// <summary>A level follows the temperature by up to so much a degree, percent; more is not the temperature's doing.</summary>
    private const double MostPerDegree = 2;

    /// <summary>A level is reported in whole percents at best.</summary>
    private const double LeastNoise = 0.3;

    /// <summary>
    /// Foretells from a battery's history: a robust fit of its levels over time and, where that was measured, temperature. Null while too little is known or nothing is lost.
    /// </summary>
    /// <param name="servedAt">Percent at which the device is served.</param>
    public static BatteryForecast? Make(IReadOnlyList<BatteryPoint> points, double servedAt, DateTimeOffset now)
    {
        if (points.Count < RobustLine.FewestPoints || points[^1].Time - points[0].Time < ShortestHistory)
            return null;
        var start = points[0].Time;
        var days = points.Select(p => (p.Time - start).TotalDays).ToArray();
        var levels = points.Select(p => p.Percent).ToArray();
        if (RobustLine.Fit(days, levels, Z) is not { } line)
            return null;
        if ((WithTemperature(points, days, levels, line) ?? Fit([Ones(days), days], levels, [line.Intercept, line.Slope])) is not { Coefficients: [var level, < 0 and var slope, ..] } fit)
            return null;
        var today = (now - start).TotalDays;
        var day = (servedAt - level) / slope;
        if (day - today > Horizon.TotalDays)
            return null;
        // How sure the day is: by how sure level and slope are, and how they go together (first order).
        var (byLevel, bySlope) = (-1 / slope, -day / slope);
        var variance = (byLevel * byLevel * fit.Covariance[0, 0]) + (2 * byLevel * bySlope * fit.Covariance[0, 1]) + (bySlope * bySlope * fit.Covariance[1, 1]);
        var away = Z * Math.Sqrt(variance);
        DateTimeOffset At(double at) => start.AddDays(Math.Max(at, today));
        // Where the slope may be nothing there is no latest day.
        var mayBeNothing = slope + (Z * Math.Sqrt(fit.Covariance[1, 1])) >= 0 || day + away - today > Horizon.TotalDays;
        return new BatteryForecast(At(day), At(day - away), mayBeNothing ? null : At(day + away), -slope, points.Count);
    }

    /// <summary>With the temperature as a column of its own; null where it was not measured, does not move, or explains nothing that it may.</summary>
    private static RobustFit? WithTemperature(IReadOnlyList<BatteryPoint> points, double[] days, double[] levels, RobustLine line)
    {
        if (points.Count < 2 * RobustLine.FewestPoints || points.Any(p => double.IsNaN(p.Celsius)))
            return null;
        var celsius = points.Select(p => p.Celsius - Reference).ToArray();
        return Fit([Ones(days), days, celsius], levels, [line.Intercept, line.Slope, 0]) is { } fit && fit.Coefficients[2] is >= 0 and <= MostPerDegree ? fit : null;
    }

    private static RobustFit? Fit(double[][] columns, double[] levels, double[] start) => RobustFit.Make(columns, levels, start, LeastNoise);

    private static double[] Ones(double[] like)
    {
        var ones = new double[like.Length];
        Array.Fill(ones, 1);
        return ones;
    }
}
