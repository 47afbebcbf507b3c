using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Strata.Core.Shadows;

/// <summary>A value of a shadow's state: an object, or a leaf. Never changed after it was made.</summary>
public abstract class ShadowNode
{
    private protected ShadowNode()
    {
    }

    /// <summary>Whether both hold the same values, whoever wrote them and when; numbers count by value, objects in any order of their fields.</summary>
    public static bool SameValue(ShadowNode? one, ShadowNode? other) => ReferenceEquals(one, other) || (one, other) switch
    {
        (ShadowLeaf a, ShadowLeaf b) => a.HasValueOf(b),
        (ShadowObject a, ShadowObject b) => SameFields(a.Fields, b.Fields),
        _ => false,
    };

    private static bool SameFields(ReadOnlySpan<ShadowField> one, ReadOnlySpan<ShadowField> other)
    {
        if (one.Length != other.Length)
            return false;
        for (var i = 0; i < one.Length; i++)
        {
            if (one[i].Name != other[i].Name || !SameValue(one[i].Node, other[i].Node))
                return false;
        }
        return true;
    }
}

/// <summary>A value that is replaced as a whole: a string, a number, true or false, an array; in a patch also null, which deletes.</summary>
/// <param name="json">Its JSON, compact, in UTF-8; not to be changed.</param>
/// <param name="time">When it was written, ms since 1970 UTC; 0 in a patch.</param>
/// <param name="actor">Who wrote it; empty in a patch.</param>
public sealed class ShadowLeaf(byte[] json, long time, string actor) : ShadowNode
{
    public ReadOnlyMemory<byte> Json => json;

    public long Time => time;

    public string Actor => actor;

    /// <summary>In a patch: the field is to go.</summary>
    public bool IsNull => json is [(byte)'n', ..];

    public ShadowLeaf By(long when, string whom) => new(json, when, whom);

    public bool HasValueOf(ShadowLeaf other)
    {
        if (Json.Span.SequenceEqual(other.Json.Span))
            return true;
        // 1 and 1.0 are the same number, also within an array; what begins differently is not.
        if (IsNumber(json[0]) != IsNumber(other.Json.Span[0]) || (!IsNumber(json[0]) && json[0] != '['))
            return false;
        if (TryExact(json, out var one) && TryExact(other.Json.Span, out var two))
            return one == two;
        using var mine = JsonDocument.Parse(Json);
        using var others = JsonDocument.Parse(other.Json);
        try
        {
            return JsonElement.DeepEquals(mine.RootElement, others.RootElement);
        }
        catch (ArgumentOutOfRangeException)
        {
            return false; // Kept before exponents were bounded; what is written differently counts as another value.
        }
    }

    /// <summary>A number that a decimal holds to its last digit.</summary>
    private static bool TryExact(ReadOnlySpan<byte> json, out decimal number)
    {
        number = 0;
        return json.Length <= 28 && IsNumber(json[0]) && json.IndexOfAny((byte)'e', (byte)'E') < 0 && Utf8Parser.TryParse(json, out number, out _);
    }

    private static bool IsNumber(byte first) => first is (byte)'-' or (>= (byte)'0' and <= (byte)'9');
}

/// <summary>Named values in the order of their names (by characters). One without fields is no value: it is kept nowhere but at the root.</summary>
public sealed class ShadowObject : ShadowNode
{
    public static readonly ShadowObject Empty = new([]);

    private readonly ShadowField[] fields;

    private ShadowObject(ShadowField[] fields) => this.fields = fields;

    public ReadOnlySpan<ShadowField> Fields => fields;

    public bool IsEmpty => fields.Length == 0;

    /// <summary>An object of fields that are in order, each name once.</summary>
    public static ShadowObject Of(List<ShadowField>? sorted) => Of(CollectionsMarshal.AsSpan(sorted));

    public static ShadowObject Of(ReadOnlySpan<ShadowField> sorted) => sorted.IsEmpty ? Empty : new ShadowObject([.. sorted]);

    public ShadowNode? Find(string name)
    {
        var (low, high) = (0, fields.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var order = string.CompareOrdinal(fields[middle].Name, name);
            if (order == 0)
                return fields[middle].Node;
            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }
        return null;
    }
}

public readonly record struct ShadowField(string Name, ShadowNode Node);
