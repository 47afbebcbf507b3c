using System.Text.Json.Nodes;
using CsCheck;
using Strata.Core.Shadows;

namespace Strata.Core.Tests.Shadows;

public sealed class ShadowProperties
{
    private static readonly ShadowAuthor Cloud = new("alice", IsDevice: false);

    [Fact]
    public void Any_sequence_of_patches_gives_what_a_naive_merge_gives() =>
        ShadowGenerators.Object(4, nulls: true).List[1, 8].Sample(patches =>
        {
            var (state, model) = (ShadowObject.Empty, new JsonObject());
            foreach (var patch in patches)
            {
                state = ShadowMath.Merge(state, ShadowGenerators.Patch(patch), 1, "test");
                model = NaiveShadow.Merge(model, (JsonObject)JsonNode.Parse(patch)!);
            }
            return ShadowGenerators.Same(state, model);
        });

    [Fact]
    public void The_delta_is_what_a_naive_comparison_finds_and_reporting_it_leaves_none() =>
        Gen.Select(ShadowGenerators.Object(3, nulls: false), ShadowGenerators.Object(3, nulls: false)).Sample((desired, reported) =>
        {
            var (wanted, there) = (ShadowGenerators.State(desired), ShadowGenerators.State(reported));
            var delta = ShadowMath.Missing(wanted, there);
            Assert.True(ShadowGenerators.Same(delta, NaiveShadow.Delta((JsonObject)JsonNode.Parse(ShadowGenerators.Text(wanted))!, (JsonObject)JsonNode.Parse(ShadowGenerators.Text(there))!)));
            Assert.True(ShadowMath.Missing(wanted, ShadowMath.Merge(there, delta, 2, "device")).IsEmpty);
        });

    [Fact]
    public void The_patch_between_two_states_makes_the_one_of_the_other() =>
        Gen.Select(ShadowGenerators.Object(4, nulls: false), ShadowGenerators.Object(4, nulls: false)).Sample((one, other) =>
        {
            var (from, to) = (ShadowGenerators.State(one), ShadowGenerators.State(other));
            return ShadowNode.SameValue(ShadowMath.Merge(from, ShadowMath.Between(from, to), 2, "test"), to);
        });

    [Fact]
    public void A_patch_that_comes_twice_or_whose_whole_tail_comes_again_changes_nothing_more() =>
        Gen.Select(ShadowGenerators.Object(3, nulls: true).List[1, 6], Gen.Int[0, 5]).Sample((patches, from) =>
        {
            var once = Apply(ShadowObject.Empty, patches);
            // As MQTT redelivers: everything from the first unacknowledged message on, in its order.
            return ShadowNode.SameValue(Apply(once, patches.Skip(from)), once);
        });

    [Fact]
    public void Patches_of_different_fields_give_the_same_in_any_order() =>
        Gen.Select(Gen.Shuffle(new[] { 0, 1, 2, 3 }), ShadowGenerators.Object(3, nulls: true).Array[4]).Sample((order, bodies) =>
        {
            var patches = bodies.Select((body, i) => $"{{\"field{i}\":{{\"in\":{body}}}}}").ToList();
            return ShadowNode.SameValue(Apply(ShadowObject.Empty, patches), Apply(ShadowObject.Empty, order.Select(i => patches[i])));
        });

    [Fact]
    public void Of_requests_that_say_their_version_each_is_taken_once_and_in_order_however_they_arrive() =>
        Gen.Int[0, 5].List[1, 30].Sample(arrivals =>
        {
            var (shadow, taken) = (Shadow.None, new List<int>());
            foreach (var version in arrivals)
            {
                var decided = ShadowUpdate.Decide(shadow, ShadowGenerators.Request($"{{\"state\":{{\"desired\":{{\"n\":{version}}}}},\"version\":{version}}}"), Cloud, 1, ShadowLimits.Default);
                Assert.Equal(version == shadow.Version, decided.IsOk);
                if (!decided.IsOk)
                    Assert.Equal(ProblemKind.Conflict, decided.Problem.Kind);
                else
                {
                    shadow = decided.Value.After;
                    taken.Add(version);
                }
            }
            Assert.Equal(Enumerable.Range(0, taken.Count), taken);
        });

    [Fact]
    public void What_is_kept_is_read_as_it_was() =>
        Gen.Select(ShadowGenerators.Object(4, nulls: false), ShadowGenerators.Object(4, nulls: false), Generators.AnyOf("alice", "\"a\":[", "ö\\")).Sample((desired, reported, actor) =>
        {
            var shadow = Updated(Updated(Shadow.None, $"{{\"state\":{{\"desired\":{desired},\"tags\":{{\"t\":1}}}}}}", new ShadowAuthor(actor, false), 1_000), $"{{\"state\":{{\"reported\":{reported}}}}}", new ShadowAuthor("device", true), 2_000);
            var read = ShadowCodec.Read(ShadowCodec.Write(shadow));
            Assert.Equal(ShadowCodec.Write(shadow), ShadowCodec.Write(read));
            Assert.True(ShadowNode.SameValue(shadow.Desired.Root, read.Desired.Root));
            Assert.All(ShadowMath.Leaves(read.Desired.Root), l => Assert.Equal((actor, 1_000L), (l.Leaf.Actor, l.Leaf.Time)));
            Assert.Equal((shadow.Version, shadow.Changes, shadow.Time, shadow.Reported.Version), (read.Version, read.Changes, read.Time, read.Reported.Version));
        });

    [Fact]
    public void The_size_that_is_limited_is_that_of_the_compact_text() =>
        ShadowGenerators.Object(4, nulls: false).Sample(json =>
        {
            // Names with characters that JSON escapes count without the escapes.
            var shadow = Updated(Shadow.None, $"{{\"state\":{{\"desired\":{json}}}}}", Cloud, 1);
            return ShadowCodec.SizeOf(shadow) - 4 == System.Text.Encoding.UTF8.GetByteCount(Written(shadow.Desired.Root));
        });

