namespace Strata.Core.Maintenance;

/// <summary>A battery at one moment.</summary>
/// <param name="Percent">As the device reported it.</param>
/// <param name="Celsius">What the device measured then; NaN when it does not.</param>
public readonly record struct BatteryPoint(DateTimeOffset Time, double Percent, double Celsius)
{
    public static BatteryPoint Of(DateTimeOffset time, double percent) => new(time, percent, double.NaN);
}

/// <summary>
/// The battery of one device over months in little memory: at most <see cref="MostPoints"/> points, evenly apart. When it is full every second point goes and the distance doubles.
/// A level that rises by a lot is a new battery: what was before says nothing of it. Not safe for use by two threads at once.
/// </summary>
public sealed class BatteryHistory
{
    /// <summary>Points that are kept.</summary>
    public const int MostPoints = 64;

    /// <summary>A rise by so much, percent, is a new battery; less is noise, warmth, or a charge by the sun.</summary>
    public const double ReplacedBy = 25;

    /// <summary>So many points in a row must show it: one wrong value replaces nothing.</summary>
    private const int ReplacedPoints = 2;

    private readonly List<BatteryPoint> points = [];
    private int risen;

    public IReadOnlyList<BatteryPoint> Points => points;

    /// <summary>The least time between two points.</summary>
    public TimeSpan Spacing { get; private set; } = TimeSpan.FromHours(6);

    /// <summary>When the battery was last replaced, as was seen or said; null when never.</summary>
    public DateTimeOffset? Replaced { get; private set; }

    /// <summary>Adds a point; one that comes too soon after the last, or before it, is left out.</summary>
    /// <returns>Whether it was taken.</returns>
    public bool Add(in BatteryPoint point)
    {
        if (!(point.Percent is >= 0 and <= 100) || (points.Count > 0 && point.Time - points[^1].Time < Spacing))
            return false;
        if (points.Count > 0 && point.Percent - LevelBefore() >= ReplacedBy)
            risen++;
        else
            risen = 0;
        points.Add(point);
        if (risen >= ReplacedPoints)
            Begin(points.Count - ReplacedPoints);
        if (points.Count > MostPoints)
            Thin();
        return true;
    }

    /// <summary>Percent that it lost in a day, over the last day or as little more as the points allow; null while they do not reach back so far. Levels come in whole percents: a day shows one and more.</summary>
    public double? LossPerDay()
    {
        for (var i = points.Count - 2; i >= 0; i--)
        {
            var days = (points[^1].Time - points[i].Time).TotalDays;
            if (days >= 0.75)
                return days <= 3 ? Math.Max(0, (points[i].Percent - points[^1].Percent) / days) : null;
        }
        return null;
    }

    /// <summary>Somebody has put in a new battery: what was before is forgotten.</summary>
    public void Replace(DateTimeOffset at)
    {
        points.Clear();
        (risen, Replaced, Spacing) = (0, at, TimeSpan.FromHours(6));
    }

    /// <summary>As it was kept.</summary>
    public static BatteryHistory Restore(IEnumerable<BatteryPoint> points, TimeSpan spacing, DateTimeOffset? replaced)
    {
        var history = new BatteryHistory { Spacing = spacing, Replaced = replaced };
        history.points.AddRange(points);
        return history;
    }

    /// <summary>The level before a rise: the middle of the last three points, so that a wrong value between right ones is no rise from it.</summary>
    private double LevelBefore()
    {
        // Points that already show the rise do not count against it.
        var until = points.Count - risen;
        return until switch
        {
            0 => 100,
            1 or 2 => points[until - 1].Percent,
            _ => Middle(points[until - 1].Percent, points[until - 2].Percent, points[until - 3].Percent),
        };
    }

    private static double Middle(double a, double b, double c) => Math.Max(Math.Min(a, b), Math.Min(Math.Max(a, b), c));

    private void Begin(int first)
    {
        Replaced = points[first].Time;
        points.RemoveRange(0, first);
        (risen, Spacing) = (0, TimeSpan.FromHours(6));
    }

    private void Thin()
    {
        var kept = points.Where((_, i) => i % 2 == 0).ToList();
        points.Clear();
        points.AddRange(kept);
        Spacing *= 2;
    }
}
