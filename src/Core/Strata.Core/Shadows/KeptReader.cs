using System.Runtime.InteropServices;
using System.Text.Json;

namespace Strata.Core.Shadows;

/// <summary>Reads one shadow as <see cref="ShadowCodec.Write"/> keeps it.</summary>
internal ref struct KeptReader
{
    private readonly ReadOnlySpan<byte> bytes;
    private readonly List<string> actors;

    /// <summary>Fields of the objects that are being read, the innermost last.</summary>
    private readonly List<ShadowField> open = new(16);

    private Utf8JsonReader reader;

    public KeptReader(ReadOnlySpan<byte> bytes)
    {
        this.bytes = bytes;
        actors = ActorsOf(bytes);
        reader = new Utf8JsonReader(bytes, ShadowCodec.Reading);
    }

    /// <exception cref="JsonException">It is no shadow.</exception>
    public Shadow Read()
    {
        var (version, time, changes, isDeleted) = (0L, 0L, (long?)null, false);
        var (desired, reported, tags) = (ShadowPart.None, ShadowPart.None, ShadowPart.None);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.ValueSpan[0];
            reader.Read();
            switch (name)
            {
                case (byte)'n':
                    version = reader.GetInt64();
                    break;
                case (byte)'t':
                    time = reader.GetInt64();
                    break;
                case (byte)'c':
                    changes = reader.GetInt64();
                    break;
                case (byte)'x':
                    isDeleted = reader.GetBoolean();
                    break;
                case (byte)'d':
                    desired = ReadPart();
                    break;
                case (byte)'r':
                    reported = ReadPart();
                    break;
                case (byte)'g':
                    tags = ReadPart();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
        return new Shadow(version, time, desired, reported, tags) { IsDeleted = isDeleted, Changes = changes ?? version };
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
            actors.Add(ShadowNames.TextOf(ref reader));
        return actors;
    }

    private ShadowPart ReadPart()
    {
        reader.Read();
        var version = reader.GetInt64();
        reader.Read();
        var root = ReadObject();
        reader.Read();
        return new ShadowPart(version, root);
    }

    private ShadowObject ReadObject()
    {
        var first = open.Count;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = ShadowNames.TextOf(ref reader);
            reader.Read();
            open.Add(new ShadowField(name, reader.TokenType == JsonTokenType.StartObject ? ReadObject() : ReadLeaf()));
        }
        var read = ShadowObject.Of(CollectionsMarshal.AsSpan(open)[first..]);
        open.RemoveRange(first, open.Count - first);
        return read;
    }

    private ShadowLeaf ReadLeaf()
    {
        reader.Read();
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        var json = bytes[start..(int)reader.BytesConsumed].ToArray();
        reader.Read();
        var time = reader.GetInt64();
        reader.Read();
        var actor = reader.GetInt32();
        reader.Read();
        return new ShadowLeaf(json, time, actor < actors.Count ? actors[actor] : "");
    }
}
