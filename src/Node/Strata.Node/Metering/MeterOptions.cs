using System.ComponentModel.DataAnnotations;

namespace Strata.Node.Metering;

/// <summary>How often the meter writes and measures. Validated at start.</summary>
public sealed class MeterOptions
{
    /// <summary>How often what was counted goes to the store: as much of API calls, messages out and connections may be lost at a crash. 100 ms to 1 min; default 5 s: each time takes the store some milliseconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")]
    public TimeSpan Every { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often devices and storage are measured and quotas looked at. 1 s to 1 h; default 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan MeasureEvery { get; set; } = TimeSpan.FromSeconds(10);
}
