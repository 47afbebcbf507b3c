using System.Text.Json;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Strata.Cloud.Platform.Yaml;

/// <summary>A part of a YAML file that stands for JSON: maps, lists, and of what is not quoted null, true, false and JSON's numbers; all else is text.</summary>
public static class YamlJson
{
    /// <returns>UTF-8, in the order of the file.</returns>
    public static byte[] Write(YamlNode node)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
            Write(writer, node);
        return buffer.ToArray();
    }

    private static void Write(Utf8JsonWriter writer, YamlNode node)
    {
        switch (node)
        {
            case YamlMap map:
                writer.WriteStartObject();
                foreach (var (key, value) in map.Entries)
                {
                    writer.WritePropertyName(key.Value);
                    Write(writer, value);
                }
                writer.WriteEndObject();
                break;
            case YamlList list:
                writer.WriteStartArray();
                foreach (var item in list.Items)
                    Write(writer, item);
                writer.WriteEndArray();
                break;
            case YamlText { IsNull: true }:
                writer.WriteNullValue();
                break;
            case YamlText { IsPlain: true, Value: "true" or "false" } truth:
                writer.WriteBooleanValue(truth.Value == "true");
                break;
            case YamlText { IsPlain: true } text when IsNumber(text.Value):
                writer.WriteRawValue(text.Value);
                break;
            case YamlText text:
                writer.WriteStringValue(text.Value);
                break;
        }
    }

    /// <summary>Emits JSON so that reading it gives the same: text is quoted where it would be something else.</summary>
    /// <param name="lines">Levels of maps and lists that are a line each; those in them are in one line.</param>
    public static void Emit(IEmitter emitter, JsonElement json, int lines)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.Object:
                emitter.Emit(new MappingStart(default, default, true, lines > 0 ? MappingStyle.Block : MappingStyle.Flow));
                foreach (var field in json.EnumerateObject())
                {
                    Emit(emitter, field.Name);
                    Emit(emitter, field.Value, lines - 1);
                }
                emitter.Emit(new MappingEnd());
                break;
            case JsonValueKind.Array:
                emitter.Emit(new SequenceStart(default, default, true, lines > 0 ? SequenceStyle.Block : SequenceStyle.Flow));
                foreach (var item in json.EnumerateArray())
                    Emit(emitter, item, lines - 1);
                emitter.Emit(new SequenceEnd());
                break;
            case JsonValueKind.String:
                Emit(emitter, json.GetString()!);
                break;
            default:
                emitter.Emit(new Scalar(default, default, json.GetRawText(), ScalarStyle.Plain, true, false));
                break;
        }
    }

    private static void Emit(IEmitter emitter, string text) => emitter.Emit(new Scalar(default, default, text, StyleOf(text), true, true));

    private static ScalarStyle StyleOf(string text) =>
        text is "" or "null" or "true" or "false" || IsNumber(text) || text.Any(IsUnseen) ? ScalarStyle.DoubleQuoted
        : char.IsLetterOrDigit(text[0]) && text[^1] != ' ' && text.All(static c => char.IsLetterOrDigit(c) || c is ' ' or '-' or '_' or '.' or '/' or '+' or '@') ? ScalarStyle.Plain
        : ScalarStyle.SingleQuoted;

    /// <summary>What other styles fold or drop.</summary>
    private static bool IsUnseen(char c) => char.IsControl(c) || c is '\u2028' or '\u2029' or '\ufeff';

    private static bool IsNumber(string text)
    {
        if (text.Length == 0 || !(char.IsAsciiDigit(text[0]) || text[0] == '-'))
            return false;
        try
        {
            var reader = new Utf8JsonReader(System.Text.Encoding.UTF8.GetBytes(text));
            return reader.Read() && reader.TokenType is JsonTokenType.Number && !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
