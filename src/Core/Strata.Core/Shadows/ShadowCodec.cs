using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Strata.Core.Shadows;

/// <summary>
/// A shadow as it is kept, in compact JSON: <c>{"n":7,"t":MS,"a":["alice"],"d":[3,{"temp":[21,MS,0]}],"r":[4,{}],"g":[0,{}]}</c>. A leaf is its value, its time and the place of
/// its writer among the actors. One that was deleted has no parts but <c>"x":true</c> and the parts' versions.
/// </summary>
public static class ShadowCodec
{
    internal static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true, MaxDepth = 128 };

    internal static readonly JsonReaderOptions Reading = new() { MaxDepth = 128 };

    public static byte[] Write(Shadow shadow)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        var actors = new List<string>();
        using (var writer = new Utf8JsonWriter(buffer, Compact))
        {
            writer.WriteStartObject();
            writer.WriteNumber("n"u8, shadow.Version);
            writer.WriteNumber("t"u8, shadow.Time);
            if (shadow.IsDeleted)
                writer.WriteBoolean("x"u8, true);
            WritePart(writer, "d"u8, shadow.Desired, actors);
            WritePart(writer, "r"u8, shadow.Reported, actors);
            WritePart(writer, "g"u8, shadow.Tags, actors);
            writer.WriteStartArray("a"u8);
            foreach (var actor in actors)
                writer.WriteStringValue(actor);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    /// <exception cref="JsonException">It is no shadow.</exception>
    public static Shadow Read(ReadOnlySpan<byte> bytes)
    {
        var actors = ActorsOf(bytes);
        var reader = new Utf8JsonReader(bytes, Reading);
        var shadow = new Shadow(0, 0, ShadowPart.None, ShadowPart.None, ShadowPart.None);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.ValueSpan[0];
            reader.Read();
            switch (name)
            {
                case (byte)'n':
                    shadow = shadow with { Version = reader.GetInt64() };
                    break;
                case (byte)'t':
                    shadow = shadow with { Time = reader.GetInt64() };
                    break;
                case (byte)'x':
                    shadow = shadow with { IsDeleted = reader.GetBoolean() };
                    break;
                case (byte)'d':
                    shadow = shadow with { Desired = ReadPart(ref reader, actors) };
                    break;
                case (byte)'r':
                    shadow = shadow with { Reported = ReadPart(ref reader, actors) };
                    break;
                case (byte)'g':
                    shadow = shadow with { Tags = ReadPart(ref reader, actors) };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
        return shadow;
    }

    /// <summary>Bytes of the parts as compact JSON, without metadata.</summary>
    public static int SizeOf(Shadow shadow) => SizeOf(shadow.Desired.Root) + SizeOf(shadow.Reported.Root) + SizeOf(shadow.Tags.Root);

    private static int SizeOf(ShadowObject root)
    {
        var size = 2;
        foreach (var field in root.Fields)
            size += System.Text.Encoding.UTF8.GetByteCount(field.Name) + 4 + (field.Node is ShadowLeaf leaf ? leaf.Json.Length : SizeOf((ShadowObject)field.Node));
        return root.IsEmpty ? size : size - 1;
    }

    /// <summary>Writes values alone.</summary>
    public static void WriteState(Utf8JsonWriter writer, ShadowObject root)
    {
        writer.WriteStartObject();
        foreach (var field in root.Fields)
        {
            writer.WritePropertyName(field.Name);
            if (field.Node is ShadowLeaf leaf)
                writer.WriteRawValue(leaf.Json.Span, skipInputValidation: true);
            else
                WriteState(writer, (ShadowObject)field.Node);
        }
        writer.WriteEndObject();
    }

    private static void WritePart(Utf8JsonWriter writer, ReadOnlySpan<byte> name, ShadowPart part, List<string> actors)
    {
        if (part.Version == 0 && part.Root.IsEmpty)
            return;
        writer.WriteStartArray(name);
        writer.WriteNumberValue(part.Version);
        WriteKept(writer, part.Root, actors);
        writer.WriteEndArray();
    }

    private static void WriteKept(Utf8JsonWriter writer, ShadowObject root, List<string> actors)
    {
        writer.WriteStartObject();
        foreach (var field in root.Fields)
        {
            writer.WritePropertyName(field.Name);
            if (field.Node is not ShadowLeaf leaf)
            {
                WriteKept(writer, (ShadowObject)field.Node, actors);
                continue;
            }
            var actor = actors.IndexOf(leaf.Actor);
            if (actor < 0)
            {
                actor = actors.Count;
                actors.Add(leaf.Actor);
            }
            writer.WriteStartArray();
            writer.WriteRawValue(leaf.Json.Span, skipInputValidation: true);
            writer.WriteNumberValue(leaf.Time);
            writer.WriteNumberValue(actor);
            writer.WriteEndArray();
        }
        writer.WriteEndObject();
    }

    private static List<string> ActorsOf(ReadOnlySpan<byte> bytes)
    {
        var actors = new List<string>();
        // They are written last, for they are known then; the list is short and found from the end.
        var at = bytes.LastIndexOf("\"a\":["u8);
        if (at < 0)
            return actors;
        var reader = new Utf8JsonReader(bytes[(at + 4)..], isFinalBlock: false, default);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.String)
            actors.Add(reader.GetString()!);
        return actors;
    }

    private static ShadowPart ReadPart(ref Utf8JsonReader reader, List<string> actors)
    {
        reader.Read();
        var version = reader.GetInt64();
        reader.Read();
        var root = ReadKept(ref reader, actors);
        reader.Read();
        return new ShadowPart(version, root);
    }

    private static ShadowObject ReadKept(ref Utf8JsonReader reader, List<string> actors)
    {
        var fields = new List<ShadowField>();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            fields.Add(new ShadowField(name, reader.TokenType == JsonTokenType.StartObject ? ReadKept(ref reader, actors) : ReadLeaf(ref reader, actors)));
        }
        return ShadowObject.Of(fields);
    }

    private static ShadowLeaf ReadLeaf(ref Utf8JsonReader reader, List<string> actors)
    {
        var leaf = KeptValue(ref reader);
        reader.Read();
        var time = reader.GetInt64();
        reader.Read();
        var actor = reader.GetInt32();
        reader.Read();
        return new ShadowLeaf(leaf, time, actor < actors.Count ? actors[actor] : "");
    }

    /// <summary>The bytes of the first element of a leaf's array, as they stand.</summary>
    private static byte[] KeptValue(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType is not (JsonTokenType.StartArray or JsonTokenType.String))
            return reader.ValueSpan.ToArray();
        if (reader.TokenType == JsonTokenType.String)
        {
            var text = new byte[reader.ValueSpan.Length + 2];
            text[0] = text[^1] = (byte)'"';
            reader.ValueSpan.CopyTo(text.AsSpan(1));
            return text;
        }
        var buffer = new ArrayBufferWriter<byte>();
        using (var document = JsonDocument.ParseValue(ref reader))
        using (var writer = new Utf8JsonWriter(buffer, Compact))
            document.RootElement.WriteTo(writer);
        return buffer.WrittenSpan.ToArray();
    }
}
