using System.Text;
using Strata.Core.Maintenance;

namespace Strata.Core.Tests.Maintenance;

public sealed class CalendarFeedTests
{
    [Fact]
    public void Text_is_escaped_and_long_lines_are_folded_without_cutting_a_character()
    {
        var start = new DateTimeOffset(2026, 12, 1, 8, 0, 0, TimeSpan.Zero);
        var title = string.Concat(Enumerable.Repeat("Zähler; prüfen, bitte\\n", 8));
        var text = CalendarFeed.Write("acme", [new CalendarEntry("w-1", start, start.AddHours(1), title, "hq/floor-1", "first\nsecond", start)]);
        var lines = text.Split("\r\n");
        Assert.All(lines, l => Assert.True(Encoding.UTF8.GetByteCount(l) <= 75, l));
        var unfolded = text.Replace("\r\n ", "", StringComparison.Ordinal);
        Assert.Contains("SUMMARY:" + title.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(";", "\\;", StringComparison.Ordinal).Replace(",", "\\,", StringComparison.Ordinal) + "\r\n", unfolded, StringComparison.Ordinal);
        Assert.Contains("DESCRIPTION:first\\nsecond\r\n", unfolded, StringComparison.Ordinal);
        Assert.Contains("DTSTART:20261201T080000Z\r\n", unfolded, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', unfolded.Replace("\r\n", "", StringComparison.Ordinal));
    }
}
