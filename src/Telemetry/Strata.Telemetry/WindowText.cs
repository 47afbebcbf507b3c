using System.Buffers;
using System.Text;
using System.Text.Json;
using Strata.Core.Dataflow;
using Strata.Core.Telemetry;

namespace Strata.Telemetry;

/// <summary>
/// The metrics of a window as text: <c>{"temperature":[count,mean,min,max,deviation,last],...}</c>. Numbers are written so that they are read back bit by bit.
/// </summary>
internal static class WindowText
{
    public static string Write(IReadOnlyList<WindowMetric> metrics)
    {
        var buffer = new ArrayBufferWriter<byte>(128);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            foreach (var metric in metrics)
            {
                json.WriteStartArray(metric.Metric.Value);
                json.WriteNumberValue(metric.Count);
                foreach (var number in (ReadOnlySpan<double>)[metric.Mean, metric.Min, metric.Max, metric.Deviation, metric.Last])
                    if (double.IsFinite(number))
                        json.WriteNumberValue(number);
                    else
                        json.WriteNullValue();
                json.WriteEndArray();
            }
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    public static IReadOnlyList<WindowMetric> Read(string text)
    {
        using var document = JsonDocument.Parse(text);
        var metrics = new List<WindowMetric>();
        foreach (var property in document.RootElement.EnumerateObject())
        {
            var values = property.Value;
            metrics.Add(new WindowMetric(
                MetricName.Parse(property.Name), values[0].GetInt64(), Number(values[1]), Number(values[2]), Number(values[3]), Number(values[4]), Number(values[5])));
        }
        return metrics;
    }

    private static double Number(JsonElement value) => value.ValueKind == JsonValueKind.Null ? double.NaN : value.GetDouble();
}
