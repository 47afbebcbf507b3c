using Strata.Core.Telemetry;

namespace Strata.Core.Dataflow;

/// <summary>Which metrics are a position: <c>latitude</c> with <c>longitude</c>, or <c>lat</c> with <c>lon</c> or <c>lng</c>, in any case, behind the same dotted prefix.</summary>
internal static class PositionNames
{
    public static ReadOnlySpan<char> LastPart(MetricName metric) => metric.Value.AsSpan(metric.Value.LastIndexOf('.') + 1);

    public static bool IsLatitude(MetricName metric) => Is(LastPart(metric), "latitude") || Is(LastPart(metric), "lat");

    /// <summary>Whether the second is the longitude of the first, a latitude.</summary>
    public static bool ArePair(MetricName latitude, MetricName other)
    {
        var north = LastPart(latitude);
        var east = LastPart(other);
        var partners = Is(north, "latitude") ? Is(east, "longitude") : Is(east, "lon") || Is(east, "lng");
        return partners && latitude.Value.AsSpan(0, latitude.Value.Length - north.Length).SequenceEqual(other.Value.AsSpan(0, other.Value.Length - east.Length));
    }

    private static bool Is(ReadOnlySpan<char> part, string word) => part.Equals(word, StringComparison.OrdinalIgnoreCase);
}
