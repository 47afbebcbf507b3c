using System.Text.Encodings.Web;
using System.Text.Json;

namespace Strata.Core.Shadows;

/// <summary>
/// A shadow as it is kept, in compact JSON: <c>{"n":7,"t":MS,"c":5,"d":[3,{"temp":[21,MS,0]}],"r":[4,{}],"g":[0,{}],"a":["alice"]}</c>. A leaf is its value, its time and the place of
/// its writer among the actors. One that was deleted has no parts but <c>"x":true</c> and the parts' versions. <c>c</c> counts what made a value differ; one that was kept before that was counted has none, and its version stands for it.
/// </summary>
public static class ShadowCodec
{
    internal static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true, MaxDepth = 128 };

    internal static readonly JsonReaderOptions Reading = new() { MaxDepth = 128 };

    public static byte[] Write(Shadow shadow)
    {
        using var text = ShadowText.Take();
        var writer = text.Writer;
        var actors = new List<string>();
        writer.WriteStartObject();
        writer.WriteNumber("n"u8, shadow.Version);
        writer.WriteNumber("t"u8, shadow.Time);
        writer.WriteNumber("c"u8, shadow.Changes);
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
        return text.ToArray();
    }

    /// <exception cref="JsonException">It is no shadow.</exception>
    public static Shadow Read(ReadOnlySpan<byte> bytes) => new KeptReader(bytes).Read();

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
}
