using System.Text.Json;

namespace Strata.Core.Updates.Slots;

/// <summary>The state as a file.</summary>
public static class SlotText
{
    /// <summary>Characters of a reason that are kept: it may quote what nobody has signed, of any length, and the file is read up to a limit.</summary>
    public const int MaxReason = 500;

    /// <summary>At most so many characters of a text, the last of them whole.</summary>
    public static string Cut(string text, int most = MaxReason) =>
        text.Length <= most ? text : text[..(char.IsHighSurrogate(text[most - 1]) ? most - 1 : most)];

    public static byte[] Write(SlotState state)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteNumber("format", 1);
            json.WriteString("good", Name(state.Good));
            Write(json, "a", state.A);
            Write(json, "b", state.B);
            json.WriteNumber("counter", state.Counter);
            if (state.Trial is { } trial)
            {
                json.WriteStartObject("trial");
                json.WriteString("slot", Name(trial.Slot));
                json.WriteString("job", trial.Job);
                json.WriteNumber("startsLeft", trial.StartsLeft);
                json.WriteBoolean("started", trial.Started);
                if (trial.ConfirmWithin is { } within)
                    json.WriteNumber("confirmWithin", (int)within.TotalSeconds);
                if (trial.Boot is { } boot)
                    json.WriteString("boot", boot);
                if (trial.GivenUp is { } why)
                    json.WriteString("givenUp", why);
                json.WriteEndObject();
            }
            if (state.Outcome is { } outcome)
            {
                json.WriteStartObject("outcome");
                json.WriteString("job", outcome.Job);
                json.WriteString("state", outcome.State);
                json.WriteString("reason", outcome.Reason);
                json.WriteString("version", outcome.Version);
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        return bytes.ToArray();
    }

    /// <exception cref="FormatException">It is not what this class writes.</exception>
    public static SlotState Read(ReadOnlySpan<byte> bytes)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes.ToArray());
            var root = document.RootElement;
            if (root.GetProperty("format").GetInt32() != 1)
                throw new FormatException("it is of another program's version");
            return new SlotState(
                SlotOf(root.GetProperty("good")), Content(root.GetProperty("a")), Content(root.GetProperty("b")), root.GetProperty("counter").GetInt64(),
                root.TryGetProperty("trial", out var trial) ? Trial(trial) : null,
                root.TryGetProperty("outcome", out var outcome)
                    ? new SlotOutcome(outcome.GetProperty("job").GetString()!, outcome.GetProperty("state").GetString()!, outcome.GetProperty("reason").GetString(), outcome.GetProperty("version").GetString()!)
                    : null);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new FormatException($"it cannot be read ({e.Message})", e);
        }
    }

    /// <summary>The slot's name, which is its folder's: <c>a</c> or <c>b</c>.</summary>
    public static string Name(Slot slot) => slot == Slot.A ? "a" : "b";

    private static Slot SlotOf(JsonElement text) => text.GetString() == "b" ? Slot.B : Slot.A;

    private static SlotTrial Trial(JsonElement trial) => new(
        SlotOf(trial.GetProperty("slot")), trial.GetProperty("job").GetString()!, trial.GetProperty("startsLeft").GetInt32(), trial.GetProperty("started").GetBoolean(),
        trial.TryGetProperty("confirmWithin", out var within) ? TimeSpan.FromSeconds(within.GetInt32()) : null,
        trial.TryGetProperty("boot", out var boot) ? boot.GetString() : null, trial.TryGetProperty("givenUp", out var why) ? why.GetString() : null);

    private static SlotContent? Content(JsonElement content) =>
        content.ValueKind == JsonValueKind.Null
            ? null
            : new(content.GetProperty("version").GetString()!, content.GetProperty("sha256").GetString()!, content.GetProperty("size").GetInt64(), content.GetProperty("counter").GetInt64());

    private static void Write(Utf8JsonWriter json, string name, SlotContent? content)
    {
        if (content is null)
        {
            json.WriteNull(name);
            return;
        }
        json.WriteStartObject(name);
        json.WriteString("version", content.Version);
        json.WriteString("sha256", content.Sha256);
        json.WriteNumber("size", content.Size);
        json.WriteNumber("counter", content.Counter);
        json.WriteEndObject();
    }
}
