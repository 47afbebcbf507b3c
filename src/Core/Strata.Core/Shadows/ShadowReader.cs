using System.Text.Json;

namespace Strata.Core.Shadows;

/// <summary>Reads a patch of a state out of JSON, within limits. What is wrong is said with its path.</summary>
internal static class ShadowReader
{
    /// <summary>Of a number: as many as fit 32 bits whatever they are.</summary>
    private const int MaxExponentDigits = 9;

    /// <summary>Reads the object at which the reader stands.</summary>
    /// <param name="path">For what is said: <c>state.desired</c>.</param>
    /// <exception cref="ShadowFormatException">It is no state.</exception>
    /// <exception cref="JsonException">It is no JSON.</exception>
    public static ShadowObject ReadObject(ref Utf8JsonReader reader, string path, int depth, ShadowLimits limits)
    {
        if (depth > limits.MaxDepth)
            throw new ShadowFormatException($"{path} is nested too deeply; a state has at most {limits.MaxDepth} levels.");
        var fields = new List<ShadowField>();
        var sorted = true;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = KeyOf(ref reader, path);
            reader.Read();
            ShadowNode node = reader.TokenType == JsonTokenType.StartObject ? ReadObject(ref reader, $"{path}.{name}", depth + 1, limits) : ReadLeaf(ref reader, $"{path}.{name}", depth, limits);
            sorted &= fields.Count == 0 || string.CompareOrdinal(fields[^1].Name, name) < 0;
            fields.Add(new ShadowField(name, node));
        }
        if (!sorted)
            Sort(fields, path);
        return ShadowObject.Of(fields);
    }

    private static void Sort(List<ShadowField> fields, string path)
    {
        fields.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        for (var i = 1; i < fields.Count; i++)
        {
            if (fields[i].Name == fields[i - 1].Name)
                throw new ShadowFormatException($"{path} names '{fields[i].Name}' twice.");
        }
    }

    private static string KeyOf(ref Utf8JsonReader reader, string path)
    {
        var name = TextOf(ref reader, path);
        if (name.Length is 0 or > ShadowLimits.MaxKeyLength)
            throw new ShadowFormatException(name.Length == 0 ? $"{path} has a field without a name." : $"{path} has a field whose name has {name.Length} characters; at most {ShadowLimits.MaxKeyLength} are taken.");
        if (HasControl(name))
            throw new ShadowFormatException($"{path} has a field whose name holds a control character.");
        if (name[0] == '$')
            throw new ShadowFormatException($"{path} has the field '{name}'; names that begin with '$' are reserved.");
        return name;
    }

    internal static ShadowLeaf ReadLeaf(ref Utf8JsonReader reader, string path, int depth, ShadowLimits limits)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                return new ShadowLeaf("null"u8.ToArray(), 0, "");
            case JsonTokenType.True:
                return new ShadowLeaf("true"u8.ToArray(), 0, "");
            case JsonTokenType.False:
                return new ShadowLeaf("false"u8.ToArray(), 0, "");
            case JsonTokenType.Number:
                CheckNumber(ref reader, path, limits);
                return new ShadowLeaf(reader.ValueSpan.ToArray(), 0, "");
        }
        using var text = ShadowText.Take();
        Copy(ref reader, text.Writer, path, depth, limits);
        return new ShadowLeaf(text.ToArray(), 0, "");
    }

    /// <summary>A number is finite, and its exponent is one that can be compared.</summary>
    private static void CheckNumber(ref Utf8JsonReader reader, string path, ShadowLimits limits)
    {
        if (limits.AnyNumber)
            return;
        var digits = reader.ValueSpan;
        digits = digits.IndexOfAny((byte)'e', (byte)'E') is >= 0 and var at ? digits[(at + 1)..].TrimStart("+-"u8) : [];
        if (digits.Length > MaxExponentDigits || !reader.TryGetDouble(out var number) || !double.IsFinite(number))
            throw new ShadowFormatException($"{path} is a number beyond what is kept.");
    }

    /// <summary>Copies a string or an array, compact and with each character written one way.</summary>
    private static void Copy(ref Utf8JsonReader reader, Utf8JsonWriter writer, string path, int depth, ShadowLimits limits)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.String:
                writer.WriteStringValue(TextOf(ref reader, path));
                break;
            case JsonTokenType.StartArray or JsonTokenType.StartObject:
                if (depth + 1 > limits.MaxDepth)
                    throw new ShadowFormatException($"{path} is nested too deeply; a state has at most {limits.MaxDepth} levels.");
                var isArray = reader.TokenType == JsonTokenType.StartArray;
                if (isArray)
                    writer.WriteStartArray();
                else
                    writer.WriteStartObject();
                while (reader.Read() && reader.TokenType is not (JsonTokenType.EndArray or JsonTokenType.EndObject))
                {
                    if (!isArray)
                    {
                        writer.WritePropertyName(KeyOf(ref reader, path));
                        reader.Read();
                    }
                    Copy(ref reader, writer, path, depth + 1, limits);
                }
                if (isArray)
                    writer.WriteEndArray();
                else
                    writer.WriteEndObject();
                break;
            case JsonTokenType.Number:
                CheckNumber(ref reader, path, limits);
                writer.WriteRawValue(reader.ValueSpan, skipInputValidation: true);
                break;
            case JsonTokenType.Null:
                writer.WriteNullValue();
                break;
            default:
                writer.WriteBooleanValue(reader.GetBoolean());
                break;
        }
    }

    internal static bool HasControl(string text)
    {
        foreach (var character in text)
        {
            if (char.IsControl(character))
                return true;
        }
        return false;
    }

    internal static string TextOf(ref Utf8JsonReader reader, string path)
    {
        try
        {
            return ShadowNames.TextOf(ref reader);
        }
        catch (InvalidOperationException)
        {
            throw new ShadowFormatException($"{path} holds text that is no UTF-8.");
        }
    }
}

/// <summary>What was sent is no request of a shadow; the message is for who sent it.</summary>
internal sealed class ShadowFormatException(string message) : Exception(message);
