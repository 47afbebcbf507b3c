using System.Globalization;
using System.Text;

namespace Strata.Core.Maintenance;

/// <summary>An entry of a calendar.</summary>
/// <param name="Id">The same at every reading.</param>
/// <param name="End">After <paramref name="Start"/>.</param>
public sealed record CalendarEntry(string Id, DateTimeOffset Start, DateTimeOffset End, string Title, string? Place, string? Text, DateTimeOffset Changed, bool Cancelled = false);

/// <summary>Writes a calendar that programs subscribe to (RFC 5545).</summary>
public static class CalendarFeed
{
    /// <summary>A line has at most 75 octets; what is longer goes on in the next one (3.1).</summary>
    private const int LineOctets = 75;

    public static string Write(string name, IEnumerable<CalendarEntry> entries)
    {
        var text = new StringBuilder();
        Line(text, "BEGIN:VCALENDAR");
        Line(text, "VERSION:2.0");
        Line(text, "PRODID:-//Strata//Maintenance//EN");
        Line(text, "CALSCALE:GREGORIAN");
        Line(text, $"X-WR-CALNAME:{Escape(name)}");
        foreach (var entry in entries)
        {
            Line(text, "BEGIN:VEVENT");
            Line(text, $"UID:{Escape(entry.Id)}");
            Line(text, $"DTSTAMP:{Time(entry.Changed)}");
            Line(text, $"DTSTART:{Time(entry.Start)}");
            Line(text, $"DTEND:{Time(entry.End)}");
            Line(text, $"SUMMARY:{Escape(entry.Title)}");
            if (entry.Place is { } place)
                Line(text, $"LOCATION:{Escape(place)}");
            if (entry.Text is { } description)
                Line(text, $"DESCRIPTION:{Escape(description)}");
            if (entry.Cancelled)
                Line(text, "STATUS:CANCELLED");
            Line(text, "END:VEVENT");
        }
        Line(text, "END:VCALENDAR");
        return text.ToString();
    }

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);

    /// <summary>3.3.11: text.</summary>
    private static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (c == '\n')
                escaped.Append("\\n");
            else if (char.IsControl(c))
                continue;
            else
                escaped.Append(c is '\\' or ';' or ',' ? "\\" : "").Append(c);
        }
        return escaped.ToString();
    }

    /// <summary>Folds without cutting a character in two.</summary>
    private static void Line(StringBuilder text, string line)
    {
        var octets = 0;
        foreach (var rune in line.EnumerateRunes())
        {
            if (octets + rune.Utf8SequenceLength > LineOctets)
            {
                text.Append("\r\n ");
                octets = 1;
            }
            text.Append(rune.ToString());
            octets += rune.Utf8SequenceLength;
        }
        text.Append("\r\n");
    }
}
