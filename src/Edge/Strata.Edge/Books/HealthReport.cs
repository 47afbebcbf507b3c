using System.Globalization;
using System.Text.Json;

namespace Strata.Edge.Books;

/// <summary>An agent's figures at one moment, written as a health message or as <c>status.json</c>.</summary>
/// <param name="Device">Null until it has enrolled.</param>
/// <param name="Gateway">Where it is connected to; null when it is nowhere.</param>
/// <param name="Control">Null without a control loop.</param>
/// <param name="Firmware">The version of the agent itself; null where it does not update itself.</param>
internal sealed record HealthReport(
    string? Device, string Stream, AgentBooks Books, string? Gateway, long Reconnects, DateTimeOffset At, TimeSpan Uptime, bool SourceEnded, Control.ControlFigures? Control, string? Firmware)
{
    /// <summary>One flat object of numbers, and the firmware.</summary>
    public byte[] ToHealth() => Write(json =>
    {
        WriteFigures(json);
        if (Firmware is { } version)
            json.WriteString("firmware", version);
    });

    /// <summary>The same figures, and what is no number.</summary>
    public byte[] ToStatus(bool stopped) => Write(json =>
    {
        json.WriteString("device", Device);
        json.WriteString("stream", Stream);
        json.WriteString("at", At.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture));
        json.WriteString("gateway", Gateway);
        json.WriteBoolean("sourceEnded", SourceEnded);
        json.WriteBoolean("stopped", stopped);
        json.WriteNumber("unexplained", Books.Unexplained);
        WriteFigures(json);
        json.WriteStartObject("metrics");
        foreach (var metric in Books.Source.Metrics)
        {
            json.WriteStartObject(metric.Metric);
            json.WriteNumber("in", metric.In);
            json.WriteNumber("suppressed", metric.Suppressed);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    });

    private void WriteFigures(Utf8JsonWriter json)
    {
        json.WriteNumber("readingsIn", Books.Source.ReadingsIn);
        json.WriteNumber("suppressed", Books.Source.Suppressed);
        json.WriteNumber("readingsOut", Books.ReadingsOut);
        json.WriteNumber("waiting", Books.Waiting);
        json.WriteNumber("lost", Books.Lost);
        json.WriteNumber("rejected", Books.Rejected);
        json.WriteNumber("dropped", Books.Dropped);
        json.WriteNumber("bytesIn", Books.Source.BytesIn);
        json.WriteNumber("bytesOut", Books.BytesOut);
        json.WriteNumber("samples", Books.Source.Samples);
        json.WriteNumber("badRows", Books.Source.BadRows);
        json.WriteNumber("waitingBatches", Books.WaitingBatches);
        json.WriteNumber("bufferBytes", Books.DiskBytes);
        json.WriteNumber("reconnects", Reconnects);
        json.WriteNumber("uptimeSeconds", Math.Round(Uptime.TotalSeconds, 3));
        Control?.Write(json);
    }

    private static byte[] Write(Action<Utf8JsonWriter> write)
    {
        using var bytes = new MemoryStream(1024);
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }
        return bytes.ToArray();
    }
}
