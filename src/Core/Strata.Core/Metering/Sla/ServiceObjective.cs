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

    /// <summary><c>alert-response</c>: the share of alerts acknowledged within the limit.</summary>
    AlertResponse = 5,
}

/// <summary>The kinds' names.</summary>
public static class ObjectiveKinds
{
    private static readonly (ObjectiveKind Kind, string Name, string Title)[] Table =
    [
        (ObjectiveKind.IngestAvailability, "ingest-availability", "Availability of ingest"), (ObjectiveKind.ApiAvailability, "api-availability", "Availability of the API"),
        (ObjectiveKind.IngestLatency, "ingest-latency", "Latency of ingest, 95th percentile"), (ObjectiveKind.DeliveryRatio, "delivery-ratio", "Delivery ratio"),
        (ObjectiveKind.AlertResponse, "alert-response", "Alert response time"),
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

    /// <summary>Whether it is a share of time, so that a budget of minutes belongs to it; otherwise it is a share of messages.</summary>
    public static bool IsOfTime(ObjectiveKind kind) => kind != ObjectiveKind.DeliveryRatio;
}

/// <summary>What is given back when the month stays below this: the share of the month's charges.</summary>
/// <param name="Below">Percent; the step counts when what was measured is less.</param>
/// <param name="Percent">0 to 100.</param>
public sealed record CreditStep(decimal Below, decimal Percent);

/// <summary>What is promised to a tenant.</summary>
/// <param name="Target">Percent of time, or of messages; more than 0, less than 100.</param>
/// <param name="LimitMs">For latency: what 95 % of a minute's acknowledgements must stay within, ms. Null for the others.</param>
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
    /// <param name="measured">Kinds for which the node has something that measures them.</param>
    public Problem? Check(IReadOnlyCollection<ObjectiveKind> measured)
    {
        if (!measured.Contains(Kind))
        {
            return new Problem(
                ProblemKind.Conflict, $"Nothing here measures {ObjectiveKinds.NameOf(Kind)}: alerts are not part of this version, so there is no response to time. What can be promised: {string.Join(", ", measured.Select(ObjectiveKinds.NameOf))}.", "kind");
        }
        if (Target is <= 0 or >= 100 || decimal.Round(Target, 4) != Target)
            return Wrong("A target is more than 0 and less than 100 percent, with at most 4 digits after the point.", "target");
        if (ObjectiveKinds.IsOfTime(Kind) && Allowed(Target, ShortestPeriod) < Resolution)
        {
            return Wrong(string.Create(CultureInfo.InvariantCulture,
                $"{Target} % leaves {Allowed(Target, ShortestPeriod).TotalSeconds:0.#} s of a month of 28 days, but what is measured is whole minutes: the tightest target that can be told is {Tightest(ShortestPeriod)} %."), "target");
        }
        if (Kind == ObjectiveKind.IngestLatency != LimitMs is not null)
            return Wrong(Kind == ObjectiveKind.IngestLatency ? "A latency objective needs its limit in ms." : $"Only ingest-latency has a limit; {ObjectiveKinds.NameOf(Kind)} has none.", "limitMs");
        if (LimitMs is <= 0 or > 3_600_000)
            return Wrong("The limit is more than 0 and at most 3,600,000 ms.", "limitMs");
        return CheckCredits();
    }

    /// <summary>The share of the charges that is given back for what was measured; 0 for none.</summary>
    public decimal CreditFor(decimal measured) => Credits.Where(c => measured < c.Below).Select(c => c.Percent).DefaultIfEmpty(0m).Max();

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
