namespace Strata.Core.Maintenance;

/// <summary>
/// A linear fit of which wrong points take no part: least squares, weighted again and again by Tukey's biweight of each point's distance (A. Beaton and J. Tukey 1974), from a start that is
/// robust already (<see cref="RobustLine"/>). Unlike that one it takes several columns that may move together, as time and temperature do, and says how sure it is of each.
/// </summary>
/// <param name="Coefficients">One for each column.</param>
/// <param name="Covariance">Of the coefficients.</param>
internal readonly record struct RobustFit(double[] Coefficients, double[,] Covariance)
{
    private const int Rounds = 15;

    /// <summary>Beyond so many deviations a point counts for nothing: 95 % as efficient as least squares where nothing is wrong.</summary>
    private const double Cut = 4.685;

    /// <summary>Of the median distance, for normal noise.</summary>
    private const double Deviation = 1.4826;

    /// <summary>Fits.</summary>
    /// <param name="columns">Of equal length.</param>
    /// <param name="start">First coefficients.</param>
    /// <param name="leastNoise">Never believed to be more exact than this: values are rounded.</param>
    /// <returns>Null when the columns cannot be told apart.</returns>
    public static RobustFit? Make(double[][] columns, double[] y, double[] start, double leastNoise)
    {
        var (n, p) = (y.Length, columns.Length);
        var (coefficients, weights, distances) = (start, new double[n], new double[n]);
        double[,]? inverse = null;
        for (var round = 0; round < Rounds; round++)
        {
            for (var i = 0; i < n; i++)
                distances[i] = Math.Abs(Rest(columns, y, coefficients, i));
            var scale = Math.Max(leastNoise, Deviation * Middle(distances));
            for (var i = 0; i < n; i++)
            {
                var u = distances[i] / (Cut * scale);
                weights[i] = u >= 1 ? 0 : (1 - (u * u)) * (1 - (u * u));
            }
            inverse = Solve(columns, y, weights, p, out var next);
            if (inverse is null)
                return null;
            coefficients = next;
        }
        var (sum, count) = (0.0, 0.0);
        for (var i = 0; i < n; i++)
        {
            var rest = Rest(columns, y, coefficients, i);
            sum += weights[i] * rest * rest;
            count += weights[i];
        }
        var variance = Math.Max(leastNoise * leastNoise, sum / Math.Max(1, count - p));
        for (var i = 0; i < p; i++)
        {
            for (var j = 0; j < p; j++)
                inverse![i, j] *= variance;
        }
        return new RobustFit(coefficients, inverse!);
    }

    private static double Rest(double[][] columns, double[] y, double[] coefficients, int row)
    {
        var rest = y[row];
        for (var c = 0; c < columns.Length; c++)
            rest -= coefficients[c] * columns[c][row];
        return rest;
    }

    private static double Middle(double[] values)
    {
        var sorted = (double[])values.Clone();
        Array.Sort(sorted);
        return sorted[sorted.Length / 2];
    }

    /// <summary>The weighted normal equations, by Gauss and Jordan; null when they have no one solution.</summary>
    private static double[,]? Solve(double[][] columns, double[] y, double[] weights, int p, out double[] solution)
    {
        var left = new double[p, 2 * p];
        var right = new double[p];
        for (var i = 0; i < p; i++)
        {
            for (var row = 0; row < y.Length; row++)
            {
                right[i] += weights[row] * columns[i][row] * y[row];
                for (var j = 0; j < p; j++)
                    left[i, j] += weights[row] * columns[i][row] * columns[j][row];
            }
            left[i, p + i] = 1;
        }
        solution = new double[p];
        for (var i = 0; i < p; i++)
        {
            var pivot = i;
            for (var row = i + 1; row < p; row++)
                pivot = Math.Abs(left[row, i]) > Math.Abs(left[pivot, i]) ? row : pivot;
            if (Math.Abs(left[pivot, i]) < 1e-9)
                return null;
            for (var j = 0; j < 2 * p; j++)
                (left[i, j], left[pivot, j]) = (left[pivot, j], left[i, j]);
            var by = left[i, i];
            for (var j = 0; j < 2 * p; j++)
                left[i, j] /= by;
            for (var row = 0; row < p; row++)
            {
                if (row == i)
                    continue;
                var times = left[row, i];
                for (var j = 0; j < 2 * p; j++)
                    left[row, j] -= times * left[i, j];
            }
        }
        var inverse = new double[p, p];
        for (var i = 0; i < p; i++)
        {
            for (var j = 0; j < p; j++)
            {
                inverse[i, j] = left[i, p + j];
                solution[i] += inverse[i, j] * right[j];
            }
        }
        return inverse;
    }
}
