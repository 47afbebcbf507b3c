using System.Collections.Immutable;
using System.Globalization;

namespace Strata.Core.Metering.Sla;

/// <summary>What an objective is about. Closed; the numbers are kept in tables.</summary>
public enum ObjectiveKind
{
    /// <summary><c>ingest-availability</c>: the share of the time in which what devices send is taken.</summary>
    IngestAvailability = 1,

    /// <summary><c>api-availability</c>: the share of the time in which the API answers.</summary>
    ApiAvailability = 2,

    /// <summary><c>ingest-latency</c>: the share of minutes in which 95 % of the acknowledgements came within the limit.</summary>
    IngestLatency = 3,

    /// <summary><c>delivery-ratio</c>: the share of the messages owed to applications' subscriptions that were handed on.</summary>
    DeliveryRatio = 4,

    /// <summary><c>alert-response</c>: the share of alerts that somebody answered within the limit.</summary>
    AlertResponse = 5,
}

/// <summary>The kinds' names.</summary>
public static class ObjectiveKinds
{
    private const string Minutes = "minutes";

    private static readonly (ObjectiveKind Kind, string Name, string Title, string Unit)[] Table =
    [
        (ObjectiveKind.IngestAvailability, "ingest-availability", "Availability of ingest", Minutes), (ObjectiveKind.ApiAvailability, "api-availability", "Availability of the API", Minutes),
        (ObjectiveKind.IngestLatency, "ingest-latency", "Latency of ingest, 95th percentile", Minutes), (ObjectiveKind.DeliveryRatio, "delivery-ratio", "Delivery ratio", "messages"),
        (ObjectiveKind.AlertResponse, "alert-response", "Alert response time", "alerts"),
    ];

    public static IReadOnlyList<ObjectiveKind> All { get; } = [.. Table.Select(t => t.Kind)];

    public static string NameOf(ObjectiveKind kind) => Table[(int)kind - 1].Name;

    /// <summary>For people.</summary>
    public static string TitleOf(ObjectiveKind kind) => Table[(int)kind - 1].Title;

    public static bool TryParse(string? name, out ObjectiveKind kind)
    {
        kind = Array.Find(Table, t => t.Name == name).Kind;
        return kind != default;
    }

    /// <summary>What its budget is counted in.</summary>
    public static string UnitOf(ObjectiveKind kind) => Table[(int)kind - 1].Unit;

    /// <summary>Whether it is a share of time, so that a budget of minutes belongs to it.</summary>
    public static bool IsOfTime(ObjectiveKind kind) => UnitOf(kind) == Minutes;

    /// <summary>The limits that may be said for it, ms; null when it has none.</summary>
    public static (decimal Least, decimal Most)? LimitOf(ObjectiveKind kind) => kind switch
    {
        ObjectiveKind.IngestLatency => (0.001m, 3_600_000m),
        ObjectiveKind.AlertResponse => ((decimal)ServiceObjective.Resolution.TotalMilliseconds, (decimal)TimeSpan.FromDays(7).TotalMilliseconds),
        _ => null,
    };
}

/// <summary>What is given back when the month stays below this: the share of the month's charges.</summary>
/// <param name="Below">Percent; the step counts when what was measured is less.</param>
/// <param name="Percent">0 to 100.</param>
public sealed record CreditStep(decimal Below, decimal Percent);

/// <summary>What is promised to a tenant.</summary>
/// <param name="Target">Percent of time, of messages or of alerts; more than 0, less than 100.</param>
/// <param name="LimitMs">For latency: what 95 % of a minute's acknowledgements must stay within, ms; for alerts: the time to answer one, ms. Null for the others.</param>
/// <param name="Credits">From the highest <see cref="CreditStep.Below"/> down; the lowest one that applies counts.</param>
public sealed record ServiceObjective(ObjectiveKind Kind, decimal Target, decimal? LimitMs, ImmutableArray<CreditStep> Credits)
{
    /// <summary>What is measured at once: nothing shorter is told apart.</summary>
    public static readonly TimeSpan Resolution = TimeSpan.FromMinutes(1);

