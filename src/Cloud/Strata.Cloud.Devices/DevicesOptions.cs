namespace Strata.Cloud.Devices;

/// <summary>Limits and intervals of the registry of devices.</summary>
public sealed class DevicesOptions
{
    /// <summary>How often what was heard is written, as one transaction. 100 ms to 1 min; 2 s unless given.</summary>
    public TimeSpan PresenceInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Rows of one such transaction; the rest waits for the next. 100 to 100,000; 5,000 unless given.</summary>
    public int PresenceBatch { get; set; } = 5_000;

    /// <summary>Steps of its life kept per device; older ones go. 10 to 10,000; 100 unless given.</summary>
    public int TransitionsKept { get; set; } = 100;

    /// <summary>Rejections kept per tenant; the oldest go. 100 to 1,000,000; 10,000 unless given.</summary>
    public int RejectionsKept { get; set; } = 10_000;

    /// <summary>Join tokens that may be open at a time, per tenant. 1 to 100,000; 10,000 unless given.</summary>
    public int MaxJoinTokens { get; set; } = 10_000;

    /// <summary>Groups that can be made of one tenant, beside those of site files. 1 to 100,000; 1,000 unless given.</summary>
    public int MaxGroups { get; set; } = 1_000;

    /// <summary>Changes of many devices that are kept per tenant, with what they did; the oldest go. 1 to 1,000; 50 unless given.</summary>
    public int BulkKept { get; set; } = 50;

    /// <summary>Devices that such a change takes in one transaction, with one audit record. 10 to 100,000; 5,000 unless given.</summary>
    public int BulkChunk { get; set; } = 5_000;

    /// <summary>Changes of many devices that run at once, of all tenants. 1 to 100; 4 unless given.</summary>
    public int BulkAtOnce { get; set; } = 4;

    /// <summary>Hooks of one tenant. 1 to 100; 10 unless given.</summary>
    public int MaxHooks { get; set; } = 10;

    /// <summary>Steps that wait for one hook; the oldest are forgotten. 10 to 100,000; 1,000 unless given.</summary>
    public int MaxWaitingOfHook { get; set; } = 1_000;

    /// <summary>Steps that wait to be told, of all tenants; more are counted in the log and not told. 1,000 to 1,000,000; 100,000 unless given.</summary>
    public int MaxWaitingNews { get; set; } = 100_000;

    /// <summary>Saved views of one tenant. 1 to 10,000; 200 unless given.</summary>
    public int MaxViews { get; set; } = 200;

    /// <summary>Messages for devices that wait for one gateway; further ones are refused. 1 to 100,000; 1,000 unless given.</summary>
    public int MaxDownward { get; set; } = 1_000;

    /// <summary>Devices that one tenant may have offered to others, or be giving to them, at once. 1 to 100,000; 1,000 unless given.</summary>
    public int MaxTransfers { get; set; } = 1_000;

    /// <summary>Attempts to join per minute that one address may make. 1 to 10,000; 30 unless given.</summary>
    public int JoinsPerMinute { get; set; } = 30;

    /// <exception cref="ArgumentException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        Check(PresenceInterval >= TimeSpan.FromMilliseconds(100) && PresenceInterval <= TimeSpan.FromMinutes(1), nameof(PresenceInterval), "100 ms to 1 min");
        Check(PresenceBatch is >= 100 and <= 100_000, nameof(PresenceBatch), "100 to 100,000");
        Check(TransitionsKept is >= 10 and <= 10_000, nameof(TransitionsKept), "10 to 10,000");
        Check(RejectionsKept is >= 100 and <= 1_000_000, nameof(RejectionsKept), "100 to 1,000,000");
        Check(MaxJoinTokens is >= 1 and <= 100_000, nameof(MaxJoinTokens), "1 to 100,000");
        Check(MaxGroups is >= 1 and <= 100_000, nameof(MaxGroups), "1 to 100,000");
        Check(BulkKept is >= 1 and <= 1_000, nameof(BulkKept), "1 to 1,000");
        Check(BulkChunk is >= 10 and <= 100_000, nameof(BulkChunk), "10 to 100,000");
        Check(BulkAtOnce is >= 1 and <= 100, nameof(BulkAtOnce), "1 to 100");
        Check(MaxHooks is >= 1 and <= 100, nameof(MaxHooks), "1 to 100");
        Check(MaxWaitingOfHook is >= 10 and <= 100_000, nameof(MaxWaitingOfHook), "10 to 100,000");
        Check(MaxWaitingNews is >= 1_000 and <= 1_000_000, nameof(MaxWaitingNews), "1,000 to 1,000,000");
        Check(MaxViews is >= 1 and <= 10_000, nameof(MaxViews), "1 to 10,000");
        Check(MaxDownward is >= 1 and <= 100_000, nameof(MaxDownward), "1 to 100,000");
        Check(MaxTransfers is >= 1 and <= 100_000, nameof(MaxTransfers), "1 to 100,000");
        Check(JoinsPerMinute is >= 1 and <= 10_000, nameof(JoinsPerMinute), "1 to 10,000");
    }

    private static void Check(bool right, string name, string range)
    {
        if (!right)
            throw new ArgumentException($"DevicesOptions.{name} must be {range}.");
    }
}
