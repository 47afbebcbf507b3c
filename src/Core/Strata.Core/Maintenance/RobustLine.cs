namespace Strata.Core.Maintenance;

/// <summary>
/// A straight line through points of which some are wrong: the median of the slopes of all pairs (H. Theil 1950, P. K. Sen 1968), with Sen's interval of it. A quarter of the
/// points may be anything without moving it far.
/// </summary>
/// <param name="Slope">Per unit of x.</param>
/// <param name="Intercept">At x = 0: the median of what is left of each point.</param>
/// <param name="Low">The slope is between this...</param>
/// <param name="High">...and this, with the confidence asked for.</param>
/// <param name="Residual">Median distance of the points from the line.</param>
public readonly record struct RobustLine(double Slope, double Intercept, double Low, double High, double Residual)
{
    /// <summary>Fewer points say nothing.</summary>
    public const int FewestPoints = 4;

    /// <summary>Fits a line.</summary>
    /// <param name="z">Of the normal distribution: 1.28 for 80 %, 1.96 for 95 %.</param>
    public static RobustLine? Fit(ReadOnlySpan<double> x, ReadOnlySpan<double> y, double z)
    {
        var n = x.Length;
        if (n < FewestPoints)
            return null;
        var slopes = new double[n * (n - 1) / 2];
        var count = 0;
        for (var i = 0; i < n; i++)
        {
            for (var j = i + 1; j < n; j++)
            {
                if (x[j] != x[i])
                    slopes[count++] = (y[j] - y[i]) / (x[j] - x[i]);
            }
        }
        if (count == 0)
            return null;
        Array.Resize(ref slopes, count);
        Array.Sort(slopes);
        var slope = Median(slopes);
        var rest = new double[n];
        for (var i = 0; i < n; i++)
            rest[i] = y[i] - (slope * x[i]);
        Array.Sort(rest);
        var intercept = Median(rest);
        for (var i = 0; i < n; i++)
            rest[i] = Math.Abs(y[i] - intercept - (slope * x[i]));
        Array.Sort(rest);
        // Kendall's variance without ties: ranks so far from the middle bound the slope.
        var away = z * Math.Sqrt(n * (n - 1.0) * ((2 * n) + 5) / 18) / 2;
        var low = (int)Math.Clamp(Math.Floor((count / 2.0) - away), 0, count - 1);
        var high = (int)Math.Clamp(Math.Ceiling((count / 2.0) + away), 0, count - 1);
        return new RobustLine(slope, intercept, slopes[low], slopes[high], Median(rest));
    }

    private static double Median(ReadOnlySpan<double> sorted) => sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
}
