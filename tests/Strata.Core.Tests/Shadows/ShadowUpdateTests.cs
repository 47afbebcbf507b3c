using System.Text;
using Strata.Core.Shadows;

namespace Strata.Core.Tests.Shadows;

public sealed class ShadowUpdateTests
{
    private static readonly ShadowAuthor Cloud = new("alice", IsDevice: false);
    private static readonly ShadowAuthor Device = new("device", IsDevice: true);

    [Fact]
    public void Desired_belongs_to_the_cloud_and_reported_to_the_device()
    {
        Assert.Equal(ProblemKind.Forbidden, Decide(Shadow.None, """{"state":{"desired":{"a":1}}}""", Device).Problem!.Kind);
        Assert.Equal(ProblemKind.Forbidden, Decide(Shadow.None, """{"state":{"tags":{"a":1}}}""", Device).Problem!.Kind);
        Assert.True(Decide(Shadow.None, """{"state":{"desired":{"a":1}}}""", Device with { MayDesire = true }).IsOk);
        var both = Decide(Decide(Shadow.None, """{"state":{"desired":{"a":1}}}""", Cloud).Value!.After, """{"state":{"reported":{"a":2}}}""", Device).Value!.After;
        Assert.Equal("""{"a":1}""", ShadowGenerators.Text(both.Delta)); // What the device says does not undo what is wanted.
    }

    [Fact]
    public void Versions_count_the_whole_and_each_part()
    {
        var shadow = After(Shadow.None, """{"state":{"desired":{"a":1}}}""", """{"state":{"reported":{"a":2}}}""", """{"state":{"desired":{"b":1},"reported":{"b":2}}}""");
        Assert.Equal((3L, 2L, 2L, 0L), (shadow.Version, shadow.Desired.Version, shadow.Reported.Version, shadow.Tags.Version));
        Assert.Equal("Version conflict: the shadow has version 3, the request was decided on 2. Get it again, then decide anew.", Decide(shadow, """{"state":{"desired":{}},"version":2}""", Cloud).Problem!.Detail);
        Assert.Equal("Version conflict: 'desired' has version 2, the request was decided on 1. Get it again, then decide anew.", Decide(shadow, """{"state":{"desired":{}},"versions":{"desired":1}}""", Cloud).Problem!.Detail);
        Assert.True(Decide(shadow, """{"state":{"desired":{"a":3}},"versions":{"desired":2}}""", Cloud).IsOk);
    }

    [Fact]
    public void A_value_has_the_time_at_which_it_was_said_whatever_changed_in_the_shadow_later()
    {
        var current = Decide(Shadow.None, """{"state":{"desired":{"a":1}}}""", Cloud, 2_000).Value!.After;
        var change = Decide(current, """{"state":{"reported":{"a":1}}}""", Device, 1_500).Value!;
        Assert.Equal((2_000, 1_500), (change.After.Time, Assert.Single(ShadowMath.Leaves(change.After.Reported.Root)).Leaf.Time));
        Assert.Contains("\"metadata\":{\"reported\":{\"a\":{\"timestamp\":1}}}", Encoding.UTF8.GetString(ShadowDocument.Updated(change, ShadowGenerators.Request("""{"state":{"reported":{"a":1}}}"""))), StringComparison.Ordinal);
        // A later word of the device is later, and an earlier one is not.
        Assert.False(ShadowReunion.Later(change.After.Reported.Root, ShadowGenerators.Patch("""{"a":2}"""), 1_700).IsEmpty);
        Assert.True(ShadowReunion.Later(change.After.Reported.Root, ShadowGenerators.Patch("""{"a":2}"""), 1_400).IsEmpty);
    }

    [Fact]
    public void A_part_that_is_null_is_emptied_and_arrays_are_replaced_as_a_whole()
    {
        var shadow = After(Shadow.None, """{"state":{"desired":{"a":[1,2,3],"b":{"c":1}}}}""", """{"state":{"desired":{"a":[9]}}}""");
        Assert.Equal("""{"a":[9],"b":{"c":1}}""", ShadowGenerators.Text(shadow.Desired.Root));
        Assert.True(After(shadow, """{"state":{"desired":null}}""").Desired.Root.IsEmpty);
    }

    [Fact]
    public void A_deleted_shadow_keeps_its_version()
    {
        var gone = ShadowUpdate.Delete(After(Shadow.None, """{"state":{"desired":{"a":1}}}"""), null, 5).Value!.After;
        Assert.True(gone.IsDeleted && gone.Desired.Root.IsEmpty);
        Assert.Equal(3, After(ShadowCodec.Read(ShadowCodec.Write(gone)), """{"state":{"reported":{"a":1}}}""").Version);
        Assert.Equal(ProblemKind.NotFound, ShadowUpdate.Delete(gone, null, 6).Problem!.Kind);
    }

