namespace Strata.Cloud.Tenancy;

/// <summary>Limits and intervals of tenants, tokens and roles.</summary>
public sealed class TenancyOptions
{
    /// <summary>Tenants on the installation. 1 to 100,000; 10,000 unless given.</summary>
    public int MaxTenants { get; set; } = 10_000;

    /// <summary>Tokens of one tenant. 1 to 100,000; 1,000 unless given.</summary>
    public int MaxTokens { get; set; } = 1_000;

    /// <summary>Roles of one tenant's own. 1 to 10,000; 100 unless given.</summary>
    public int MaxRoles { get; set; } = 100;

    /// <summary>Plans of quotas of the platform's own. 1 to 10,000; 100 unless given.</summary>
    public int MaxQuotaPlans { get; set; } = 100;

    /// <summary>Shares of one tenant. 1 to 10,000; 100 unless given.</summary>
    public int MaxShares { get; set; } = 100;

    /// <summary>Tokens of one share. 1 to 1,000; 20 unless given.</summary>
    public int MaxShareTokens { get; set; } = 20;

    /// <summary>How often what ended is looked for; a token ends within it. 100 ms to 1 min; 1 s unless given.</summary>
    public TimeSpan ExpiryInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How often the last use of tokens is written, those that were used in one transaction. 1 s to 1 h; 1 min unless given.</summary>
    public TimeSpan LastUseInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <exception cref="ArgumentException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        Check(MaxTenants is >= 1 and <= 100_000, nameof(MaxTenants), "1 to 100,000");
        Check(MaxTokens is >= 1 and <= 100_000, nameof(MaxTokens), "1 to 100,000");
        Check(MaxRoles is >= 1 and <= 10_000, nameof(MaxRoles), "1 to 10,000");
        Check(MaxQuotaPlans is >= 1 and <= 10_000, nameof(MaxQuotaPlans), "1 to 10,000");
        Check(MaxShares is >= 1 and <= 10_000, nameof(MaxShares), "1 to 10,000");
        Check(MaxShareTokens is >= 1 and <= 1_000, nameof(MaxShareTokens), "1 to 1,000");
        Check(ExpiryInterval >= TimeSpan.FromMilliseconds(100) && ExpiryInterval <= TimeSpan.FromMinutes(1), nameof(ExpiryInterval), "100 ms to 1 min");
        Check(LastUseInterval >= TimeSpan.FromSeconds(1) && LastUseInterval <= TimeSpan.FromHours(1), nameof(LastUseInterval), "1 s to 1 h");
    }

    private static void Check(bool holds, string name, string range)
    {
        if (!holds)
            throw new ArgumentException($"{name} must be {range}.");
    }
}
