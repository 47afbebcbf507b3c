using Strata.Core.Updates.Gate;
using Strata.Core.Updates.Rollouts;

namespace Strata.Core.Updates.Simulation;

/// <summary>A device that fails by itself now and then, is mended after some days, and runs what it is given.</summary>
internal sealed class SimulatedDevice(Random random, DateTimeOffset start, double failuresPerDay)
{
    private readonly HealthSigns well = new(random.Next(8) == 0 ? 1 : 0, random.Next(4) == 0 ? 1 : 0, random.Next(3), random.Next(4), 0.05f + (0.02f * random.NextSingle()), 60 + (60 * random.NextSingle()), false);
    private DateTimeOffset illFrom = Next(random, start, failuresPerDay), illUntil;
    private HealthMetric illBy = Draw(random);
    private DateTimeOffset faultFrom = DateTimeOffset.MaxValue;
    private HealthMetric faultBy;

    /// <summary>When its installation ends; null while it has none.</summary>
    public DateTimeOffset? InstalledAt { get; set; }

    public MemberState Outcome { get; private set; }

    public HealthSigns Signs(DateTimeOffset now)
    {
        if (now >= illFrom)
        {
            if (illUntil < illFrom)
                illUntil = illFrom + TimeSpan.FromDays(1 + (3 * random.NextDouble()));
            if (now >= illUntil)
                (illFrom, illBy) = (Next(random, now, failuresPerDay), Draw(random));
        }
        var signs = now >= illFrom ? With(well, illBy) : well;
        return now >= faultFrom ? With(signs, faultBy) : signs;
    }

    /// <summary>The build begins to be installed.</summary>
    public void Install(SimulatedBuild build, string hardware, DateTimeOffset now)
    {
        InstalledAt = now + TimeSpan.FromMinutes(5 + (15 * random.NextDouble()));
        Outcome = MemberState.Succeeded;
        foreach (var fault in build.Faults)
        {
            if ((fault.Hardware is not null && fault.Hardware != hardware) || random.NextDouble() >= fault.Share)
                continue;
            if (fault.Installation != MemberState.Succeeded)
                Outcome = fault.Installation;
            if (fault.Effect is { } effect)
                (faultFrom, faultBy) = (InstalledAt.Value + (fault.After * (0.9 + (0.2 * random.NextDouble()))), effect);
        }
    }

    public void GoBack() => faultFrom = DateTimeOffset.MaxValue;

    private static HealthSigns With(in HealthSigns signs, HealthMetric metric) => metric switch
    {
        HealthMetric.Reboots => signs with { Reboots = signs.Reboots + 12 },
        HealthMetric.Disconnects => signs with { Disconnects = signs.Disconnects + 12 },
        HealthMetric.Silence => signs with { Silent = true },
        HealthMetric.Battery => signs with { BatteryPerDay = signs.BatteryPerDay + 3 },
        HealthMetric.Errors => signs with { Errors = signs.Errors + 40 },
        HealthMetric.DataQuality => signs with { DataFaults = signs.DataFaults + 60 },
        _ => signs with { LatencyMs = signs.LatencyMs + 2_000 },
    };

    private static DateTimeOffset Next(Random random, DateTimeOffset now, double perDay) =>
        perDay <= 0 ? DateTimeOffset.MaxValue : now + TimeSpan.FromDays(Math.Min(36_500, -Math.Log(1 - random.NextDouble()) / perDay));

    /// <summary>Half of all failures are silence; the rest is of all kinds.</summary>
    private static HealthMetric Draw(Random random) => random.Next(2) == 0 ? HealthMetric.Silence : (HealthMetric)random.Next(HealthMetrics.Count);
}
