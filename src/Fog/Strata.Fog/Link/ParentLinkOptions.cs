namespace Strata.Fog.Link;

/// <summary>Limits of the link to the parent, this gateway's own and those that it holds for gateways below.</summary>
internal sealed class ParentLinkOptions
{
    /// <summary>Bytes of what the parent says at once; the largest is the whole configuration. 1 MiB to 1 GiB, default 256 MiB.</summary>
    public int MaxEventBytes { get; init; } = 256 << 20;

    /// <summary>Requests of the parent that are answered at once; more wait for their turn. 1 to 1,000, default 16.</summary>
    public int MaxAnswering { get; init; } = 16;

    /// <summary>Bytes of an answer of this gateway's own API to the parent. 64 KiB to 64 MiB, default 8 MiB, which is what the parent takes unless its <c>link.maxAnswerBytes</c> says otherwise.</summary>
    public int MaxAnswerBytes { get; init; } = 8 << 20;

    /// <summary>A link from which nothing comes for so long is dead; the parent pings every 5 s. 6 s to 10 min, default 15 s.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long the parent may take to open a link. 1 s to 5 min, default 10 s.</summary>
    public TimeSpan OpenWithin { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long an answer may take, until the parent has it. 100 ms to 1 min, default 5 s, for which the parent waits unless its <c>link.answerTimeout</c> says otherwise.</summary>
    public TimeSpan AnswerWithin { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The first wait after a link that did not come about or ended; it grows. 10 ms to 1 min, default 250 ms.</summary>
    public TimeSpan FirstRetry { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>The longest such wait. 100 ms to 1 h and not below the first, default 10 s.</summary>
    public TimeSpan LongestRetry { get; init; } = TimeSpan.FromSeconds(10);

    /// <exception cref="FogConfigurationException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        FogOptions.Require(MaxEventBytes is >= 1 << 20 and <= 1 << 30, "parent.maxEventBytes", "from 1 MiB to 1 GiB");
        FogOptions.Require(MaxAnswering is >= 1 and <= 1_000, "parent.maxAnswering", "from 1 to 1,000");
        FogOptions.Require(MaxAnswerBytes is >= 64 << 10 and <= 64 << 20, "parent.maxAnswerBytes", "from 64 KiB to 64 MiB");
        FogOptions.Require(Silence >= TimeSpan.FromSeconds(6) && Silence <= TimeSpan.FromMinutes(10), "parent.silence", "from 6 s to 10 min");
        FogOptions.Require(OpenWithin >= TimeSpan.FromSeconds(1) && OpenWithin <= TimeSpan.FromMinutes(5), "parent.openWithin", "from 1 s to 5 min");
        FogOptions.Require(AnswerWithin >= TimeSpan.FromMilliseconds(100) && AnswerWithin <= TimeSpan.FromMinutes(1), "parent.answerWithin", "from 100 ms to 1 min");
        FogOptions.Require(FirstRetry >= TimeSpan.FromMilliseconds(10) && FirstRetry <= TimeSpan.FromMinutes(1), "parent.firstRetry", "from 10 ms to 1 min");
        FogOptions.Require(LongestRetry >= TimeSpan.FromMilliseconds(100) && LongestRetry <= TimeSpan.FromHours(1), "parent.longestRetry", "from 100 ms to 1 h");
        FogOptions.Require(LongestRetry >= FirstRetry, "parent.longestRetry", $"at least parent.firstRetry, which is {FirstRetry.TotalSeconds:0.###} s");
    }
}
