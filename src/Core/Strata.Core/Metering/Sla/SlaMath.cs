using System.Collections.Immutable;

namespace Strata.Core.Metering.Sla;

/// <summary>Judges objectives by measured minutes.</summary>
public static class SlaMath
{
    /// <summary>Breaches listed in a report.</summary>
    public const int MaxBreaches = 1_000;

    private static readonly TimeSpan[] BurnWindows = [TimeSpan.FromHours(1), TimeSpan.FromHours(6), TimeSpan.FromDays(1), TimeSpan.FromDays(3)];

    /// <summary>Reports on an objective.</summary>
    /// <param name="from">From when on it is promised; whole minutes, as <paramref name="to"/> and <paramref name="end"/>.</param>
    /// <param name="to">Up to when it was measured; exclusive.</param>
    /// <param name="end">The period's end: the budget is for all of it.</param>
    /// <param name="minutes">What was measured, in any order; what lies outside is passed over.</param>
    public static ObjectiveReport Report(
        ServiceObjective objective, DateTimeOffset from, DateTimeOffset to, DateTimeOffset end, IEnumerable<ServiceMinute> minutes, IReadOnlyList<MaintenanceSpan> maintenance) =>
        Report(objective, from, to, end, minutes.Select(m => (m.Start, m.Judge(objective))), maintenance);

    /// <summary>Reports on an objective about alerts; each counts in the minute in which it was raised.</summary>
    public static ObjectiveReport Report(
        ServiceObjective objective, DateTimeOffset from, DateTimeOffset to, DateTimeOffset end, IEnumerable<AlertResponse> alerts, IReadOnlyList<MaintenanceSpan> maintenance)
    {
        var limit = TimeSpan.FromMilliseconds((double)objective.LimitMs!.Value);
        var quiet = Enumerable.Range(0, Index(from, to)).Select(i => (from.AddMinutes(i), default(MinuteShare))); // A minute without an alert is known too.
        return Report(objective, from, to, end, alerts.Select(a => (a.Raised, a.Judge(limit, to))).Concat(quiet), maintenance);
    }

    private static ObjectiveReport Report(
        ServiceObjective objective, DateTimeOffset from, DateTimeOffset to, DateTimeOffset end, IEnumerable<(DateTimeOffset At, MinuteShare Share)> measured, IReadOnlyList<MaintenanceSpan> maintenance)
    {
        if (to < from)
            to = from;
        var shares = new MinuteShare?[Index(from, to)];
        foreach (var (at, share) in measured)
        {
            if (at >= from && at < to)
            {
                ref var minute = ref shares[Index(from, at)];
                minute = new MinuteShare((minute?.Good ?? 0) + share.Good, (minute?.Total ?? 0) + share.Total);
            }
        }
        var excluded = Excluded(from, end, maintenance);
        var totals = new MinuteShare[shares.Length];
        var (missing, out_) = (0, 0);
        for (var i = 0; i < shares.Length; i++)
        {
            if (excluded[i])
                out_++;
            else if (shares[i] is { } share)
                totals[i] = share;
            else
                (totals[i], missing) = (ServiceMinute.Missing(objective.Kind), missing + 1);
        }
        var sum = Sum(totals);
        decimal? percent = sum.Total == 0 ? null : sum.Good * 100m / sum.Total;
        var planned = ObjectiveKinds.IsOfTime(objective.Kind) ? excluded.Count(e => !e) : sum.Total;
        var breaches = Breaches(objective, from, totals, shares, excluded);
        return new ObjectiveReport(
            objective, from, to, percent, shares.Length - out_, missing, out_, planned * (100m - objective.Target) / 100m, sum.Total - sum.Good,
            Burn(objective, totals), [.. breaches.Take(MaxBreaches)], breaches.Count, percent is { } p ? objective.CreditFor(p) : 0m);
    }

    private static ImmutableArray<BurnRate> Burn(ServiceObjective objective, MinuteShare[] totals)
    {
        var rates = ImmutableArray.CreateBuilder<BurnRate>();
        foreach (var window in BurnWindows)
        {
            var sum = Sum(totals.AsSpan(Math.Max(0, totals.Length - (int)window.TotalMinutes)));
            rates.Add(new BurnRate(window, sum.Total == 0 ? 0 : decimal.Round((sum.Total - sum.Good) / sum.Total / ((100m - objective.Target) / 100m), 4, MidpointRounding.ToEven)));
        }
        return rates.ToImmutable();
    }

    /// <summary>Minutes in a row that lost something; of messages and alerts a minute counts when it is below the target by itself.</summary>
    private static List<Breach> Breaches(ServiceObjective objective, DateTimeOffset from, MinuteShare[] totals, MinuteShare?[] measured, bool[] excluded)
    {
        var breaches = new List<Breach>();
        for (var i = 0; i < totals.Length;)
        {
            var (start, lost) = (i, 0m);
            var missing = !excluded[i] && measured[i] is null;
            for (; i < totals.Length && IsBad(objective, totals[i]) && (measured[i] is null) == missing; i++)
                lost += totals[i].Total - totals[i].Good;
            if (i > start)
                breaches.Add(new Breach(from.AddMinutes(start), from.AddMinutes(i), lost, missing));
            else
                i++;
        }
        return breaches;
    }

    private static bool IsBad(ServiceObjective objective, MinuteShare share) => ObjectiveKinds.IsOfTime(objective.Kind)
        ? share.Good < share.Total
        : share.Total > 0 && share.Good * 100m / share.Total < objective.Target;

    private static bool[] Excluded(DateTimeOffset from, DateTimeOffset end, IReadOnlyList<MaintenanceSpan> maintenance)
    {
        var excluded = new bool[Index(from, end)];
        foreach (var span in maintenance)
        {
            // From the first whole minute of it on.
            var first = Math.Max(0, (int)Math.Ceiling((span.From - from).TotalMinutes));
            for (var i = first; i < excluded.Length && span.Covers(from.AddMinutes(i)); i++)
                excluded[i] = true;
        }
        return excluded;
    }

    private static MinuteShare Sum(ReadOnlySpan<MinuteShare> shares)
    {
        var (good, total) = (0m, 0m);
        foreach (var share in shares)
            (good, total) = (good + share.Good, total + share.Total);
        return new MinuteShare(good, total);
    }

    private static int Index(DateTimeOffset from, DateTimeOffset at) => Math.Max(0, (int)(at - from).TotalMinutes);
}
