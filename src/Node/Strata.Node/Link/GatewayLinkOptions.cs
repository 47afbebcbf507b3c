using System.ComponentModel.DataAnnotations;

namespace Strata.Node.Link;

/// <summary>How the parent keeps its links. Times are the protocol's; tests shorten them.</summary>
public sealed class GatewayLinkOptions
{
    /// <summary>Between two pings. 1 s to 1 min; default 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:01:00")]
    public TimeSpan PingInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a gateway may take to answer a request. 100 ms to 1 min; default 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")]
    public TimeSpan AnswerTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>A gateway from which nothing came for so long is asked for a sign of life, at which the round trip is measured. Default 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan ProbeInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>A link over which nothing came back for so long is dead and ended. 5 s to 1 h; default 25 s.</summary>
    [Range(typeof(TimeSpan), "00:00:05", "01:00:00")]
    public TimeSpan DeadAfter { get; set; } = TimeSpan.FromSeconds(25);

    /// <summary>Requests to one gateway that may wait for their answer. 1 to 10,000; default 64.</summary>
    [Range(1, 10_000)]
    public int MaxOutstanding { get; set; } = 64;

    /// <summary>A message for a device that a gateway did not say it has is sent to it again after so long. 1 s to 1 h; default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan DownwardAgain { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Bytes of an answer. 1 KiB to 256 MiB; default 8 MiB.</summary>
    [Range(1024, 256 * 1024 * 1024)]
    public int MaxAnswerBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>Gateways further down whose way is remembered. 1 to 1,000,000; default 10,000.</summary>
    [Range(1, 1_000_000)]
    public int MaxRoutes { get; set; } = 10_000;
}
