using Strata.Core;
using Strata.Core.Telemetry;

namespace Strata.Node.Reads;

/// <summary>A time in a query: ISO 8601 or milliseconds since 1970-01-01 UTC, the same at every endpoint.</summary>
public static class TimeParameter
{
    /// <summary>Null when the parameter is absent; a problem that names it when it is no time.</summary>
    public static Outcome<DateTimeOffset?> Parse(string name, string? text)
    {
        var time = Parameter.Time(name, text);
        if (!time.IsOk)
            return time.Problem;
        return time.Value is { } at ? EventTime.ToDateTimeOffset(at) : (DateTimeOffset?)null;
    }
}
