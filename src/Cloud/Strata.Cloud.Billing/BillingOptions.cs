namespace Strata.Cloud.Billing;

/// <summary>Limits and intervals of plans, statements and service levels.</summary>
public sealed class BillingOptions
{
    /// <summary>Versions of all price plans together. 1 to 10,000; 1,000 unless given.</summary>
    public int MaxPlanVersions { get; set; } = 1_000;

    /// <summary>How long after its end a month is closed by itself. 1 h to 30 d; 2 d unless given.</summary>
    public TimeSpan CloseAfter { get; set; } = TimeSpan.FromDays(2);

    /// <summary>How often months that are due to be closed are looked for. 1 s to 1 d; 1 h unless given.</summary>
    public TimeSpan CloseInterval { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Credit notes of one tenant. 1 to 100,000; 1,000 unless given.</summary>
    public int MaxCreditNotes { get; set; } = 1_000;

    /// <summary>Announced maintenance of one tenant that has not ended. 1 to 10,000; 100 unless given.</summary>
    public int MaxMaintenance { get; set; } = 100;

    /// <summary>How long the measurements of minutes stay; what a closed statement says of them stays with it. 62 d to 10 years; 400 d unless given.</summary>
    public TimeSpan KeepMinutes { get; set; } = TimeSpan.FromDays(400);

    /// <summary>How long the probe waits for an answer before it counts as failed; tried twice in a minute. 100 ms to 20 s; 10 s unless given.</summary>
    public TimeSpan ProbeTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <exception cref="ArgumentException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        Check(MaxPlanVersions is >= 1 and <= 10_000, nameof(MaxPlanVersions), "1 to 10,000");
        Check(CloseAfter >= TimeSpan.FromHours(1) && CloseAfter <= TimeSpan.FromDays(30), nameof(CloseAfter), "1 h to 30 d");
        Check(CloseInterval >= TimeSpan.FromSeconds(1) && CloseInterval <= TimeSpan.FromDays(1), nameof(CloseInterval), "1 s to 1 d");
        Check(MaxCreditNotes is >= 1 and <= 100_000, nameof(MaxCreditNotes), "1 to 100,000");
        Check(MaxMaintenance is >= 1 and <= 10_000, nameof(MaxMaintenance), "1 to 10,000");
        Check(KeepMinutes >= TimeSpan.FromDays(62) && KeepMinutes <= TimeSpan.FromDays(3653), nameof(KeepMinutes), "62 d to 10 years");
        Check(ProbeTimeout >= TimeSpan.FromMilliseconds(100) && ProbeTimeout <= TimeSpan.FromSeconds(20), nameof(ProbeTimeout), "100 ms to 20 s");
    }

    private static void Check(bool holds, string name, string range)
    {
        if (!holds)
            throw new ArgumentException($"{name} must be {range}.");
    }
}
