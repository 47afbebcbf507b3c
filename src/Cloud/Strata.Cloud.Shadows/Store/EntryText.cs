using System.Buffers;
using System.Text.Json;
using Strata.Core.Shadows;

namespace Strata.Cloud.Shadows.Store;

/// <summary>A change as it is kept: <c>{"v":7,"t":MS,"a":"alice","w":"why","c":{...},"b":{...}}</c>.</summary>
internal static class EntryText
{
    public static byte[] Write(ShadowEntry entry)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true }))
        {
            writer.WriteStartObject();
            writer.WriteNumber("v"u8, entry.Version);
            writer.WriteNumber("t"u8, entry.Time);
            writer.WriteString("a"u8, entry.Actor);
            if (entry.Why is { } why)
                writer.WriteString("w"u8, why);
            writer.WritePropertyName("c"u8);
            writer.WriteRawValue(entry.Change.Write(), skipInputValidation: true);
            writer.WritePropertyName("b"u8);
            writer.WriteRawValue(entry.Back.Write(), skipInputValidation: true);
            writer.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    /// <exception cref="JsonException">It is no change.</exception>
    public static ShadowEntry Read(byte[] bytes)
    {
        using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = 128 });
        var root = document.RootElement;
        return new ShadowEntry(
            root.GetProperty("v"u8).GetInt64(), root.GetProperty("t"u8).GetInt64(), root.GetProperty("a"u8).GetString()!, root.TryGetProperty("w"u8, out var why) ? why.GetString() : null,
            Patches(root.GetProperty("c"u8)), Patches(root.GetProperty("b"u8)));
    }

    private static ShadowPatches Patches(JsonElement element) => ShadowPatches.Read(System.Runtime.InteropServices.JsonMarshal.GetRawUtf8Value(element));
}
