namespace Strata.Core.Updates.Gate;

/// <summary>The exact (Clopper-Pearson) one-sided lower bound of a rate: with the given confidence the true rate is above it. Clopper and Pearson, Biometrika 26 (1934).</summary>
public static class BinomialBound
{
    /// <param name="failures">0 to <paramref name="tried"/>.</param>
    /// <param name="confidence">Above 0.5 and below 1.</param>
    /// <returns>0 when nothing failed or nothing was tried.</returns>
    public static double Lower(int failures, int tried, double confidence = 0.95)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(failures);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(failures, tried);
        if (failures == 0)
            return 0;
        // The rate at which as many failures or more would be as rare as 1 - confidence: the tail grows with the rate.
        var (low, high) = (0.0, 1.0);
        for (var i = 0; i < 200 && high - low > 1e-15 * high; i++)
        {
            var middle = (low + high) / 2;
            if (UpperTail(failures, tried, middle) < 1 - confidence)
                low = middle;
            else
                high = middle;
        }
        return low;
    }

    /// <summary>The probability of so many failures or more among <paramref name="tried"/> at a rate.</summary>
    public static double UpperTail(int failures, int tried, double rate) =>
        failures <= 0 ? 1 : rate <= 0 ? 0 : rate >= 1 ? 1 : IncompleteBeta(failures, tried - failures + 1, rate);

    /// <summary>The regularised incomplete beta function, by its continued fraction (DLMF 8.17.22, modified Lentz).</summary>
    private static double IncompleteBeta(double a, double b, double x)
    {
        if (x > (a + 1) / (a + b + 2))
            return 1 - IncompleteBeta(b, a, 1 - x);
        const double tiny = 1e-300;
        var front = Math.Exp(LogGamma.Of(a + b) - LogGamma.Of(a) - LogGamma.Of(b) + (a * Math.Log(x)) + (b * Math.Log(1 - x))) / a;
        var (f, c, d) = (1.0, 1.0, 0.0);
        for (var i = 0; i < 10_000; i++)
        {
            var m = i / 2;
            var term = i == 0 ? 1 : i % 2 == 0 ? m * (b - m) * x / ((a + (2 * m) - 1) * (a + (2 * m))) : -(a + m) * (a + b + m) * x / ((a + (2 * m)) * (a + (2 * m) + 1));
            d = 1 + (term * d);
            d = 1 / (Math.Abs(d) < tiny ? tiny : d);
            c = 1 + (term / c);
            c = Math.Abs(c) < tiny ? tiny : c;
            f *= c * d;
            if (Math.Abs(1 - (c * d)) < 1e-15)
                break;
        }
        return front * (f - 1);
    }
}
