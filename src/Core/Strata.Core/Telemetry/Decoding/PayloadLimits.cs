namespace Strata.Core.Telemetry.Decoding;

/// <summary>What one telemetry payload may hold. Whatever goes beyond is refused whole.</summary>
public sealed record PayloadLimits
{
    public static readonly PayloadLimits Default = new();

    /// <summary>Objects and arrays inside each other, the outermost counted. 1 to 64; default 8.</summary>
    public int MaxDepth { get; init; } = 8;

    /// <summary>Bytes of a payload. 1 to 16 Mi; default 262,144 (256 KiB).</summary>
    public int MaxBytes { get; init; } = 256 * 1024;

    /// <summary>Readings of a payload. 1 to 1,000,000; default 10,000.</summary>
    public int MaxReadings { get; init; } = 10_000;

    /// <summary>Characters of a metric name after flattening. 1 to 128; default 128.</summary>
    public int MaxNameLength { get; init; } = MetricName.MaxLength;

    /// <summary>UTF-8 bytes of a text value after its escapes are resolved. 0 to 1 Mi; default 4,096.</summary>
    public int MaxTextBytes { get; init; } = 4096;

    /// <summary>The properties that are out of their range, one sentence each; empty when all are well.</summary>
    public IEnumerable<string> Validate()
    {
        if (MaxDepth is < 1 or > 64)
            yield return $"{nameof(MaxDepth)} is {MaxDepth}; it must be 1 to 64.";
        if (MaxBytes is < 1 or > 16 * 1024 * 1024)
            yield return $"{nameof(MaxBytes)} is {MaxBytes}; it must be 1 to 16,777,216.";
        if (MaxReadings is < 1 or > 1_000_000)
            yield return $"{nameof(MaxReadings)} is {MaxReadings}; it must be 1 to 1,000,000.";
        if (MaxNameLength is < 1 or > MetricName.MaxLength)
            yield return $"{nameof(MaxNameLength)} is {MaxNameLength}; it must be 1 to {MetricName.MaxLength}.";
        if (MaxTextBytes is < 0 or > 1024 * 1024)
            yield return $"{nameof(MaxTextBytes)} is {MaxTextBytes}; it must be 0 to 1,048,576.";
    }
}
