using System.ComponentModel.DataAnnotations;

namespace Strata.Telemetry;

/// <summary>Where and within which bounds the embedded store works. Validated at start.</summary>
public sealed class TelemetryStoreOptions
{
    /// <summary>The folder that holds <c>telemetry.duckdb</c>, its log and its temporary files; made with mode 0700, files 0600. Required.</summary>
    [Required(AllowEmptyStrings = false)]
    public string Folder { get; set; } = "";

    /// <summary>Memory that DuckDB may use for its cache and its queries, in MiB. 64 to 1,048,576; default 256. A query that needs more
    /// spills to the folder.</summary>
    [Range(64, 1_048_576)]
    public int MemoryLimitMiB { get; set; } = 256;

    /// <summary>Threads that run queries and checkpoints. 1 to 256; default 2. Commits run on the writer's own thread.</summary>
    [Range(1, 256)]
    public int Threads { get; set; } = 2;

    /// <summary>Size of the write-ahead log at which it is moved into the database, beside running commits, in MiB; an eighth while several tenants
    /// write. 1 to 4,096; default 32. A larger one costs less while writing, makes the commits of its end wait longer (6 to 8 ms per MiB) and costs more at a start after a crash (about 10 ms per MiB).</summary>
    [Range(1, 4_096)]
    public int CheckpointMiB { get; set; } = 32;

    /// <summary>Queries that run at the same time; others wait. 1 to 64; default 4.</summary>
    [Range(1, 64)]
    public int MaxReaders { get; set; } = 4;

    /// <summary>A query that takes longer is interrupted. 100 ms to 1 h; default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan ReadTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Rows of one answer at most, whatever limit is asked for. 1 to 10,000,000; default 100,000.</summary>
    [Range(1, 10_000_000)]
    public int MaxRows { get; set; } = 100_000;

    /// <summary>Metrics of one device; a message that would name more is refused. 1 to 100,000; default 1,000.</summary>
    [Range(1, 100_000)]
    public int MaxMetricsPerDevice { get; set; } = 1_000;

    /// <summary>Series (device and metric) of the store; a message that would make more is refused. They are held in memory, about 200 bytes each. 1 to
    /// 100,000,000; default 1,000,000.</summary>
    [Range(1, 100_000_000)]
    public int MaxSeries { get; set; } = 1_000_000;

    /// <summary>Numbered streams remembered per source; a further one makes the store forget the one used longest ago. 1 to 1,000; default 8.</summary>
    [Range(1, 1_000)]
    public int MaxStreamsPerSource { get; set; } = 8;

    /// <summary>Intervals of numbers remembered per stream; a further one makes the store forget the lowest. 1 to 100,000; default 256.</summary>
    [Range(1, 100_000)]
    public int MaxIntervalsPerStream { get; set; } = 256;
}
