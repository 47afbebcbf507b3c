using System.Text.Json;

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

    private static bool IsNumber(string text)
    {
        if (text.Length is 0 or > 64 || !(char.IsAsciiDigit(text[0]) || text[0] == '-'))
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