    [Theory]
    [InlineData("[]", "The request is no JSON object; it is {\"state\":{\"reported\":{...}}}.")]
    [InlineData("{\"state\":{\"desired\":{\"a\":1}}", "The request is no JSON: line 1, byte 28.")]
    [InlineData("{}", "The request has no 'state'.")]
    [InlineData("{\"state\":null}", "'state' is an object: {\"desired\":{...}} or {\"reported\":{...}}.")]
    [InlineData("{\"state\":{\"wanted\":{}}}", "state has 'desired', 'reported' and 'tags', not 'wanted'.")]
    [InlineData("{\"state\":{\"desired\":[1]}}", "state.desired is an object, or null to empty it.")]
    [InlineData("{\"stat\":{}}", "'stat' is no field of a request; there are state, version, versions, clientToken and why.")]
    [InlineData("{\"state\":{},\"version\":-1}", "'version' is a whole number from 0 up.")]
    [InlineData("{\"state\":{\"desired\":{\"\":1}}}", "state.desired has a field without a name.")]
    [InlineData("{\"state\":{\"desired\":{\"$a\":1}}}", "state.desired has the field '$a'; names that begin with '$' are reserved.")]
    [InlineData("{\"state\":{\"desired\":{\"a\\u0000\":1}}}", "state.desired has a field whose name holds a control character.")]
    [InlineData("{\"state\":{\"desired\":{\"b\":1,\"a\":1,\"b\":2}}}", "state.desired names 'b' twice.")]
    [InlineData("{\"state\":{\"desired\":{\"a\":1e999}}}", "state.desired.a is a number beyond what is kept.")]
    [InlineData("{\"state\":{\"desired\":{\"a\":1e-99999999999}}}", "state.desired.a is a number beyond what is kept.")]
    [InlineData("{\"state\":{\"desired\":{\"a\":0E+1000000000}}}", "state.desired.a is a number beyond what is kept.")]
    [InlineData("{\"state\":{\"desired\":{\"a\":{\"b\":[1,{\"c\":1e99999999999}]}}}}", "state.desired.a.b is a number beyond what is kept.")]
    [InlineData("{\"state\":{\"desired\":{\"a\":[1e999]}}}", "state.desired.a is a number beyond what is kept.")]
    public void What_is_wrong_is_said_with_its_place(string json, string detail) =>
        Assert.Equal(detail, ShadowRequest.Parse(Encoding.UTF8.GetBytes(json), ShadowLimits.Default).Problem?.Detail);

    [Fact]
    public void Eight_levels_are_taken_and_nine_are_not()
    {
        Assert.True(ShadowRequest.Parse(Nested(8), ShadowLimits.Default).IsOk);
        Assert.Equal("state.desired.a.a.a.a.a.a.a.a is nested too deeply; a state has at most 8 levels.", ShadowRequest.Parse(Nested(9), ShadowLimits.Default).Problem!.Detail);
        Assert.Equal(ProblemKind.Invalid, ShadowRequest.Parse("{\"state\":{\"desired\":{\"a\":[[[[[[[[[1]]]]]]]]]}}}"u8, ShadowLimits.Default).Problem!.Kind);
        Assert.Equal(ProblemKind.Invalid, ShadowRequest.Parse(Nested(2_000), ShadowLimits.Default).Problem!.Kind);
    }

    [Fact]
    public void A_shadow_has_32_KiB_and_what_would_make_it_larger_is_refused_but_not_what_makes_it_smaller()
    {
        var full = After(Shadow.None, "{\"state\":{\"desired\":{\"a\":\"" + new string('x', 20_000) + "\"}}}");
        Assert.Equal("The shadow would have 40,018 bytes; it may have 32,768. Delete fields by null, or use a named shadow.", Decide(full, "{\"state\":{\"reported\":{\"b\":\"" + new string('x', 20_000) + "\"}}}", Device).Problem!.Detail);
        Assert.Equal(ProblemKind.TooMuch, ShadowRequest.Parse(new byte[40_000], ShadowLimits.Default).Problem!.Kind);
        Assert.True(ShadowUpdate.Decide(full, ShadowGenerators.Request("""{"state":{"desired":{"a":"y"}}}"""), Cloud, 1, new ShadowLimits { MaxBytes = 1024 }).IsOk);
    }

