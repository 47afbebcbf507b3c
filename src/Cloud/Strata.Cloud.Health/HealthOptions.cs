namespace Strata.Cloud.Health;

/// <summary>Limits and intervals of health. What means that a device is ill is each tenant's, see <see cref="Core.Health.HealthPolicy"/>.</summary>
public sealed class HealthOptions
{
    /// <summary>How often the fleet is looked at: what was heard is taken in, devices are moved. 100 ms to 1 min; 2 s unless given.</summary>
    public TimeSpan LookInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How often what is known of a device is written at most; all of it when the node stops. 1 s to 1 d; 10 min unless given.</summary>
    public TimeSpan KeepInterval { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Devices of which what is known is written in one look. 10 to 100,000; 2,000 unless given.</summary>
    public int MaxKept { get; set; } = 2_000;

    /// <summary>Devices that are moved in one look. 1 to 10,000; 500 unless given.</summary>
    public int MaxMoved { get; set; } = 500;

    /// <summary>How long the hours of the fleet's trend stay. 1 d to 10 years; 400 d unless given.</summary>
    public TimeSpan KeepTrend { get; set; } = TimeSpan.FromDays(400);

    /// <summary>How often work is planned. 1 s to 1 h; 20 s unless given.</summary>
    public TimeSpan PlanInterval { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>How long before a battery is used up its replacement is ordered. 1 d to 1 year; 14 d unless given.</summary>
    public TimeSpan LeadTime { get; set; } = TimeSpan.FromDays(14);

    /// <summary>Within what time a low battery is replaced, a device mended or looked at. 1 h to 90 d; 7 d unless given.</summary>
    public TimeSpan ReplaceWithin { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Within what time somebody looks for a device that is silent. 1 h to 30 d; 1 d unless given.</summary>
    public TimeSpan InvestigateWithin { get; set; } = TimeSpan.FromDays(1);

    /// <summary>Of what depth the place of a work order is: 2 for <c>hq/floor-1</c> out of <c>hq/floor-1/zone-3</c>. 1 to 10; 2 unless given.</summary>
    public int MergeDepth { get; set; } = 2;

    /// <summary>Devices of one work order. 1 to 500; 50 unless given.</summary>
    public int MaxOrderDevices { get; set; } = 50;

    /// <summary>Work orders of one tenant that are not over; no more are made then. 10 to 100,000; 5,000 unless given.</summary>
    public int MaxOpenOrders { get; set; } = 5_000;

    /// <summary>Maintenance windows of one tenant that are not over. 1 to 10,000; 500 unless given.</summary>
    public int MaxWindows { get; set; } = 500;

    /// <exception cref="ArgumentException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        Check(LookInterval >= TimeSpan.FromMilliseconds(100) && LookInterval <= TimeSpan.FromMinutes(1), nameof(LookInterval), "100 ms to 1 min");
        Check(KeepInterval >= TimeSpan.FromSeconds(1) && KeepInterval <= TimeSpan.FromDays(1), nameof(KeepInterval), "1 s to 1 d");
        Check(MaxKept is >= 10 and <= 100_000, nameof(MaxKept), "10 to 100,000");
        Check(MaxMoved is >= 1 and <= 10_000, nameof(MaxMoved), "1 to 10,000");
        Check(KeepTrend >= TimeSpan.FromDays(1) && KeepTrend <= TimeSpan.FromDays(3653), nameof(KeepTrend), "1 d to 10 years");
        Check(PlanInterval >= TimeSpan.FromSeconds(1) && PlanInterval <= TimeSpan.FromHours(1), nameof(PlanInterval), "1 s to 1 h");
        Check(LeadTime >= TimeSpan.FromDays(1) && LeadTime <= TimeSpan.FromDays(366), nameof(LeadTime), "1 d to 1 year");
        Check(ReplaceWithin >= TimeSpan.FromHours(1) && ReplaceWithin <= TimeSpan.FromDays(90), nameof(ReplaceWithin), "1 h to 90 d");
        Check(InvestigateWithin >= TimeSpan.FromHours(1) && InvestigateWithin <= TimeSpan.FromDays(30), nameof(InvestigateWithin), "1 h to 30 d");
        Check(MergeDepth is >= 1 and <= 10, nameof(MergeDepth), "1 to 10");
        Check(MaxOrderDevices is >= 1 and <= 500, nameof(MaxOrderDevices), "1 to 500");
        Check(MaxOpenOrders is >= 10 and <= 100_000, nameof(MaxOpenOrders), "10 to 100,000");
        Check(MaxWindows is >= 1 and <= 10_000, nameof(MaxWindows), "1 to 10,000");
    }

    private static void Check(bool holds, string name, string range)
    {
        if (!holds)
            throw new ArgumentException($"{name} must be {range}.");
    }
}
