using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Strata.Core.Shadows;

namespace Strata.Core.Tests.Shadows;

internal static class ShadowGenerators
{
    private static readonly Gen<string> Name = Generators.AnyOf("a", "b", "c", "température", "x/y", "~", "a b");

    private static readonly Gen<string> Leaf = Generators.AnyOf("1", "-2.5", "1e3", "true", "false", "\"\"", "\"on\"", "\"\\u00fc\\n\\\"\"", "[]", "[1,{\"z\":null}]", "[1.0,\"a\"]");

    /// <summary>An object as JSON, with nulls where it is a patch.</summary>
    public static Gen<string> Object(int depth, bool nulls) =>
        Gen.Select(Name, Value(depth, nulls)).List[0, 4].Select(fields => $"{{{string.Join(",", fields.DistinctBy(f => f.Item1).Select(f => $"{JsonSerializer.Serialize(f.Item1)}:{f.Item2}"))}}}");

    private static Gen<string> Value(int depth, bool nulls)
    {
        var leaf = nulls ? Gen.Frequency((3, Leaf), (1, Gen.Const("null"))) : Leaf;
        return depth <= 1 ? leaf : Gen.Frequency((3, leaf), (2, Object(depth - 1, nulls)));
    }

    public static ShadowObject Patch(string json)
    {
        var request = ShadowRequest.Parse(Encoding.UTF8.GetBytes($"{{\"state\":{{\"desired\":{json}}}}}"), ShadowLimits.Default);
        Assert.True(request.IsOk, request.Problem?.Detail);
        return request.Value.Desired!.Patch!;
    }

    /// <summary>A state, made by merging into nothing.</summary>
    public static ShadowObject State(string json) => ShadowMath.Merge(ShadowObject.Empty, Patch(json), 1, "test");

    public static string Text(ShadowObject root)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
            ShadowCodec.WriteState(writer, root);
        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    public static bool Same(ShadowObject root, JsonObject model) => JsonNode.DeepEquals(JsonNode.Parse(Text(root)), model);

    public static ShadowRequest Request(string json)
    {
        var request = ShadowRequest.Parse(Encoding.UTF8.GetBytes(json), ShadowLimits.Default);
        Assert.True(request.IsOk, request.Problem?.Detail);
        return request.Value;
    }
}
