using Strata.Core.Architecture;

namespace Strata.Core.Tests.Architecture;

public sealed class ArchitectureValueTests
{
    [Fact]
    public void The_seven_levels_have_their_names()
    {
        Assert.Equal(7, ReferenceLevels.All.Count);
        Assert.Equal("Physical devices and controllers", ReferenceLevels.All[0].Name());
        Assert.Equal("Edge (fog) computing", ReferenceLevel.EdgeComputing.Name());
        Assert.Equal("Collaboration and processes", ReferenceLevels.All[6].Name());
        Assert.Throws<ArgumentOutOfRangeException>(() => ((ReferenceLevel)8).Name());
        Assert.Equal(["edge", "fog", "cloud"], Enum.GetValues<Tier>().Select(t => t.Word()));
    }

    [Fact]
    public void A_kind_of_place_is_a_known_word_or_an_own_one()
    {
        Assert.Equal(SiteKind.Floor, SiteKind.Parse("Floor"));
        Assert.Equal("greenhouse", SiteKind.Parse("greenhouse").ToString());
        Assert.Equal(SiteKind.Site, default);
        Assert.Equal(SiteKind.Site.GetHashCode(), default(SiteKind).GetHashCode());
        Assert.Equal(SiteKind.WellKnown.Count, SiteKind.WellKnown.Distinct().Count());
        Assert.False(SiteKind.TryParse("two words", out _));
        Assert.Throws<FormatException>(() => SiteKind.Parse(new string('x', 33)));
    }
}
