using Strata.Core.Architecture;
using Strata.Core.Dataflow;

namespace Strata.Core.Tests.Dataflow;

public sealed class BooksTests
{
    [Fact]
    public void Books_balance_when_every_reading_is_in_one_place()
    {
        var books = new Books(100, 80, 12, 5, 2, 1) + new Books(10, 10, 0, 0, 0, 0);
        Assert.True(books.Balance);
        Assert.Equal(110, books.Accounted);
        Assert.Empty(books.Flaws());
        Assert.True(default(Books).Balance);
    }

    [Fact]
    public void Missing_readings_are_said_with_the_figure()
    {
        var books = new Books(100, 80, 12, 5, 0, 0);
        Assert.False(books.Balance);
        Assert.Equal(3, books.Unexplained);
        Assert.Equal("3 of 100 readings are not accounted for: suppressed 80 + aggregated 12 + stored 5 + waiting 0 + lost 0 = 97.", Assert.Single(books.Flaws()));
    }

    [Fact]
    public void Readings_counted_twice_and_impossible_counts_are_said()
    {
        Assert.StartsWith("2 readings are counted twice", Assert.Single(new Books(10, 12, 0, 0, 0, 0).Flaws()), StringComparison.Ordinal);
        var impossible = new Books(10, 12, 0, 0, -2, 0);
        Assert.Equal(0, impossible.Unexplained);
        Assert.False(impossible.Balance);
        Assert.Equal("waiting is -2; a count cannot be negative.", Assert.Single(impossible.Flaws()));
    }

    [Fact]
    public void A_reduction_is_the_share_that_did_not_go_on()
    {
        Assert.Equal(0.92, Books.Reduction(60_000, 4_800)!.Value, 1e-12);
        Assert.Null(Books.Reduction(0, 0));
    }

    [Fact]
    public void Hops_say_what_happened_and_on_which_level()
    {
        Assert.Equal("sampled, suppressed 12 before it", Hop.Sampled("t-101", 1, 2, 12).What);
        Assert.Equal("sampled", Hop.Sampled("t-101", 1, 2, 0).What);
        Assert.Equal("windowed with 59 others of floor-1", Hop.Windowed("gw", 1, null, "floor-1", 59).What);
        Assert.Equal("forwarded as entry 17", Hop.Forwarded("gw", 1, 2, 17).What);
        Assert.Equal((Tier.Cloud, ReferenceLevel.DataAccumulation), (Hop.Committed(Tier.Cloud, "cloud", 1, 2).Tier, Hop.Committed(Tier.Cloud, "cloud", 1, 2).Level));
        Assert.Equal(ReferenceLevel.DataAbstraction, Hop.Visible(Tier.Fog, "gw", 1).Level);
    }
}
