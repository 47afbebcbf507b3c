using System.Text;
using System.Text.Json;

namespace Strata.Core.Commands;

/// <summary>What a device answers to a command.</summary>
/// <param name="State"><see cref="CommandState.Running"/>, <see cref="CommandState.Succeeded"/> or <see cref="CommandState.Failed"/>.</param>
/// <param name="Result">JSON; null where there is none.</param>
/// <param name="Reason">For people; null where none was given.</param>
public sealed record CommandAnswer(CommandState State, string? Result, string? Reason)
{
    /// <summary>Characters of a reason that are kept.</summary>
    public const int MaxReasonLength = 1_000;

    private const int MaxDepth = 64;

    /// <summary>
    /// Reads <c>{"status":"running|succeeded|failed","result":ANY,"reason":"TEXT"}</c>. Every other payload is the result of a command that succeeded: as it is where it is JSON, as a string where it is
    /// other text, as <c>{"base64":".."}</c> where it is none; an empty one has no result.
    /// </summary>
    /// <param name="maxResultBytes">A longer result is left out, and the reason says so.</param>
    public static CommandAnswer Read(ReadOnlySpan<byte> payload, int maxResultBytes)
    {
        var answer = ReadForm(payload) ?? new CommandAnswer(CommandState.Succeeded, ResultOf(payload), null);
        if (answer.Result is { } result && Encoding.UTF8.GetByteCount(result) is var length && length > maxResultBytes)
            answer = answer with { Result = null, Reason = $"{(answer.Reason is null ? "" : answer.Reason + "; ")}the result had {length} bytes, {maxResultBytes} are kept at most" };
        return answer.Reason is { } reason ? answer with { Reason = Clean(reason) } : answer;
    }

    /// <summary>As tables and terminals take it.</summary>
    private static string Clean(string reason) =>
        string.Create(Math.Min(reason.Length, MaxReasonLength), reason, static (to, from) =>
        {
            for (var i = 0; i < to.Length; i++)
                to[i] = char.IsControl(from[i]) || char.IsSurrogate(from[i]) ? ' ' : from[i];
        });

    /// <summary>The words of a device as they are handed up: as they are, or, where they are too long for that, what is kept of them.</summary>
    /// <param name="maxBytes">UTF-8 bytes of the text.</param>
    public static string Shorten(ReadOnlySpan<byte> payload, int maxBytes)
    {
        if (payload.Length <= maxBytes && Encoding.UTF8.GetString(payload) is var words && Encoding.UTF8.GetByteCount(words) == payload.Length)
            return words;
        var answer = Read(payload, maxBytes / 2);
        var reason = answer.Reason is null ? "null" : $"\"{JsonEncodedText.Encode(answer.Reason)}\"";
        return $$"""{"status":"{{CommandStates.NameOf(answer.State)}}","result":{{answer.Result ?? "null"}},"reason":{{reason}}}""";
    }

    private static CommandAnswer? ReadForm(ReadOnlySpan<byte> payload)
    {
        if (Parse(payload) is not { } document)
            return null;
        using (document)
        {
            try
            {
                return ReadForm(document.RootElement);
            }
            catch (InvalidOperationException)
            {
                return null; // Half a surrogate pair stands in a text that is looked at.
            }
        }
    }

    private static CommandAnswer? ReadForm(JsonElement root)
    {
        if (root.ValueKind is not JsonValueKind.Object || root.EnumerateObject().Any(static m => m.Name is not ("status" or "result" or "reason")))
            return null;
        if (!root.TryGetProperty("status", out var status) || status.ValueKind is not JsonValueKind.String || !CommandStates.TryParse(status.GetString(), out var state)
            || state is not (CommandState.Running or CommandState.Succeeded or CommandState.Failed))
            return null;
        var reason = root.TryGetProperty("reason", out var said) && said.ValueKind is not JsonValueKind.Null ? said.ValueKind is JsonValueKind.String ? said.GetString() : said.GetRawText() : null;
        return new CommandAnswer(state, root.TryGetProperty("result", out var result) && result.ValueKind is not JsonValueKind.Null ? result.GetRawText() : null, reason);
    }

    private static string? ResultOf(ReadOnlySpan<byte> payload)
    {
        if (payload.IsEmpty)
            return null;
        if (Parse(payload) is { } document)
        {
            using (document)
                return document.RootElement.GetRawText();
        }
        try
        {
            return $"\"{JsonEncodedText.Encode(new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(payload))}\"";
        }
        catch (DecoderFallbackException)
        {
            return $$"""{"base64":"{{Convert.ToBase64String(payload)}}"}""";
        }
    }

    private static JsonDocument? Parse(ReadOnlySpan<byte> payload)
    {
        var reader = new Utf8JsonReader(payload, new JsonReaderOptions { MaxDepth = MaxDepth });
        try
        {
            if (!JsonDocument.TryParseValue(ref reader, out var document))
                return null;
            while (reader.BytesConsumed < payload.Length)
            {
                if (payload[(int)reader.BytesConsumed..].IndexOfAnyExcept(" \t\r\n"u8) < 0)
                    return document;
                document.Dispose();
                return null;
            }
            return document;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
