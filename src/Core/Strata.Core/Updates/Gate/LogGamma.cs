namespace Strata.Core.Updates.Gate;

/// <summary>The logarithm of the gamma function, by Stirling's series (DLMF 5.11.1) after moving the argument up; 14 digits.</summary>
internal static class LogGamma
{
    public static double Of(double x)
    {
        var moved = 0.0;
        for (; x < 12; x++)
            moved += Math.Log(x);
        var inverse = 1 / (x * x);
        var series = (((((((-3617.0 / 122400) * inverse) + (1.0 / 156)) * inverse - (691.0 / 360360)) * inverse + (1.0 / 1188)) * inverse - (1.0 / 1680)) * inverse + (1.0 / 1260)) * inverse - (1.0 / 360);
        return ((x - 0.5) * Math.Log(x)) - x + (0.5 * Math.Log(2 * Math.PI)) + (((series * inverse) + (1.0 / 12)) / x) - moved;
    }
}
