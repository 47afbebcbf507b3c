using System.Text;
using Strata.Core.Architecture;
using Strata.Core.Provisioning;

namespace Strata.Core.Tests.Provisioning;

public sealed class MountingRuleTests
{
    [Theory]
    [InlineData(null, null, MountingStep.Place)]
    [InlineData("hq", null, MountingStep.Place)] // Its building is known, now its zone is.
    [InlineData("hq/floor-1/east", null, MountingStep.Stay)]
    [InlineData("hq/floor-1/west", null, MountingStep.Conflict)]
    [InlineData("hq/floor-1/west", "hq/floor-1/west", MountingStep.Place)]
    [InlineData("hq/floor-1/west", "hq/floor-1/north", MountingStep.Conflict)] // It has moved once more.
    [InlineData("hq/floor-1/east/rack", null, MountingStep.Conflict)] // Somebody knows better where it is.
    [InlineData("hq/floor-1/eas", null, MountingStep.Conflict)]
    public void A_device_that_somebody_else_placed_stays_unless_that_is_known(string? now, string? replaces, MountingStep step) =>
        Assert.Equal(step, MountingRule.Decide(Of(now), SiteId.Parse("hq/floor-1/east"), Of(replaces)));

    [Fact]
    public void A_picture_is_known_by_its_bytes()
    {
        Assert.Equal("image/jpeg", PhotoFormat.Of([0xFF, 0xD8, 0xFF, 0xE0]));
        Assert.Equal("image/png", PhotoFormat.Of([0x89, .. "PNG\r\n\u001a\n"u8]));
        Assert.Equal("image/webp", PhotoFormat.Of("RIFF\0\0\0\0WEBPVP8 "u8));
        foreach (var other in new[] { "", "<svg xmlns=", "<html>", "GIF89a", "RIFF\0\0\0\0WAVE", "%PDF-1.7" })
            Assert.Null(PhotoFormat.Of(Encoding.ASCII.GetBytes(other)));
    }

    private static SiteId? Of(string? path) => path is null ? null : SiteId.Parse(path);
}
