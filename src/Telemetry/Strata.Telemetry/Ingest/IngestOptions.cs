using System.ComponentModel.DataAnnotations;

namespace Strata.Telemetry.Ingest;

/// <summary>How the one writer queues and groups. Validated at start.</summary>
public sealed class IngestOptions
{
    /// <summary>Items waiting for the writer at most; who comes later waits. One tenant may hold seven times what is left free. 1 to 1,000,000; default 10,000.</summary>
    [Range(1, 1_000_000)]
    public int MaxQueuedItems { get; set; } = 10_000;

    /// <summary>Memory of the items waiting at most, in bytes (an estimate). 64 KiB to 4 GiB; default 64 MiB. One larger item is taken alone.</summary>
    [Range(65_536L, 4_294_967_296L)]
    public long MaxQueuedBytes { get; set; } = 64 << 20;

    /// <summary>Rows after which a commit takes no further item; of one tenant an eighth while several write, and twice that may wait. 1 to 1,000,000; default 8,192 (about 5 ms on one core).</summary>
    [Range(1, 1_000_000)]
    public int MaxRowsPerCommit { get; set; } = 8_192;

    /// <summary>Wait before the second probe of a store that cannot commit (the first comes at once); doubles up to
    /// <see cref="ProbeMaxDelay"/>. 10 ms to 1 min; default 250 ms.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan ProbeDelay { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Longest wait between two probes. 10 ms to 10 min; default 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:10:00")]
    public TimeSpan ProbeMaxDelay { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>A commit that runs longer makes the node's health say that its store is slow; it goes on. 50 ms to 10 min; default 2 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "00:10:00")]
    public TimeSpan SlowCommit { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Newest values kept in memory (<see cref="LatestValues"/>), in series; the least recently used devices make room. 100 to
    /// 10,000,000; default 200,000 (about 20 MB).</summary>
    [Range(100, 10_000_000)]
    public int MaxLatestValues { get; set; } = 200_000;
}
