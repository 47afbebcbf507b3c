using System.Net;
using Microsoft.Extensions.Time.Testing;
using Strata.Node.Identity;

namespace Strata.Node.Tests.Identity;

/// <summary>A certificate that two devices have shows by going back and forth; one that moves does not.</summary>
public sealed class CertificateSightingsTests
{
    private readonly FakeTimeProvider clock = new();
    private readonly CertificateSightings sightings;
    private readonly IPAddress one = IPAddress.Parse("192.0.2.1");
    private readonly IPAddress other = IPAddress.Parse("192.0.2.2");

    public CertificateSightingsTests() => sightings = new CertificateSightings(clock, capacity: 20);

    [Fact]
    public void Back_and_forth_within_a_day_was_copied_and_a_move_was_not()
    {
        sightings.Note("i", "1", one);
        sightings.Note("i", "1", one);
        clock.Advance(TimeSpan.FromHours(1));
        sightings.Note("i", "1", other);
        Assert.Null(sightings.TwoAddresses("i", "1"));
        clock.Advance(TimeSpan.FromHours(1));
        sightings.Note("i", "1", one);
        Assert.Equal((one, other), (sightings.TwoAddresses("i", "1")!.Value.One, sightings.TwoAddresses("i", "1")!.Value.Other));
        Assert.Null(sightings.TwoAddresses("i", "2"));
        clock.Advance(TimeSpan.FromDays(2));
        Assert.Null(sightings.TwoAddresses("i", "1"));
        sightings.Note("i", "1", other); // Back after two days: it may have moved.
        Assert.Null(sightings.TwoAddresses("i", "1"));
    }

    [Fact]
    public void No_more_are_remembered_than_there_is_room_for()
    {
        for (var i = 0; i < 100; i++)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            sightings.Note("i", $"{i}", one);
            sightings.Note("i", $"{i}", other);
            sightings.Note("i", $"{i}", one);
        }
        Assert.InRange(Enumerable.Range(0, 100).Count(i => sightings.TwoAddresses("i", $"{i}") is not null), 10, 20);
        Assert.NotNull(sightings.TwoAddresses("i", "99"));
    }
}
