namespace Strata.Core.Maintenance;

/// <summary>When a battery is used up.</summary>
/// <param name="Empty">When it reaches the level at which the device is served; as likely earlier as later.</param>
/// <param name="Earliest">With the interval's confidence not before...</param>
/// <param name="Latest">...and not after; null when that is not bounded: the slope may be nothing.</param>
/// <param name="PerDay">Percent lost a day, at the battery's usual temperature.</param>
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

    /// <summary>A reported level follows the temperature by up to so much a degree, percent: colder cells show less of what they hold.</summary>
    private const double MostPerDegree = 2;

    /// <summary>
    /// Foretells from a battery's history: a robust line through its levels, with what the temperature explains taken off. Null while too little is known or nothing is lost.
    /// </summary>
    /// <param name="servedAt">Percent at which the device is served.</param>
    public static BatteryForecast? Make(IReadOnlyList<BatteryPoint> points, double servedAt, DateTimeOffset now)
    {
        if (points.Count < RobustLine.FewestPoints || points[^1].Time - points[0].Time < ShortestHistory)
            return null;
        var start = points[0].Time;
        var x = new double[points.Count];
        for (var i = 0; i < x.Length; i++)
            x[i] = (points[i].Time - start).TotalDays;
        var y = WithoutTemperature(points, x);
        if (RobustLine.Fit(x, y, Z) is not { Slope: < 0 } line)
            return null;
        var today = (now - start).TotalDays;
        // The level now is read off the line; the slope's interval turns about where the points are.
        var middle = x[x.Length / 2];
        var level = line.Intercept + (line.Slope * middle);
        DateTimeOffset? At(double slope, double shift)
        {
            if (slope >= 0)
                return null;
            var day = middle + ((level + shift - servedAt) / -slope);
            return day - today > Horizon.TotalDays ? null : start.AddDays(Math.Max(day, today));
        }
        if (At(line.Slope, 0) is not { } empty)
            return null;
        // Twice the median distance covers what single points are off.
        var noise = 2 * line.Residual / Math.Sqrt(x.Length);
        return new BatteryForecast(empty, At(line.Low, -noise) ?? empty, At(line.High, noise), -line.Slope, points.Count);
    }

    /// <summary>Takes off what the temperature explains: the slope of the levels' residuals over the temperatures, robustly, once.</summary>
    private static double[] WithoutTemperature(IReadOnlyList<BatteryPoint> points, double[] x)
    {
        var y = new double[x.Length];
        for (var i = 0; i < y.Length; i++)
            y[i] = points[i].Percent;
        if (points.Any(p => double.IsNaN(p.Celsius)) || RobustLine.Fit(x, y, Z) is not { } raw)
            return y;
        var celsius = points.Select(p => p.Celsius).ToArray();
        var usual = celsius.Order().ElementAt(celsius.Length / 2);
        var left = new double[y.Length];
        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < y.Length; i++)
                left[i] = points[i].Percent - raw.Intercept - (raw.Slope * x[i]);
            if (RobustLine.Fit(celsius, left, Z) is not { } warmth)
                return y;
            var perDegree = Math.Clamp(warmth.Slope, 0, MostPerDegree);
            for (var i = 0; i < y.Length; i++)
                y[i] = points[i].Percent - (perDegree * (celsius[i] - usual));
            if (RobustLine.Fit(x, y, Z) is not { } next)
                return y;
            raw = next;
        }
        return y;
    }
}
