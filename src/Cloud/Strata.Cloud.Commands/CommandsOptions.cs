namespace Strata.Cloud.Commands;

/// <summary>Limits of commands, and what holds where a request does not say it.</summary>
public sealed class CommandsOptions
{
    /// <summary>Bytes of a command's payload. 1 to 65,536; 65,536 unless given.</summary>
    public int MaxPayloadBytes { get; set; } = 64 * 1024;

    /// <summary>Bytes of a device's result that are kept. 0 to 131,072; 65,536 unless given.</summary>
    public int MaxResultBytes { get; set; } = 64 * 1024;

    /// <summary>Commands of one device that are not over. 1 to 10,000; 100 unless given.</summary>
    public int MaxOpenOfDevice { get; set; } = 100;

    /// <summary>Commands of one tenant that are not over; runs wait while less than a tenth is free. 1 to 1,000,000; 20,000 unless given.</summary>
    public int MaxOpenOfTenant { get; set; } = 20_000;

    /// <summary>How long a command that is over is kept. 1 h to 10 years; 30 d unless given.</summary>
    public TimeSpan KeepFor { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Commands of one tenant that are over and kept; the oldest go first. 0 to 10,000,000; 100,000 unless given.</summary>
    public int MaxKept { get; set; } = 100_000;

    /// <summary>How long a caller may wait for a device's answer. 1 s to 10 min; 5 min unless given.</summary>
    public TimeSpan LongestWait { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Callers that wait at once. 1 to 100,000; 1,000 unless given.</summary>
    public int MaxWaiting { get; set; } = 1_000;

    /// <summary>How long a command waits for its device where the request does not say it. 1 s to <see cref="LongestExpiry"/>; 1 d unless given.</summary>
    public TimeSpan UsualExpiry { get; set; } = TimeSpan.FromDays(1);

    /// <summary>How long a command may wait for its device. 1 s to 366 d; 90 d unless given.</summary>
    public TimeSpan LongestExpiry { get; set; } = TimeSpan.FromDays(90);

    /// <summary>How long the device's next word is awaited where the request does not say it. 1 s to 1 d; 1 min unless given.</summary>
    public TimeSpan AnswerWithin { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How often a command is said over one connection until it is acknowledged, where the request does not say it. 1 to 100; 3 unless given.</summary>
    public int Attempts { get; set; } = 3;

    /// <summary>How long the acknowledgement is awaited before a command is said again; twice as long after each time. 100 ms to 1 h; 5 s unless given.</summary>
    public TimeSpan RetryAfter { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Queued commands of one device that are under way at once: with 1 they are done in their order. 1 to 100; 1 unless given.</summary>
    public int AtOnce { get; set; } = 1;

    /// <summary>How often it is looked which commands are due. 10 ms to 10 s; 250 ms unless given.</summary>
    public TimeSpan LookInterval { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Schemas of payloads of one tenant. 0 to 10,000; 500 unless given.</summary>
    public int MaxSchemas { get; set; } = 500;

    /// <summary>Devices of one run. 1 to 1,000,000; 100,000 unless given.</summary>
    public int MaxRunDevices { get; set; } = 100_000;

    /// <summary>Runs of one tenant that are not over. 1 to 100; 10 unless given.</summary>
    public int MaxOpenRuns { get; set; } = 10;

    /// <summary>Runs of one tenant that are kept, those that are not over among them. 10 to 10,000; 200 unless given.</summary>
    public int MaxRuns { get; set; } = 200;

    /// <summary>Commands of a run in a second, where the request does not say it. 1 to <see cref="MostPerSecond"/>; 50 unless given.</summary>
    public int UsualPerSecond { get; set; } = 50;

    /// <summary>Commands of a run in a second at most. 1 to 10,000; 1,000 unless given.</summary>
    public int MostPerSecond { get; set; } = 1_000;

    /// <summary>Schedules of one tenant. 0 to 10,000; 100 unless given.</summary>
    public int MaxSchedules { get; set; } = 100;

    /// <summary>Changes of state that wait to be told on <c>fleet/commands</c>; more are not told. 100 to 1,000,000; 10,000 unless given.</summary>
    public int MaxWaitingNews { get; set; } = 10_000;

    /// <exception cref="ArgumentException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        Check(MaxPayloadBytes is >= 1 and <= 64 * 1024, nameof(MaxPayloadBytes), "1 to 65,536");
        Check(MaxResultBytes is >= 0 and <= 128 * 1024, nameof(MaxResultBytes), "0 to 131,072");
        Check(MaxOpenOfDevice is >= 1 and <= 10_000, nameof(MaxOpenOfDevice), "1 to 10,000");
        Check(MaxOpenOfTenant is >= 1 and <= 1_000_000, nameof(MaxOpenOfTenant), "1 to 1,000,000");
        Check(KeepFor >= TimeSpan.FromHours(1) && KeepFor <= TimeSpan.FromDays(3653), nameof(KeepFor), "1 h to 10 years");
        Check(MaxKept is >= 0 and <= 10_000_000, nameof(MaxKept), "0 to 10,000,000");
        Check(LongestWait >= TimeSpan.FromSeconds(1) && LongestWait <= TimeSpan.FromMinutes(10), nameof(LongestWait), "1 s to 10 min");
        Check(MaxWaiting is >= 1 and <= 100_000, nameof(MaxWaiting), "1 to 100,000");
        Check(LongestExpiry >= TimeSpan.FromSeconds(1) && LongestExpiry <= TimeSpan.FromDays(366), nameof(LongestExpiry), "1 s to 366 d");
        Check(UsualExpiry >= TimeSpan.FromSeconds(1) && UsualExpiry <= LongestExpiry, nameof(UsualExpiry), $"1 s to {nameof(LongestExpiry)}");
        Check(AnswerWithin >= TimeSpan.FromSeconds(1) && AnswerWithin <= TimeSpan.FromDays(1), nameof(AnswerWithin), "1 s to 1 d");
        Check(Attempts is >= 1 and <= 100, nameof(Attempts), "1 to 100");
        Check(RetryAfter >= TimeSpan.FromMilliseconds(100) && RetryAfter <= TimeSpan.FromHours(1), nameof(RetryAfter), "100 ms to 1 h");
        Check(AtOnce is >= 1 and <= 100, nameof(AtOnce), "1 to 100");
        Check(LookInterval >= TimeSpan.FromMilliseconds(10) && LookInterval <= TimeSpan.FromSeconds(10), nameof(LookInterval), "10 ms to 10 s");
        Check(MaxSchemas is >= 0 and <= 10_000, nameof(MaxSchemas), "0 to 10,000");
        Check(MaxRunDevices is >= 1 and <= 1_000_000, nameof(MaxRunDevices), "1 to 1,000,000");
        Check(MaxOpenRuns is >= 1 and <= 100, nameof(MaxOpenRuns), "1 to 100");
        Check(MaxRuns is >= 10 and <= 10_000, nameof(MaxRuns), "10 to 10,000");
        Check(MostPerSecond is >= 1 and <= 10_000, nameof(MostPerSecond), "1 to 10,000");
        Check(UsualPerSecond >= 1 && UsualPerSecond <= MostPerSecond, nameof(UsualPerSecond), $"1 to {nameof(MostPerSecond)}");
        Check(MaxSchedules is >= 0 and <= 10_000, nameof(MaxSchedules), "0 to 10,000");
        Check(MaxWaitingNews is >= 100 and <= 1_000_000, nameof(MaxWaitingNews), "100 to 1,000,000");
    }

    private static void Check(bool holds, string name, string range)
    {
        if (!holds)
            throw new ArgumentException($"{name} must be {range}.");
    }
}
