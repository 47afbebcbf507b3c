namespace Strata.Cloud.Provisioning;

/// <summary>Limits of provisioning.</summary>
public sealed class ProvisioningOptions
{
    /// <summary>Templates of one tenant. 1 to 10,000; 500 unless given.</summary>
    public int MaxTemplates { get; set; } = 500;

    /// <summary>Enrolment groups of one tenant. 1 to 10,000; 500 unless given.</summary>
    public int MaxGroups { get; set; } = 500;

    /// <summary>Endorsement keys of one tenant. 1 to 1,000,000; 100,000 unless given.</summary>
    public int MaxEndorsementKeys { get; set; } = 100_000;

    /// <summary>Challenges to TPMs that may be open, of all tenants; more are refused until some are answered or 5 minutes old. 10 to 1,000,000; 10,000 unless given.</summary>
    public int MaxTpmChallenges { get; set; } = 10_000;

    /// <summary>Devices of one bulk request. 1 to 100,000; 20,000 unless given.</summary>
    public int MaxBulk { get; set; } = 20_000;

    /// <summary>Bytes of one bulk request. 64 KiB to 256 MiB, and no more than the node takes of a request; 16 MiB unless given.</summary>
    public int MaxBulkBytes { get; set; } = 16 * 1024 * 1024;

    /// <summary>Devices of one tenant that wait for approval; more are refused without being noted. 1 to 1,000,000; 10,000 unless given.</summary>
    public int MaxPending { get; set; } = 10_000;

    /// <summary>Devices that are admitted in one transaction at most. 1 to 10,000; 500 unless given.</summary>
    public int AdmissionBatch { get; set; } = 500;

    /// <summary>Devices that may wait for their admission; more are refused and come again. 100 to 1,000,000; 20,000 unless given.</summary>
    public int MaxWaiting { get; set; } = 20_000;

    /// <summary>Attempts to enrol over HTTP per minute that one address may make. 1 to 1,000,000; 600 unless given: behind one address may be a whole hall.</summary>
    public int EnrolmentsPerMinute { get; set; } = 600;

    /// <exception cref="ArgumentException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        Check(MaxTemplates is >= 1 and <= 10_000, nameof(MaxTemplates), "1 to 10,000");
        Check(MaxGroups is >= 1 and <= 10_000, nameof(MaxGroups), "1 to 10,000");
        Check(MaxEndorsementKeys is >= 1 and <= 1_000_000, nameof(MaxEndorsementKeys), "1 to 1,000,000");
        Check(MaxTpmChallenges is >= 10 and <= 1_000_000, nameof(MaxTpmChallenges), "10 to 1,000,000");
        Check(MaxBulk is >= 1 and <= 100_000, nameof(MaxBulk), "1 to 100,000");
        Check(MaxBulkBytes is >= 64 * 1024 and <= 256 * 1024 * 1024, nameof(MaxBulkBytes), "64 KiB to 256 MiB");
        Check(MaxPending is >= 1 and <= 1_000_000, nameof(MaxPending), "1 to 1,000,000");
        Check(AdmissionBatch is >= 1 and <= 10_000, nameof(AdmissionBatch), "1 to 10,000");
        Check(MaxWaiting is >= 100 and <= 1_000_000, nameof(MaxWaiting), "100 to 1,000,000");
        Check(EnrolmentsPerMinute is >= 1 and <= 1_000_000, nameof(EnrolmentsPerMinute), "1 to 1,000,000");
    }

    private static void Check(bool right, string name, string range)
    {
        if (!right)
            throw new ArgumentException($"ProvisioningOptions.{name} must be {range}.");
    }
}