    [Fact]
    public void Undo_takes_back_what_stands_and_not_what_was_changed_again()
    {
        var first = After(Shadow.None, """{"state":{"desired":{"a":1,"keep":true}}}""");
        var change = Decide(first, """{"state":{"desired":{"a":2,"b":{"c":1}}}}""", Cloud).Value!;
        var entry = ShadowEntry.Of(change, "alice", "because")!;
        var undone = ShadowUpdate.Decide(change.After, ShadowHistory.Undo(change.After, entry, null).Value!, Cloud, 9, ShadowLimits.Default).Value!.After;
        Assert.Equal("""{"a":1,"keep":true}""", ShadowGenerators.Text(undone.Desired.Root));
        var changed = After(change.After, """{"state":{"desired":{"b":{"c":5}}}}""");
        Assert.Equal("desired/b/c was changed again after version 2; undo the later change first, or set it.", ShadowHistory.Undo(changed, entry, null).Problem!.Detail);
    }

    [Theory]
    [InlineData("""{"keep":true}""", """{"net":{"ssid":"A"}}""", """{"net":{"psk":"B"}}""", "desired/net")] // Made as a whole, and added to.
    [InlineData("""{"net":5}""", """{"net":{"ssid":"A"}}""", """{"net":{"psk":"B"}}""", "desired/net")]
    [InlineData("""{"net":{"ssid":"A","psk":"B"}}""", """{"net":null}""", """{"net":{"x":1}}""", "desired/net")]
    [InlineData("""{"net":{"ssid":"A","psk":"B"}}""", """{"net":null}""", """{"net":5}""", "desired/net")]
    [InlineData("""{"net":{"ssid":"A"}}""", """{"net":{"ssid":"B"}}""", """{"net":{"psk":"B"}}""", null)] // Beside it.
    [InlineData("""{"keep":true}""", """{"net":{"ssid":"A"}}""", """{"other":1}""", null)]
    [InlineData("""{"net":{"ssid":"A"}}""", """{"net":null}""", """{"other":1}""", null)]
    public void Undo_takes_nothing_that_others_added_since(string before, string change, string since, string? conflict)
    {
        var first = After(Shadow.None, Desire(before));
        var done = Decide(first, Desire(change), Cloud).Value!;
        var undo = ShadowHistory.Undo(After(done.After, Desire(since)), ShadowEntry.Of(done, "alice", null)!, null);
        Assert.Equal(conflict is null ? null : $"{conflict} was changed again after version 2; undo the later change first, or set it.", undo.Problem?.Detail);

        static string Desire(string state) => $"{{\"state\":{{\"desired\":{state}}}}}";
    }

    [Fact]
    public void Documents_have_the_shapes_of_AWS_and_a_device_sees_neither_tags_nor_actors()
    {
        var request = ShadowGenerators.Request("""{"state":{"desired":{"on":true,"rgb":[1,2]},"tags":{"owner":"bob"}},"clientToken":"t1"}""");
        var change = ShadowUpdate.Decide(Shadow.None, request, Cloud, 1_700_000_000_500, ShadowLimits.Default).Value!;
        var shadow = Decide(change.After, """{"state":{"reported":{"on":false}}}""", Device, 1_700_000_001_000).Value!.After;
        Assert.Equal(
            """{"state":{"desired":{"on":true,"rgb":[1,2]},"reported":{"on":false},"delta":{"on":true,"rgb":[1,2]}},"metadata":{"desired":{"on":{"timestamp":1700000000},"rgb":[{"timestamp":1700000000},{"timestamp":1700000000}]},"reported":{"on":{"timestamp":1700000001}}},"version":2,"timestamp":1700000002,"clientToken":"t2"}""",
            Encoding.UTF8.GetString(ShadowDocument.Get(shadow, 1_700_000_002_000, "t2")));
        Assert.Equal(
            """{"version":2,"state":{"on":true,"rgb":[1,2]},"metadata":{"on":{"timestamp":1700000000},"rgb":[{"timestamp":1700000000},{"timestamp":1700000000}]},"timestamp":1700000001}""",
            Encoding.UTF8.GetString(ShadowDocument.Delta(shadow, null)!));
        Assert.DoesNotContain("bob", Encoding.UTF8.GetString(ShadowDocument.Documents(change, null)), StringComparison.Ordinal);
        Assert.Contains("\"tags\":{\"owner\":{\"timestamp\":1700000000,\"actor\":\"alice\"}}", Encoding.UTF8.GetString(ShadowDocument.Full(shadow)), StringComparison.Ordinal);
        Assert.Equal("""{"code":409,"message":"No.","version":7,"timestamp":1,"clientToken":"x"}""", Encoding.UTF8.GetString(ShadowDocument.Rejected(new Problem(ProblemKind.Conflict, "No."), 1000, "x", 7)));
    }

