using CsCheck;
using Strata.Core.Updates.Blocks;

namespace Strata.Core.Tests.Updates;

/// <summary>Artifacts in blocks: whatever is lost, comes twice or in another order, in the end all of it is there.</summary>
public sealed class BlockTests
{
    [Fact]
    public void Whatever_is_lost_on_the_way_all_of_it_comes() => Gen.Select(Gen.Int[1, 3_000_000], Gen.Int[256, 65_536], Gen.Int[0, 95], Gen.Int).Sample((bytes, size, lost, seed) =>
    {
        var chance = new Random(seed);
        var map = new BlockMap(bytes, size);
        var whole = new bool[bytes];
        for (var turns = 0; map.Next() is { } next; turns++)
        {
            Assert.True(turns < 10_000, "it does not come to an end");
            var asked = BlockRequest.Parse(next.Write()).Value!;
            var sent = asked.Of(bytes).ToList();
            Assert.InRange(sent.Count, 1, Math.Max(1, BlockRequest.MostBytes / size));
            foreach (var number in sent.Concat(sent.Where(_ => chance.Next(4) == 0)).OrderBy(_ => chance.Next()).Where(_ => chance.Next(100) >= lost))
            {
                var length = (int)Math.Min(size, bytes - map.OffsetOf(number));
                var isNew = !whole[map.OffsetOf(number)];
                Assert.Equal(isNew, map.Take(number, length));
                whole.AsSpan((int)map.OffsetOf(number), length).Fill(true);
            }
        }
        Assert.True(map.IsWhole);
        Assert.DoesNotContain(false, whole);
    }, iter: 60);

    [Fact]
    public void A_block_that_is_none_of_the_artifact_s_is_nothing()
    {
        var map = new BlockMap(1_000, 300);
        Assert.False(map.Take(-1, 300));
        Assert.False(map.Take(4, 300));
        Assert.False(map.Take(3, 300));
        Assert.True(map.Take(3, 100));
        Assert.False(map.Take(3, 100));
        Assert.Equal([0, 1, 2], map.Next()!.Of(1_000));
    }

    [Fact]
    public void What_is_left_out_of_a_request_is_the_usual()
    {
        Assert.Equal(Enumerable.Range(0, 16), BlockRequest.Parse([]).Value!.Of(1 << 20));
        Assert.Equal([0, 1, 2, 3], BlockRequest.Parse("""{"size":65536}"""u8).Value!.Of(1 << 20));
        Assert.Equal([7, 9], BlockRequest.Parse("""{"size":256,"from":7,"count":8,"missing":"BQ=="}"""u8).Value!.Of(1 << 20));
        Assert.Equal([3], BlockRequest.Parse("""{"size":256,"from":3}"""u8).Value!.Of(1_000));
        Assert.Empty(BlockRequest.Parse("""{"from":2147483647}"""u8).Value!.Of(1_000));
    }

    [Theory]
    [InlineData("[]", "no JSON object")]
    [InlineData("{", "line 1")]
    [InlineData("{\"size\":255}", "'size' is 256 to 65536")]
    [InlineData("{\"size\":\"4096\"}", "'size' is 256 to 65536")]
    [InlineData("{\"from\":-1}", "'from' is the number of a block")]
    [InlineData("{\"count\":0}", "'count' is 1 to 1024")]
    [InlineData("{\"count\":9,\"missing\":\"AA==\"}", "2 bytes")]
    [InlineData("{\"count\":9,\"missing\":\"?\"}", "'missing' is base64")]
    [InlineData("{\"size\":65536,\"count\":5}", "asks for 5 blocks of 65536 bytes; at most 262144")]
    public void A_request_that_cannot_be_used_says_why(string text, string why) =>
        Assert.Contains(why, BlockRequest.Parse(System.Text.Encoding.UTF8.GetBytes(text)).Problem!.Detail, StringComparison.Ordinal);
}
