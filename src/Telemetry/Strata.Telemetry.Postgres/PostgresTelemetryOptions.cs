using System.ComponentModel.DataAnnotations;

namespace Strata.Telemetry.Postgres;

/// <summary>Which database, and within which bounds. Validated at start.</summary>
public sealed class PostgresTelemetryOptions
{
    /// <summary>Connection string of the node's role. Required.</summary>
    [Required(AllowEmptyStrings = false)]
    public string Database { get; set; } = "";

    /// <summary>Queries that run at the same time, each on a connection; others wait. 1 to 64; default 4. The writer has one connection more.</summary>
    [Range(1, 64)]
    public int MaxReaders { get; set; } = 4;

    /// <summary>A query that takes longer is ended. 1 s to 1 h, in whole seconds; default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan ReadTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>A statement of a commit that takes longer makes the commit fail. 1 s to 10 min, in whole seconds; default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan CommitTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Days for which leaves are made ahead, so that a day's first commit finds its own. 1 to 7; default 3.</summary>
    [Range(1, 7)]
    public int LeavesAhead { get; set; } = 3;

    /// <summary>Rows of one answer at most, whatever limit is asked for. 1 to 10,000,000; default 100,000.</summary>
    [Range(1, 10_000_000)]
    public int MaxRows { get; set; } = 100_000;

    /// <summary>Metrics of one device; a message that would name more is refused. 1 to 100,000; default 1,000.</summary>
    [Range(1, 100_000)]
    public int MaxMetricsPerDevice { get; set; } = 1_000;

    /// <summary>Series (device and metric) of the tenants that have written since the start; a message that would make more is refused. They are held in memory,
    /// about 200 bytes each. 1 to 100,000,000; default 1,000,000.</summary>
    [Range(1, 100_000_000)]
    public int MaxSeries { get; set; } = 1_000_000;

    /// <summary>Numbered streams remembered per source; a further one makes the store forget the one used longest ago. 1 to 1,000; default 8.</summary>
    [Range(1, 1_000)]
    public int MaxStreamsPerSource { get; set; } = 8;

    /// <summary>Intervals of numbers remembered per stream; a further one makes the store forget the lowest. 1 to 100,000; default 256.</summary>
    [Range(1, 100_000)]
    public int MaxIntervalsPerStream { get; set; } = 256;
}
