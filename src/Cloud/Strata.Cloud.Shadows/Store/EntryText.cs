using System.Text.Json;
using Strata.Core.Shadows;

namespace Strata.Cloud.Shadows.Store;

/// <summary>A change as it is kept: <c>{"v":7,"n":5,"t":MS,"a":"alice","w":"why","c":{...},"b":{...}}</c>.</summary>
internal static class EntryText
{
    public static byte[] Write(ShadowEntry entry)
    {
        using var text = ShadowText.Take();
        var writer = text.Writer;
        writer.WriteStartObject();
        writer.WriteNumber("v"u8, entry.Version);
        writer.WriteNumber("n"u8, entry.Number);
        writer.WriteNumber("t"u8, entry.Time);
        writer.WriteString("a"u8, entry.Actor);
        if (entry.Why is { } why)
            writer.WriteString("w"u8, why);
        writer.WritePropertyName("c"u8);
        entry.Change.WriteTo(writer);
        writer.WritePropertyName("b"u8);
        entry.Back.WriteTo(writer);
        writer.WriteEndObject();
        return text.ToArray();
    }

    /// <exception cref="JsonException">It is no change.</exception>
    public static ShadowEntry Read(byte[] bytes)
    {
        using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = 128 });
        var root = document.RootElement;
        return new ShadowEntry(
            root.GetProperty("v"u8).GetInt64(), root.TryGetProperty("n"u8, out var number) ? number.GetInt64() : 0, root.GetProperty("t"u8).GetInt64(), root.GetProperty("a"u8).GetString()!, root.TryGetProperty("w"u8, out var why) ? why.GetString() : null,
            Patches(root.GetProperty("c"u8)), Patches(root.GetProperty("b"u8)));
    }

    private static ShadowPatches Patches(JsonElement element) => ShadowPatches.Read(System.Runtime.InteropServices.JsonMarshal.GetRawUtf8Value(element));
}