    [Fact]
    public void Going_back_through_the_history_gives_every_state_there_was() =>
        Gen.Select(Generators.AnyOf("desired", "reported", "tags"), ShadowGenerators.Object(3, nulls: true)).List[1, 8].Sample(updates =>
        {
            var (states, entries) = (new List<Shadow> { Shadow.None }, new List<ShadowEntry>());
            foreach (var (part, patch) in updates)
            {
                var request = ShadowGenerators.Request($"{{\"state\":{{\"{part}\":{patch}}}}}");
                var change = ShadowUpdate.Decide(states[^1], request, Cloud, 1, ShadowLimits.Default).Value!;
                states.Add(change.After);
                if (ShadowEntry.Of(change, "alice", null) is { } entry)
                    entries.Insert(0, entry with { Back = ShadowPatches.Read(entry.Back.Write()), Change = ShadowPatches.Read(entry.Change.Write()) });
            }
            foreach (var state in states)
            {
                var back = ShadowHistory.Before(states[^1], entries.Where(e => e.Version > state.Version), state.Version, state.Time);
                Assert.True(ShadowNode.SameValue(state.Desired.Root, back.Desired.Root) && ShadowNode.SameValue(state.Reported.Root, back.Reported.Root) && ShadowNode.SameValue(state.Tags.Root, back.Tags.Root));
                Assert.Equal(state.IsDeleted, back.IsDeleted);
            }
        });

    /// <summary>Some updates change nothing, and how many changes are kept is set anew now and then.</summary>
    [Fact]
    public void The_last_changes_are_found_without_a_gap_in_a_ring_of_whatever_size() =>
        Gen.Select(Gen.Int[1, 40], Gen.Int[0, 150], Gen.Int[1, 3]).List[1, 5].Sample(times =>
        {
            var (rows, shadow, fewest) = (new Dictionary<long, ShadowEntry>(), Shadow.None, int.MaxValue);
            foreach (var (kept, updates, every) in times)
            {
                fewest = Math.Min(fewest, kept);
                for (var i = 0; i < updates; i++)
                {
                    var request = ShadowGenerators.Request($"{{\"state\":{{\"reported\":{{\"n\":{shadow.Version / every}}}}}}}");
                    var change = ShadowUpdate.Decide(shadow, request, Cloud, 1, ShadowLimits.Default).Value!;
                    shadow = change.After;
                    if (ShadowEntry.Of(change, "device", null) is not { } entry)
                        continue;
                    var place = ShadowHistory.PlaceOf(entry.Number, kept);
                    Assert.InRange(place, 0, (2 * kept) - 2); // However many came.
                    rows[place] = entry;
                }
                var found = ShadowHistory.UpTo(shadow, ShadowHistory.PlacesOf(shadow, kept).Where(rows.ContainsKey).Select(place => rows[place]), kept);
                Assert.Equal(Enumerable.Range(0, found.Count).Select(i => shadow.Changes - i), found.Select(e => e.Number));
                Assert.InRange(found.Count, Math.Min(fewest, shadow.Changes), kept);
            }
        });

    [Fact]
    public void Changes_that_were_kept_by_their_version_are_found_after_those_that_are_counted()
    {
        Assert.Equal(60, ShadowCodec.Read("""{"n":60,"t":1,"r":[60,{"a":[1,1,0]}],"a":["device"]}"""u8).Changes); // So the next is kept at 61, over none of those.
        var shadow = Shadow.None with { Version = 63, Changes = 62 };
        ShadowEntry[] rows = [Entry(63, 62), Entry(62, 61), Entry(60, 0), Entry(20, 0), Entry(64, 63), Entry(1, 0)];
        Assert.Subset(ShadowHistory.PlacesOf(shadow with { Version = 500 }, 100).ToHashSet(), new HashSet<long> { 62, 61, 60, 20, 1 }); // Whatever came since that changed nothing.
        Assert.Contains(70_000, ShadowHistory.PlacesOf(shadow with { Version = 70_010, Changes = 70_010 }, 100));
        Assert.Equal([63, 62, 60, 20, 1], ShadowHistory.UpTo(shadow, rows, 100).Select(e => e.Version));
        Assert.Equal([63, 62, 60], ShadowHistory.UpTo(shadow, rows, 3).Select(e => e.Version));
        Assert.Equal([63], ShadowHistory.UpTo(shadow, [Entry(63, 62), Entry(61, 60)], 100).Select(e => e.Version)); // What is beyond one that is missing leads to no state.

        static ShadowEntry Entry(long version, long number) => new(version, number, version, "alice", null, ShadowPatches.Between(Shadow.None, Shadow.None), ShadowPatches.Between(Shadow.None, Shadow.None));
    }

    private static ShadowObject Apply(ShadowObject state, IEnumerable<string> patches) =>
        patches.Aggregate(state, (now, patch) => ShadowMath.Merge(now, ShadowGenerators.Patch(patch), 1, "test"));

    private static Shadow Updated(Shadow shadow, string json, ShadowAuthor author, long time)
    {
        var decided = ShadowUpdate.Decide(shadow, ShadowGenerators.Request(json), author, time, ShadowLimits.Default);
        Assert.True(decided.IsOk, decided.Problem?.Detail);
        return decided.Value.After;
    }

    private static string Written(ShadowObject root)
    {
        using var buffer = new MemoryStream();
        using (var writer = new System.Text.Json.Utf8JsonWriter(buffer, new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            ShadowCodec.WriteState(writer, root);
        return System.Text.Encoding.UTF8.GetString(buffer.ToArray());
    }
}
