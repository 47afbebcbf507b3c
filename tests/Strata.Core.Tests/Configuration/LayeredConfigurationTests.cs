using System.Text.Json.Nodes;
using CsCheck;
using Strata.Core.Configuration;
using Strata.Core.Shadows;
using Strata.Core.Tests.Shadows;

namespace Strata.Core.Tests.Configuration;

public sealed class LayeredConfigurationTests
{
    [Fact]
    public void Each_value_is_that_of_the_strongest_layer_that_says_it_and_tells_where_it_comes_from()
    {
        var layers = LayeredConfiguration.Of(
            [
                Layer("device/d-1", """{"led":null}"""), Layer("site/hq", """{"interval":60}"""), Layer("site/hq/floor-1", """{"interval":30}"""), Layer("site/other", """{"interval":1}"""),
                Layer("tenant", """{"interval":300,"led":true,"limits":{"low":5,"high":40}}"""), Layer("group/weak", """{"interval":900,"limits":{"low":10}}"""), Layer("group/strong", """{"interval":1}"""), Layer("device/d-2", "{}"),
            ],
            "d-1", "hq/floor-1", new HashSet<string> { "weak" });
        Assert.Equal(["tenant", "group/weak", "site/hq", "site/hq/floor-1", "device/d-1"], layers.Select(l => l.Id.ToString()));
        var effective = LayeredConfiguration.Merge(layers);
        Assert.Equal("""{"interval":30,"limits":{"high":40,"low":10}}""", ShadowGenerators.Text(effective.Root));
        Assert.Equal(
            ["/interval=site/hq/floor-1<site/hq,group/weak,tenant", "/led=device/d-1<tenant", "/limits/high=tenant<", "/limits/low=group/weak<tenant"],
            effective.Origins.Select(o => $"{o.Path}={o.Layer}<{string.Join(',', o.Covers)}"));
        Assert.Null(effective.Origins.Single(o => o.Path == "/led").Value);
    }

    [Fact]
    public void Layers_come_to_what_merging_them_one_by_one_comes_to_and_every_value_has_an_origin() =>
        ShadowGenerators.Object(3, nulls: true).List[1, 5].Sample(contents =>
        {
            var effective = LayeredConfiguration.Merge([.. contents.Select((c, i) => Layer($"group/g{i}", c))]);
            var model = contents.Aggregate(new JsonObject(), (now, c) => NaiveShadow.Merge(now, (JsonObject)JsonNode.Parse(c)!));
            Assert.True(ShadowGenerators.Same(effective.Root, model));
            var origins = effective.Origins.Where(o => o.Value is not null).ToDictionary(o => o.Path);
            foreach (var (path, leaf) in ShadowMath.Leaves(effective.Root))
            {
                Assert.True(ShadowNode.SameValue(leaf, origins[path].Value));
                Assert.Equal(leaf.Actor, origins[path].Layer.ToString());
            }
        });

    [Fact]
    public void A_layer_that_a_rollout_took_from_a_device_says_nothing_and_is_named()
    {
        var gone = Layer("site/hq", "{}") with { Rollout = "r1", IsGone = true };
        var layers = LayeredConfiguration.Of(LayeredConfiguration.With([Layer("site/hq", """{"interval":60,"limit":5}"""), Layer("tenant", """{"interval":300}""")], gone), "d-1", "hq", new HashSet<string>());
        var effective = LayeredConfiguration.Merge(layers);
        Assert.Equal(["/interval=300 tenant "], effective.Origins.Select(o => $"{o.Path}={System.Text.Encoding.UTF8.GetString(o.Value!.Json.Span)} {o.Layer} {o.Rollout}"));
        Assert.Equal("without site/hq (rollout r1)", Assert.Single(effective.Gone).ToString());
        Assert.Empty(LayeredConfiguration.Merge([Layer("site/hq", "{}")]).Gone);
    }

    [Fact]
    public void What_a_rollout_gave_a_device_stands_in_place_of_what_the_layer_says_and_its_values_say_so()
    {
        var staged = Layer("site/hq", """{"interval":10,"led":true}""") with { Rollout = "r1" };
        var layers = LayeredConfiguration.Of(LayeredConfiguration.With([Layer("site/hq", """{"interval":60,"limit":5}"""), Layer("device/d-1", """{"led":false}"""), Layer("tenant", """{"interval":300}""")], staged), "d-1", "hq", new HashSet<string>());
        Assert.Equal(["tenant", "site/hq", "device/d-1"], layers.Select(l => l.Id.ToString()));
        Assert.Equal(["/interval=10 r1", "/led=false "], LayeredConfiguration.Merge(layers).Origins.Select(o => $"{o.Path}={System.Text.Encoding.UTF8.GetString(o.Value!.Json.Span)} {o.Rollout}"));
        // Also where the layer is not there yet.
        Assert.Equal("r1", Assert.Single(LayeredConfiguration.Merge([.. LayeredConfiguration.With([], staged)]).Origins, o => o.Path == "/led").Rollout);
    }

    [Theory]
    [InlineData("tenant", true)]
    [InlineData("site/hq/floor-1", true)]
    [InlineData("device/a:b", true)]
    [InlineData("tenant/x", false)]
    [InlineData("site/", false)]
    [InlineData("building/x", false)]
    [InlineData("", false)]
    public void A_layer_is_named_by_what_it_is_of(string text, bool good)
    {
        Assert.Equal(good, LayerId.TryParse(text, out var id));
        if (good)
            Assert.Equal(text, id.ToString());
    }

    [Fact]
    public void A_layer_s_name_has_an_end()
    {
        Assert.True(LayerId.TryParse("site/" + new string('a', LayerId.MaxLength - 5), out _));
        Assert.False(LayerId.TryParse("site/" + new string('a', LayerId.MaxLength - 4), out _));
    }

    private static ConfigurationLayer Layer(string id, string content) => new(LayerId.TryParse(id, out var parsed) ? parsed : throw new FormatException(id), ShadowGenerators.Patch(content));
}
