using System.Text;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Telemetry.Decoding;
using Strata.Core.Tenancy;

namespace Strata.Core.Tests.Telemetry;

public sealed class ValueTests
{
    private static readonly DeviceId Device = DeviceId.Parse("t-101");
    private static readonly MetricName Metric = MetricName.Parse("temperature");

    [Theory]
    [InlineData("t-101", true)]
    [InlineData("0", true)]
    [InlineData("urn:dev:ow:10e2", true)]
    [InlineData("a.b_c-d", true)]
    [InlineData("", false)]
    [InlineData("-a", false)]
    [InlineData("a b", false)]
    [InlineData("a/b", false)]
    [InlineData("a+", false)]
    [InlineData("é", false)]
    public void An_id_has_letters_digits_and_four_marks(string text, bool valid)
    {
        Assert.Equal(valid, DeviceId.TryParse(text, out var id));
        Assert.Equal(valid, GatewayId.TryParse(text, out _));
        Assert.Equal(valid, TenantId.TryParse(text, out _));
        Assert.Equal(valid ? text : "", id.Value);
        if (!valid)
            Assert.Throws<FormatException>(() => DeviceId.Parse(text));
    }

    [Fact]
    public void An_id_has_at_most_128_characters_and_its_case_counts()
    {
        Assert.True(DeviceId.TryParse(new string('a', 128), out _));
        Assert.False(DeviceId.TryParse(new string('a', 129), out _));
        Assert.NotEqual(DeviceId.Parse("a"), DeviceId.Parse("A"));
        Assert.True(MetricName.TryParse("a b", out _));
        Assert.False(MetricName.TryParse(" a", out _));
    }

    [Fact]
    public void A_place_holds_those_below_it()
    {
        var floor = SiteId.Parse("hq/floor-1");
        Assert.True(floor.Contains(SiteId.Parse("hq/floor-1/east")));
        Assert.True(floor.Contains(floor));
        Assert.False(floor.Contains(SiteId.Parse("hq/floor-10")));
        Assert.Equal(("floor-1", 2, SiteId.Parse("hq")), (floor.Name, floor.Depth, floor.Parent));
        Assert.Null(SiteId.Parse("hq").Parent);
        Assert.Equal("hq/floor-1/east", floor.Child("east").Value);
        Assert.All(new[] { "", "/hq", "hq/", "hq//a", string.Join('/', Enumerable.Repeat("a", 17)) }, text => Assert.False(SiteId.TryParse(text, out _)));
    }

    [Fact]
    public void A_message_is_kept_whole_or_not_at_all()
    {
        var batch = new ReadingBatch();
        for (var i = 0; i < 100; i++)
        {
            batch.BeginMessage();
            batch.Add(Device, Metric, i, i);
            batch.Add(Device, Metric, i, "text");
            if (i % 2 == 0)
                Assert.Equal(i / 2, batch.EndMessage(new SourceStamp("t-101", "s", i)));
            else
                batch.AbandonMessage();
        }
        Assert.Equal((100, 50), (batch.Count, batch.MessageCount));
        Assert.Equal(new BatchMessage(4, 2, new SourceStamp("t-101", "s", 4)), batch.Messages[2]);
        Assert.Equal(new Reading(Device, Metric, 4, ReadingValue.OfText("text")), batch[5]);
        batch.Clear();
        Assert.Equal((0, 0), (batch.Count, batch.MessageCount));
        batch.BeginMessage();
        Assert.Throws<InvalidOperationException>(batch.BeginMessage);
        Assert.Equal(0, batch.EndMessage());
        Assert.Throws<InvalidOperationException>(() => batch.EndMessage());
    }

    [Fact]
    public void Times_are_plausible_from_2000_to_five_minutes_ahead()
    {
        var now = EventTime.From(new DateTimeOffset(2023, 1, 17, 3, 0, 0, TimeSpan.Zero));
        Assert.Equal(1_673_924_400_000_000, now);
        Assert.Equal(now, EventTime.From(EventTime.ToDateTimeOffset(now)));
        Assert.True(EventTime.IsPlausible(EventTime.Earliest, now));
        Assert.False(EventTime.IsPlausible(EventTime.Earliest - 1, now));
        Assert.True(EventTime.IsPlausible(now + 300_000_000, now));
        Assert.False(EventTime.IsPlausible(now + 300_000_001, now));
    }

    [Fact]
    public void A_flood_of_names_is_decoded_right_and_the_table_stays_bounded()
    {
        var table = new InternTable(16);
        var names = Enumerable.Range(0, 1000).Select(i => Encoding.UTF8.GetBytes($"name-{i}")).ToArray();
        foreach (var name in names)
            table.Add(name, InternTable.Hash(name), Encoding.UTF8.GetString(name));
        var found = names.Select(n => (Name: Encoding.UTF8.GetString(n), Text: table.Find(n, InternTable.Hash(n)))).Where(f => f.Text is not null).ToArray();
        Assert.InRange(found.Length, 1, 16);
        Assert.All(found, f => Assert.Equal(f.Name, f.Text));
        Assert.All(Enumerable.Range(1, 40), length => Assert.Equal(InternTable.Hash(new byte[length]), InternTable.Hash(new byte[length])));
    }

    [Fact]
    public void Limits_out_of_range_are_found()
    {
        Assert.Empty(PayloadLimits.Default.Validate());
        Assert.Equal(5, new PayloadLimits { MaxDepth = 0, MaxBytes = 0, MaxReadings = 0, MaxNameLength = 129, MaxTextBytes = -1 }.Validate().Count());
    }
}
