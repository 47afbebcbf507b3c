namespace Strata.Core.Updates.Gate;

/// <summary>
/// Whether one cohort falls ill faster than the other in the same time: the safe logrank test. J. ter Schure, M. F. Pérez-Ortiz, A. Ly, P. Grünwald, "The Safe Logrank Test: Error
/// Control under Continuous Monitoring with Unlimited Horizon" (arXiv 2011.06931). Each look multiplies the evidence by the likelihood of how the newly ill are divided among the
/// cohorts, were the updated ones <c>h</c> times as likely to fall ill, over its likelihood were all alike; a mixture over <c>h</c> is taken. Were all alike, the evidence reaches
/// <c>1/a</c> in at most <c>a</c> of rollouts, however often one looks (Ville's inequality), whatever the day's common rate is.
/// A fault may show late, when what was bet on it before is lost: so half is held back and put in as time goes by, a mixture over when it began (J. Shin, A. Ramdas, A. Rinaldo,
/// "E-detectors", arXiv 2203.03532); that keeps the guarantee, for nothing is put in that was not there.
/// </summary>
public sealed class SafeLogRank
{
    /// <summary>So many times as likely: below half again as many, nobody is stopped.</summary>
    private static readonly double[] Times = [1.5, 2, 4, 8, 16, 64];

    /// <summary>More is never needed, and would not fit into a number.</summary>
    private const double Enough = 600;

    private readonly double[] logs;
    private double reserve = 0.5;

    /// <param name="state">Of a test before a restart.</param>
    public SafeLogRank(IReadOnlyList<double>? state = null)
    {
        if (state is { Count: 7 })
            (logs, reserve) = ([.. state.Take(Times.Length)], state[^1]);
        else
            logs = [.. Times.Select(_ => Math.Log(0.5 / Times.Length))];
    }

    /// <summary>The logarithm of what is bet on each alternative, then what is held back: what must be kept to go on after a restart.</summary>
    public IReadOnlyList<double> State => [.. logs, reserve];

    /// <summary>How often the odds were beaten: 1 at the beginning, below it while all is as with the control.</summary>
    public double Evidence => reserve + logs.Sum(Math.Exp);

    /// <summary>Takes in what a look found.</summary>
    /// <param name="elapsed">Time since the last look, as part of the time that the ring is watched.</param>
    public void Take(in CohortLook look, double elapsed)
    {
        PutIn(1 - Math.Exp(-Math.Max(0, elapsed)));
        var ill = look.UpdatedIll + look.ControlIll;
        if (ill == 0 || look.Updated == 0 || look.Control == 0)
            return;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(look.UpdatedIll, look.Updated);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(look.ControlIll, look.Control);
        // How many of the newly ill are updated, were all alike: hypergeometric, exact for any number of them in one look.
        var least = Math.Max(0, ill - look.Control);
        var most = Math.Min(ill, look.Updated);
        var chances = new double[most - least + 1];
        chances[0] = LogChoose(look.Updated, least) + LogChoose(look.Control, ill - least) - LogChoose(look.Updated + look.Control, ill);
        for (var k = least; k < most; k++)
            chances[k - least + 1] = chances[k - least] + Math.Log((double)(look.Updated - k) * (ill - k) / ((k + 1.0) * (look.Control - ill + k + 1.0)));
        for (var i = 0; i < Times.Length; i++)
        {
            var times = Math.Log(Times[i]);
            logs[i] = Math.Min(Enough, logs[i] + (look.UpdatedIll * times) - LogMean(chances, least, times));
        }
    }

    private void PutIn(double part)
    {
        var each = reserve * part / Times.Length;
        reserve *= 1 - part;
        for (var i = 0; i < logs.Length; i++)
            logs[i] = Math.Log(Math.Exp(logs[i]) + each);
    }

    /// <summary>The logarithm of the mean of <c>exp(k * times)</c> under these chances.</summary>
    private static double LogMean(double[] chances, int least, double times)
    {
        var top = double.NegativeInfinity;
        for (var k = 0; k < chances.Length; k++)
            top = Math.Max(top, chances[k] + ((least + k) * times));
        var sum = 0.0;
        for (var k = 0; k < chances.Length; k++)
            sum += Math.Exp(chances[k] + ((least + k) * times) - top);
        return top + Math.Log(sum);
    }

    private static double LogChoose(int of, int some) => LogGamma.Of(of + 1.0) - LogGamma.Of(some + 1.0) - LogGamma.Of(of - some + 1.0);
}
