using System.Text.Json;
using Microsoft.Extensions.Logging;
using Strata.Edge.CommandLine;

namespace Strata.Edge.Commands;

/// <summary>
/// What the agent does when it is told to (beside wiping itself): <c>ping</c>, <c>report-now</c> (a health message at once) and <c>set-log-level</c> (<c>{"level":"debug|information|warning|error"}</c>, until its end).
/// Everything else is answered as failed. Each may be told again without harm.
/// </summary>
/// <param name="report">Sends a health message soon.</param>
internal sealed class AgentCommands(Action report, ILoggerFactory loggers, TimeProvider time)
{
    /// <summary>Bytes of a payload that are looked at.</summary>
    private const int MaxPayload = 64 * 1024;

    private static readonly (string Name, LogLevel Level)[] Levels =
        [("debug", LogLevel.Debug), ("information", LogLevel.Information), ("warning", LogLevel.Warning), ("error", LogLevel.Error)];

    /// <summary>Does it, and gives the answer.</summary>
    public byte[] Run(string name, ReadOnlySpan<byte> payload) => name switch
    {
        "ping" => Succeeded(json => json.WriteString("at"u8, time.GetUtcNow())),
        "report-now" => Report(),
        "set-log-level" => SetLevel(payload),
        _ => Failed($"unknown command '{(name.Length > 64 ? name[..64] : name)}'; this agent knows ping, report-now, set-log-level and wipe"),
    };

    private byte[] Report()
    {
        report();
        return Succeeded(null);
    }

    private byte[] SetLevel(ReadOnlySpan<byte> payload)
    {
        if (loggers is not LineLoggerFactory lines)
            return Failed("this agent's log is its host's; set the level there");
        var wanted = LevelOf(payload);
        if (Array.Find(Levels, l => l.Name.Equals(wanted, StringComparison.OrdinalIgnoreCase)) is not { Name: not null } found)
            return Failed($"say {{\"level\":L}} with one of {string.Join(", ", Levels.Select(l => l.Name))}");
        lines.Lowest = found.Level;
        return Succeeded(json => json.WriteString("level"u8, found.Name));
    }

    private static string? LevelOf(ReadOnlySpan<byte> payload)
    {
        if (payload.Length > MaxPayload)
            return null;
        try
        {
            var reader = new Utf8JsonReader(payload);
            using var document = JsonDocument.ParseValue(ref reader);
            return document.RootElement.ValueKind is JsonValueKind.Object && document.RootElement.TryGetProperty("level"u8, out var level) && level.ValueKind is JsonValueKind.String ? level.GetString() : null;
        }
        catch (Exception wrong) when (wrong is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static byte[] Succeeded(Action<Utf8JsonWriter>? result) => Write(json =>
    {
        json.WriteString("status"u8, "succeeded"u8);
        if (result is null)
            return;
        json.WriteStartObject("result"u8);
        result(json);
        json.WriteEndObject();
    });

    private static byte[] Failed(string reason) => Write(json =>
    {
        json.WriteString("status"u8, "failed"u8);
        json.WriteString("reason"u8, reason);
    });

    private static byte[] Write(Action<Utf8JsonWriter> members)
    {
        using var bytes = new MemoryStream(128);
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }
        return bytes.ToArray();
    }
}