    /// <summary>The shortest period that a target is judged over: a February.</summary>
    public static readonly TimeSpan ShortestPeriod = TimeSpan.FromDays(28);

    public const int MaxCredits = 10;

    /// <summary>The credits that are usual: a tenth below the target, a quarter below 99 %.</summary>
    public static ImmutableArray<CreditStep> UsualCredits(decimal target) => target > 99m ? [new(target, 10m), new(99m, 25m)] : [new(target, 10m)];

    /// <summary>The time that a target leaves in a period: 99.9 % of a year of 365 days leaves 8.76 h.</summary>
    public static TimeSpan Allowed(decimal target, TimeSpan period) => TimeSpan.FromTicks((long)decimal.Round(period.Ticks * (100m - target) / 100m, MidpointRounding.ToEven));

    /// <summary>The tightest target that can be measured over a period: it leaves one <see cref="Resolution"/>. Rounded down to 4 digits.</summary>
    public static decimal Tightest(TimeSpan period) => decimal.Round(100m - (100m * Resolution.Ticks / period.Ticks), 4, MidpointRounding.ToZero);

    /// <summary>Why this cannot be promised; null when it can.</summary>
    public Problem? Check()
    {
        if (Target is <= 0 or >= 100 || decimal.Round(Target, 4) != Target)
            return Wrong("A target is more than 0 and less than 100 percent, with at most 4 digits after the point.", "target");
        if (ObjectiveKinds.IsOfTime(Kind) && Allowed(Target, ShortestPeriod) < Resolution)
        {
            return Wrong(string.Create(CultureInfo.InvariantCulture,
                $"{Target} % leaves {Allowed(Target, ShortestPeriod).TotalSeconds:0.#} s of a month of 28 days, but what is measured is whole minutes: the tightest target that can be told is {Tightest(ShortestPeriod)} %."), "target");
        }
        if (CheckLimit() is { } wrong)
            return wrong;
        return CheckCredits();
    }

    /// <summary>The share of the charges that is given back for what was measured; 0 for none.</summary>
    public decimal CreditFor(decimal measured) => Credits.Where(c => measured < c.Below).Select(c => c.Percent).DefaultIfEmpty(0m).Max();

    private Problem? CheckLimit() => (ObjectiveKinds.LimitOf(Kind), LimitMs) switch
    {
        (null, null) => null,
        (null, _) => Wrong($"{ObjectiveKinds.NameOf(Kind)} has no limit; ingest-latency and alert-response have one.", "limitMs"),
        (_, null) => Wrong($"{ObjectiveKinds.NameOf(Kind)} needs its limit in ms.", "limitMs"),
        ({ } range, { } limit) when limit < range.Least || limit > range.Most =>
            Wrong(string.Create(CultureInfo.InvariantCulture, $"The limit of {ObjectiveKinds.NameOf(Kind)} is {range.Least:#,0.###} to {range.Most:#,0} ms."), "limitMs"),
        _ => null,
    };

    private Problem? CheckCredits()
    {
        if (Credits.Length > MaxCredits)
            return Wrong($"An objective has at most {MaxCredits} steps of credit.", "credits");
        var last = new CreditStep(Target, 0);
        for (var i = 0; i < Credits.Length; i++)
        {
            var step = Credits[i];
            if (step.Percent is <= 0 or > 100)
                return Wrong("A credit is more than 0 and at most 100 percent of the month's charges.", "credits");
            if (step.Below <= 0 || (i == 0 ? step.Below > last.Below : step.Below >= last.Below) || step.Percent <= last.Percent)
                return Wrong("Steps of credit go down: the first at the target or below it, each further one lower and with a greater credit.", "credits");
            last = step;
        }
        return null;
    }

    private static Problem Wrong(string detail, string field) => new(ProblemKind.Invalid, detail, field);
}
