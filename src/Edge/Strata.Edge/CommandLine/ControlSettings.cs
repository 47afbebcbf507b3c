using System.Globalization;
using System.Text.Json;
using Strata.Core.Telemetry;
using Strata.Edge.Control;

namespace Strata.Edge.CommandLine;

/// <summary>
/// A control loop as text: <c>NAME=VALUE</c> with commas between, or a JSON file with one object of the same names. Names: <c>metric</c>, <c>setpoint</c>, <c>kp</c>, <c>ki</c>,
/// <c>kd</c>, <c>min</c>, <c>max</c>, <c>rate</c> (of the output, a second), <c>filter</c> (of the derivative), <c>period</c>, <c>stale</c>, <c>safe</c>, <c>actuator</c>
/// (<c>room</c> or <c>file:PATH</c>).
/// </summary>
internal static class ControlSettings
{
    /// <exception cref="FormatException">It is not such a text; the message says where.</exception>
    public static ControlOptions Parse(string text)
    {
        var options = new ControlOptions();
        foreach (var (name, value) in text.Contains('=', StringComparison.Ordinal) ? Pairs(text) : Members(text))
            options = With(options, name, value);
        return options;
    }

    private static IEnumerable<(string Name, string Value)> Pairs(string text)
    {
        foreach (var pair in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            yield return equals > 0 ? (pair[..equals], pair[(equals + 1)..]) : throw new FormatException($"--control: '{pair}' is not NAME=VALUE.");
        }
    }

    private static List<(string Name, string Value)> Members(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new FormatException($"{path}: a control loop is one JSON object.");
            return [.. document.RootElement.EnumerateObject().Select(m => (m.Name, m.Value.ValueKind == JsonValueKind.String ? m.Value.GetString()! : m.Value.GetRawText()))];
        }
        catch (Exception reason) when (reason is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new FormatException($"--control: {path} cannot be read: {reason.Message}", reason);
        }
    }

    private static ControlOptions With(ControlOptions o, string name, string value) => name switch
    {
        "metric" => o with { Metric = MetricName.Parse(value) },
        "setpoint" => o with { Setpoint = Number(name, value) },
        "kp" => o with { Pid = o.Pid with { Kp = Number(name, value) } },
        "ki" => o with { Pid = o.Pid with { Ki = Number(name, value) } },
        "kd" => o with { Pid = o.Pid with { Kd = Number(name, value) } },
        "min" => o with { Pid = o.Pid with { OutputMin = Number(name, value) } },
        "max" => o with { Pid = o.Pid with { OutputMax = Number(name, value) } },
        "rate" => o with { Pid = o.Pid with { OutputRate = Number(name, value) } },
        "filter" => o with { Pid = o.Pid with { DerivativeFilter = Duration.Parse(value) } },
        "period" => o with { Period = Duration.Parse(value) },
        "stale" => o with { StaleAfter = Duration.Parse(value) },
        "safe" => o with { SafeOutput = Number(name, value) },
        "actuator" when value == "room" => o with { ActuatorFile = null },
        "actuator" when value.StartsWith("file:", StringComparison.Ordinal) => o with { ActuatorFile = value["file:".Length..] },
        "actuator" => throw new FormatException($"--control: '{value}' is not an actuator; use room or file:PATH."),
        _ => throw new FormatException(
            $"--control: '{name}' is not known; known are metric, setpoint, kp, ki, kd, min, max, rate, filter, period, stale, safe and actuator."),
    };

    private static double Number(string name, string value) =>
        double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new FormatException($"--control: {name} is '{value}', which is no number.");
}
