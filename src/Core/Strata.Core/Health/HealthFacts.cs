using Strata.Core.Devices;

namespace Strata.Core.Health;

/// <summary>What is known of a device when it is judged. NaN where a number is not known.</summary>
public readonly record struct HealthFacts
{
    public HealthFacts()
    {
    }

    public DeviceState State { get; init; } = DeviceState.Active;

    /// <summary>Within a maintenance window.</summary>
    public bool InWindow { get; init; }

    /// <summary>When it was last heard; null when never.</summary>
    public DateTimeOffset? LastHeard { get; init; }

    /// <summary>From when on silence counts: nobody listened before the node's start.</summary>
    public DateTimeOffset ListeningSince { get; init; }

    /// <summary>Longest silence as it was registered.</summary>
    public TimeSpan Heartbeat { get; init; }

    /// <summary>How often it reports as it was learned; null while that is not known.</summary>
    public TimeSpan? Interval { get; init; }

    /// <summary>Its gateway has said that it is silent.</summary>
    public bool SilentAtGateway { get; init; }

    /// <summary>The gateway through which it was heard last is not reached now.</summary>
    public bool GatewayDown { get; init; }

    /// <summary>Percent.</summary>
    public double Battery { get; init; } = double.NaN;

    /// <summary>Volts.</summary>
    public double Voltage { get; init; } = double.NaN;

    /// <summary>Volts below which it stops working, of its power profile.</summary>
    public double CutOff { get; init; } = double.NaN;

    /// <summary>dBm.</summary>
    public double Rssi { get; init; } = double.NaN;

    /// <summary>dB.</summary>
    public double Snr { get; init; } = double.NaN;

    /// <summary>LoRa's, 7 to 12; 0 for none.</summary>
    public int SpreadingFactor { get; init; }

    /// <summary>Errors in the last day.</summary>
    public double Errors { get; init; }

    /// <summary>Restarts in the last day.</summary>
    public double Reboots { get; init; }

    /// <summary>Of devices of its model.</summary>
    public CohortBaseline ErrorCohort { get; init; }

    /// <summary>Of devices of its model.</summary>
    public CohortBaseline RebootCohort { get; init; }

    /// <summary>Reports left out in the last day.</summary>
    public double Gaps { get; init; }

    /// <summary>Late arrivals in the last day.</summary>
    public double Late { get; init; }

    /// <summary>Messages sent again in the last day.</summary>
    public double Duplicates { get; init; }

    /// <summary>Connections lost in the last hour.</summary>
    public double Flaps { get; init; }

    /// <summary>How far its clock is off, steadily; zero when it is not, or that is not known.</summary>
    public TimeSpan Skew { get; init; }

    /// <summary>A metric that stands still; null for none.</summary>
    public string? StuckMetric { get; init; }

    /// <summary>A metric whose newest value is out of its range; null for none.</summary>
    public string? WrongMetric { get; init; }

    /// <summary>Its newest value.</summary>
    public double WrongValue { get; init; }
}

/// <summary>What is usual among devices of one kind.</summary>
/// <param name="Members">Devices that were counted.</param>
public readonly record struct CohortBaseline(int Members, double Mean, double Deviation)
{
    /// <summary>With fewer no member can lie three deviations away from the mean of all.</summary>
    public const int Fewest = 20;

    public bool IsKnown => Members >= Fewest;

    /// <summary>Of these values.</summary>
    public static CohortBaseline Of(IReadOnlyCollection<double> values)
    {
        if (values.Count == 0)
            return default;
        var mean = values.Average();
        return new CohortBaseline(values.Count, mean, Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / values.Count));
    }

    /// <summary>The most that is usual: so many deviations above the mean, and never less than what is too few to matter.</summary>
    public double Limit(double sigmas, double floor) => IsKnown ? Math.Max(floor, Mean + (sigmas * Deviation)) : floor;
}
