using Strata.Core.Architecture;
using Strata.Core.Provisioning;

namespace Strata.Core.Tests.Provisioning;

public sealed class LabelCodeTests
{
    [Theory]
    [InlineData("strata:acme/b7-000001", "acme", "b7-000001", null)]
    [InlineData("strata-place:acme/hq/floor-1/east", "acme", null, "hq/floor-1/east")]
    [InlineData("https://iot.example.com/install/?device=b7-000001", null, "b7-000001", null)]
    [InlineData("https://iot.example.com:8443/install/?device=SN%2F17%20a", null, "SN/17 a", null)]
    [InlineData("https://iot.example.com/install/?place=hq%2Ffloor-1", null, null, "hq/floor-1")]
    [InlineData("https://maker.example/u/SN-17", null, "SN-17", null)]
    [InlineData("  b7-000001 ", null, "b7-000001", null)]
    public void A_label_is_read(string text, string? tenant, string? device, string? place)
    {
        Assert.True(LabelCode.TryParse(text, out var code));
        Assert.Equal((tenant, device, place), (code.Tenant, code.Device, code.Place?.Value));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("   ")]
    [InlineData("a\tb")]
    [InlineData("strata:acme")]
    [InlineData("strata:acme/")]
    [InlineData("strata:/x")]
    [InlineData("strata-place:acme/not a place")]
    [InlineData("https://iot.example.com/install/?place=..")]
    [InlineData("https://iot.example.com/")]
    public void What_names_nothing_is_no_label(string? text) => Assert.False(LabelCode.TryParse(text, out _));

    [Fact]
    public void A_text_that_is_too_long_is_no_label() => Assert.False(LabelCode.TryParse(new string('x', LabelCode.MaxLength + 1), out _));

    [Theory]
    [InlineData(null)]
    [InlineData("https://iot.example.com:8443/")]
    public void What_is_written_on_a_label_is_read_from_it(string? host)
    {
        var address = host is null ? null : new Uri(host);
        Assert.True(LabelCode.TryParse(LabelCode.OfDevice("acme", "SN 1/7&x=ü", address), out var device));
        Assert.Equal("SN 1/7&x=ü", device.Device);
        Assert.True(LabelCode.TryParse(LabelCode.OfPlace("acme", SiteId.Parse("hq/floor-1"), address), out var place));
        Assert.Equal("hq/floor-1", place.Place?.Value);
    }
}
