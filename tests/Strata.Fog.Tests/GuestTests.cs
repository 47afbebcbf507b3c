using Strata.Core.Metering;
using Strata.Fog.Served;

namespace Strata.Fog.Tests;

/// <summary>How the guests of a gateway are given, and what a share is.</summary>
public sealed class GuestTests
{
    [Fact]
    public void A_guest_is_read_in_any_order()
    {
        Assert.Equal(new FogGuest("mill", 30, "garage/a", "t0ken", "gw-2"), FogGuest.Parse("mill,share=30,site=garage/a,join-token=t0ken,id=gw-2"));
        Assert.Equal(new FogGuest("mill", 12.5), FogGuest.Parse("mill, share=12.5%"));
    }

    [Theory]
    [InlineData("mill", "share is 0")]
    [InlineData("mill,share=99.5,join-token=SECRET", "share is 99.5")]
    [InlineData("mill,share=many,join-token=SECRET", "'many'")]
    [InlineData("mill,share=NaN", "NaN")]
    [InlineData("mill,share=10,site=a b/,join-token=SECRET", "'a b/'")]
    [InlineData("mill,share=10,join-token=", "'join-token' has no value")]
    [InlineData("mill,join-token=SECRET,shair=10", "'shair' is not known")]
    [InlineData("../mill,share=10", "name")]
    [InlineData(",share=10,join-token=SECRET", "name")]
    public void What_is_wrong_is_said_without_the_token(string text, string said)
    {
        var wrong = Assert.Throws<FogConfigurationException>(() => FogGuest.Parse(text));
        Assert.Contains(said, wrong.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("SECRET", wrong.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mill=30 works=69.5", "99.5 %")]
    [InlineData("mill=10 mill=10", "twice")]
    public void Guests_that_do_not_fit_together_are_refused(string guests, string said)
    {
        var options = Options(guests.Split(' ').Select(g => new FogGuest(g.Split('=')[0], double.Parse(g.Split('=')[1], System.Globalization.CultureInfo.InvariantCulture))));
        Assert.Contains(said, Assert.Throws<FogConfigurationException>(options.Validate).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_share_is_its_part_of_every_bound()
    {
        var options = Options([new FogGuest("mill", 30)]);
        var guest = CapacityShare.Of(options, 30);
        var own = CapacityShare.OwnOf(options);
        Assert.Equal((600L, 3_000L, 30L << 20, 60L << 20, 600.0), (guest.Quotas.Connections, guest.Quotas.MessagesPerSecond, guest.BacklogBytes, guest.StoreBytes, guest.DrainRate));
        Assert.Equal((1_400L, 7_000L, 70L << 20, 140L << 20, 1_400.0), (own.Quotas.Connections, own.Quotas.MessagesPerSecond, own.BacklogBytes, own.StoreBytes, own.DrainRate));
        Assert.InRange(guest.Quotas.BytesPerSecond!.Value + own.Quotas.BytesPerSecond!.Value, options.MaxBytesPerSecond - 1, options.MaxBytesPerSecond);
    }

    [Fact]
    public void A_gateway_without_guests_is_bounded_as_a_whole_only() =>
        Assert.Equal(new CapacityShare(100, Quotas.Unlimited, 200L << 20, 100L << 20, 2_000), CapacityShare.OwnOf(Options([])));

    private static FogOptions Options(IEnumerable<FogGuest> guests) => new()
    {
        DataFolder = "fog", Cloud = new Uri("http://127.0.0.1:1"), Guests = [.. guests], MaxMqttConnections = 2_000, MaxStoreBytes = 200L << 20, MaxBacklogBytes = 100L << 20,
    };
}