    [Theory]
    [InlineData("1", "1.0", true)]
    [InlineData("-0", "0.00", true)]
    [InlineData("100", "1e2", true)]
    [InlineData("[1,{\"a\":2.50}]", "[1.0,{\"a\":2.5}]", true)]
    [InlineData("1", "1.0000000000000000000000000000000001", false)]
    [InlineData("79228162514264337593543950335", "79228162514264337593543950336", false)] // Beyond a decimal.
    [InlineData("22.4", "22.41", false)]
    [InlineData("1", "\"1\"", false)]
    [InlineData("[1,2]", "[2,1]", false)]
    public void Numbers_count_by_value_and_a_change_to_the_same_value_is_none(string before, string after, bool same)
    {
        var shadow = After(Shadow.None, $"{{\"state\":{{\"reported\":{{\"a\":{before},\"b\":{{\"c\":1}}}}}}}}");
        var change = Decide(shadow, $"{{\"state\":{{\"reported\":{{\"a\":{after},\"b\":{{\"c\":1.0}}}}}}}}", Device).Value!;
        Assert.Equal(same, !change.HasChanged);
        Assert.Equal(same ? null : $"{{\"reported\":{{\"a\":{after}}}}}", ShadowEntry.Of(change, "device", null) is { } entry ? Encoding.UTF8.GetString(entry.Change.Write()) : null);
    }

    [Theory]
    [InlineData("[1e99999999999]", "[2e99999999999]")]
    [InlineData("1e-99999999999", "2e-99999999999")]
    public void What_was_kept_before_exponents_were_bounded_is_compared_and_read(string one, string other)
    {
        var kept = ShadowCodec.Read(Encoding.UTF8.GetBytes($"{{\"n\":1,\"t\":5,\"c\":1,\"d\":[1,{{\"a\":[{one},5,0],\"same\":[{one},5,0]}}],\"r\":[1,{{\"a\":[{other},5,0],\"same\":[{one},5,0]}}],\"a\":[\"alice\"]}}"));
        Assert.False(ShadowNode.SameValue(kept.Desired.Root, kept.Reported.Root));
        Assert.Equal($"{{\"a\":{one}}}", ShadowGenerators.Text(kept.Delta));
        Assert.Equal($"{{\"a\":{other}}}", ShadowGenerators.Text(ShadowMath.Between(kept.Desired.Root, kept.Reported.Root)));
        var entry = ShadowEntry.Of(Decide(kept, """{"state":{"desired":{"a":1,"same":2}}}""", Cloud).Value!, "alice", null)!;
        Assert.Equal($"{{\"desired\":{{\"a\":{one},\"same\":{one}}}}}", Encoding.UTF8.GetString(ShadowPatches.Read(entry.Back.Write()).Write()));
    }

    [Theory]
    [InlineData("1e-999999999", "2e-999999999")]
    [InlineData("[0e+999999999]", "[1e-999999999]")]
    [InlineData("1.00000000000000000000000000005e-999999999", "1e-999999999")]
    public void Numbers_with_the_greatest_exponents_that_are_taken_are_compared(string before, string after) =>
        Assert.NotNull(ShadowEntry.Of(Decide(After(Shadow.None, $"{{\"state\":{{\"desired\":{{\"a\":{before}}}}}}}"), $"{{\"state\":{{\"desired\":{{\"a\":{after}}}}}}}", Cloud).Value!, "alice", null));

    [Theory]
    [InlineData("shadow/get", "", ShadowAsk.Get)]
    [InlineData("shadow/name/a:b_c-1/update", "a:b_c-1", ShadowAsk.Update)]
    [InlineData("shadow/name/get/delete", "get", ShadowAsk.Delete)]
    [InlineData("shadow/name/delete", null, null)]
    [InlineData("shadow/name//get", null, null)]
    [InlineData("shadow/name/a b/get", null, null)]
    [InlineData("shadow/name/a/get/accepted", null, null)]
    [InlineData("shadow/get/", null, null)]
    [InlineData("shadow/update/accepted", null, null)]
    [InlineData("shadow", null, null)]
    [InlineData("shadows/get", null, null)]
    public void A_device_asks_on_the_topics_of_AWS(string topic, string? name, ShadowAsk? ask)
    {
        Assert.Equal(ask is not null, ShadowTopic.TryRead(topic, out var named, out var asked));
        if (ask is not null)
            Assert.Equal((name, ask), (named, asked));
    }

    private static byte[] Nested(int levels) =>
        Encoding.UTF8.GetBytes($"{{\"state\":{{\"desired\":{string.Concat(Enumerable.Repeat("{\"a\":", levels))}1{new string('}', levels)}}}}}");

    private static Outcome<ShadowChange> Decide(Shadow shadow, string json, ShadowAuthor author, long time = 1_000) => ShadowUpdate.Decide(shadow, ShadowGenerators.Request(json), author, time, ShadowLimits.Default);

    private static Shadow After(Shadow shadow, params string[] requests) =>
        requests.Aggregate(shadow, (now, json) => ShadowUpdate.Decide(now, ShadowGenerators.Request(json), Cloud, 1_000, ShadowLimits.Default).Value!.After);
}
