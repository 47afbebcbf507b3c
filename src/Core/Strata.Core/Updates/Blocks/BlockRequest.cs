using System.Text.Json;

namespace Strata.Core.Updates.Blocks;

/// <summary>Which blocks of an artifact a device asks for, by MQTT. A block has <see cref="Size"/> bytes, the last one what is left.</summary>
/// <param name="Size">Bytes of a block. <see cref="LeastSize"/> to <see cref="MostSize"/>.</param>
/// <param name="From">The first block that may be meant, from 0.</param>
/// <param name="Count">So many from there on. 1 to <see cref="MostCount"/>; of them at most <see cref="MostBytes"/> are asked for.</param>
/// <param name="Missing">Bit i (of byte i / 8, the lowest first): block <see cref="From"/> + i is asked for; empty for all of them.</param>
public sealed record BlockRequest(int Size, int From, int Count, byte[] Missing)
{
    public const int LeastSize = 256;
    public const int MostSize = 64 * 1024;
    public const int MostCount = 1_024;

    /// <summary>Bytes that one request brings: they have to wait in the node together, for a device that reads slowly.</summary>
    public const int MostBytes = 256 * 1024;

    private const int UsualSize = 4 * 1024;
    private const int UsualCount = 16;
    private const int MostText = 1_024;

    /// <summary>Reads <c>{"size":4096,"from":0,"count":16,"missing":"BASE64"}</c>, each of which may be left out; nothing at all is all of that.</summary>
    public static Outcome<BlockRequest> Parse(ReadOnlySpan<byte> text)
    {
        if (text.Length > MostText)
            return Wrong($"it has {text.Length} bytes; at most {MostText} are read", null);
        if (text.Length == 0)
            return new BlockRequest(UsualSize, 0, UsualCount, []);
        try
        {
            using var document = JsonDocument.Parse(text.ToArray());
            return document.RootElement is { ValueKind: JsonValueKind.Object } root ? Read(root) : Wrong("it is no JSON object", null);
        }
        catch (JsonException e)
        {
            return Wrong($"it is not JSON as it should be (line {e.LineNumber + 1}, byte {e.BytePositionInLine})", null);
        }
    }

    /// <summary>The blocks that are asked for of an artifact of so many bytes, in their order.</summary>
    public IEnumerable<int> Of(long bytes)
    {
        var all = (bytes + Size - 1) / Size;
        for (var i = 0; i < Count && From + (long)i < all; i++)
        {
            if (Asks(i))
                yield return From + i;
        }
    }

    public byte[] Write()
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteNumber("size", Size);
            json.WriteNumber("from", From);
            json.WriteNumber("count", Count);
            if (Missing.Length > 0)
                json.WriteBase64String("missing", Missing);
            json.WriteEndObject();
        }
        return bytes.ToArray();
    }

    private static Outcome<BlockRequest> Read(JsonElement root)
    {
        var size = Number(root, "size", UsualSize);
        if (size is < LeastSize or > MostSize)
            return Wrong($"'size' is {LeastSize} to {MostSize}", "size");
        var from = Number(root, "from", 0);
        if (from < 0)
            return Wrong("'from' is the number of a block, from 0 on", "from");
        var count = Number(root, "count", Math.Min(UsualCount, MostBytes / size));
        if (count is < 1 or > MostCount)
            return Wrong($"'count' is 1 to {MostCount}", "count");
        byte[] missing = [];
        if (root.TryGetProperty("missing", out var bits) && bits.ValueKind is not JsonValueKind.Null && (bits.ValueKind is not JsonValueKind.String || !bits.TryGetBytesFromBase64(out missing!) || missing.Length != (count + 7) / 8))
            return Wrong($"'missing' is base64 of a bit for each of the {count} blocks, {(count + 7) / 8} bytes", "missing");
        var request = new BlockRequest(size, from, count, missing);
        var asked = Enumerable.Range(0, count).Count(request.Asks);
        return (long)asked * size <= MostBytes ? request : Wrong($"it asks for {asked} blocks of {size} bytes; at most {MostBytes} bytes are sent at once", "count");
    }

    /// <summary>-1 when it is no whole number of 32 bits.</summary>
    private static int Number(JsonElement root, string name, int usual) =>
        !root.TryGetProperty(name, out var value) || value.ValueKind is JsonValueKind.Null ? usual : value.ValueKind is JsonValueKind.Number && value.TryGetInt32(out var number) ? number : -1;

    private static Problem Wrong(string what, string? field) => new(ProblemKind.Invalid, $"The request for blocks cannot be used: {what}.", field);

    private bool Asks(int i) => Missing.Length == 0 || (Missing[i >> 3] >> (i & 7) & 1) == 1;
}
