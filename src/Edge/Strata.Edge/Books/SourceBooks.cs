namespace Strata.Edge.Books;

/// <summary>
/// What an agent has counted since its data folder was made. One reading is one value of one metric of one sample;
/// <see cref="ReadingsIn"/> = <see cref="Suppressed"/> + <see cref="Recorded"/>, always. Immutable: a sample counts when its successor books stand.
/// </summary>
internal sealed record SourceBooks
{
    public static readonly SourceBooks Empty = new();

    public long Samples { get; init; }

    public long ReadingsIn { get; init; }

    /// <summary>Readings kept back by a dead band.</summary>
    public long Suppressed { get; init; }

    /// <summary>Readings put into the buffer.</summary>
    public long Recorded { get; init; }

    /// <summary>Bytes that the readings would take as telemetry payloads if every sample were sent.</summary>
    public long BytesIn { get; init; }

    /// <summary>Rows or lines that held no readable sample; no readings.</summary>
    public long BadRows { get; init; }

    public IReadOnlyList<MetricBooks> Metrics { get; init; } = [];
}

/// <summary>The books of one metric.</summary>
internal readonly record struct MetricBooks(string Metric, long In, long Suppressed);
