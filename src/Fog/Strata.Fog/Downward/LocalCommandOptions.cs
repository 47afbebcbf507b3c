namespace Strata.Fog.Downward;

/// <summary>Limits of commands that a gateway is asked for by its own API.</summary>
internal sealed class LocalCommandOptions
{
    /// <summary>Bytes of a command's payload. 1 KiB to 64 KiB, which is what the cloud keeps; default 64 KiB.</summary>
    public int MaxPayloadBytes { get; init; } = 64 << 10;

    /// <summary>Callers that wait for devices at once; one more is told to ask for the command later. 1 to 10,000, default 100.</summary>
    public int MaxWaiters { get; init; } = 100;

    /// <summary>How long a command lives for which nothing was said. 1 s to 30 d and not above the longest, default 1 h.</summary>
    public TimeSpan UsualExpiry { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long one may live. 1 min to 30 d, default 7 d.</summary>
    public TimeSpan LongestExpiry { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How long a caller may wait for the answer. 1 s to 1 h, default 5 min.</summary>
    public TimeSpan LongestWait { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The newest events of a device among which what became of its commands is looked for. 10 to 100,000, default 1,000.</summary>
    public int MaxEvents { get; init; } = 1_000;

    /// <summary>Bytes of a request: the payload and the request's own words.</summary>
    public int MaxBodyBytes => MaxPayloadBytes + (16 << 10);

    /// <exception cref="FogConfigurationException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        FogOptions.Require(MaxPayloadBytes is >= 1 << 10 and <= 64 << 10, "commands.maxPayloadBytes", "from 1 KiB to 64 KiB");
        FogOptions.Require(MaxWaiters is >= 1 and <= 10_000, "commands.maxWaiters", "from 1 to 10,000");
        FogOptions.Require(LongestExpiry >= TimeSpan.FromMinutes(1) && LongestExpiry <= TimeSpan.FromDays(30), "commands.longestExpiry", "from 1 min to 30 d");
        FogOptions.Require(UsualExpiry >= TimeSpan.FromSeconds(1) && UsualExpiry <= LongestExpiry, "commands.usualExpiry", $"from 1 s to commands.longestExpiry, which is {LongestExpiry.TotalMinutes:0.#} min");
        FogOptions.Require(LongestWait >= TimeSpan.FromSeconds(1) && LongestWait <= TimeSpan.FromHours(1), "commands.longestWait", "from 1 s to 1 h");
        FogOptions.Require(MaxEvents is >= 10 and <= 100_000, "commands.maxEvents", "from 10 to 100,000");
    }
}
