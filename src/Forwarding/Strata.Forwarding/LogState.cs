using System.Globalization;
using System.Text;
using Strata.Core.Dataflow;
using Strata.Storage;

namespace Strata.Forwarding;

/// <summary>
/// What the segments do not tell: which numbers are settled (acknowledged, dropped or damaged), what was lost, and the gaps not yet appended as records. A
/// small text file, replaced whole, with a checksum as its last line. Losing it sends acknowledged records again, which a receiver takes once.
/// </summary>
internal sealed class LogState
{
    private const string Title = "strata-forward-state 1";

    public IntervalSet Settled { get; } = new();

    public ForwardCount[] Lost { get; } = new ForwardCount[ForwardLog.Tags];

    public long Gaps { get; set; }

    public List<ForwardGap> Pending { get; } = [];

    public byte[] Write(string stream)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Title}\nstream {stream}\ngaps {Gaps}\n");
        for (var tag = 0; tag < Lost.Length; tag++)
            text.Append(CultureInfo.InvariantCulture, $"lost {tag} {Lost[tag].Records} {Lost[tag].Readings} {Lost[tag].Bytes}\n");
        foreach (var (first, last) in Settled.Intervals)
            text.Append(CultureInfo.InvariantCulture, $"settled {first} {last}\n");
        foreach (var gap in Pending)
            text.Append(CultureInfo.InvariantCulture, $"gap {gap.First} {gap.Last} {gap.Readings} {Time(gap.From)} {Time(gap.To)} {gap.Reason}\n");
        var body = Encoding.ASCII.GetBytes(text.ToString());
        return [.. body, .. Encoding.ASCII.GetBytes($"crc {Crc32C.Of(0, body):x8}\n")];
    }

    /// <summary>Null when it is damaged or another stream's.</summary>
    public static LogState? TryRead(ReadOnlySpan<byte> bytes, string stream)
    {
        const int CrcLine = 13;
        if (bytes.Length < CrcLine)
            return null;
        var body = bytes[..^CrcLine];
        if (Encoding.ASCII.GetString(bytes[^CrcLine..]) != $"crc {Crc32C.Of(0, body):x8}\n")
            return null;
        var lines = Encoding.ASCII.GetString(body).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (lines.Length < 2 || lines[0] != Title || lines[1] != $"stream {stream}")
            return null;
        var state = new LogState();
        foreach (var line in lines.AsSpan(2))
            state.Take(line.Split(' '));
        return state;
    }

    private void Take(string[] words)
    {
        switch (words[0])
        {
            case "gaps":
                Gaps = Number(words[1]);
                break;
            case "lost":
                Lost[(int)Number(words[1])] = new ForwardCount(Number(words[2]), Number(words[3]), Number(words[4]));
                break;
            case "settled":
                Settled.Add(Number(words[1]), Number(words[2]));
                break;
            case "gap":
                Pending.Add(new ForwardGap(Number(words[1]), Number(words[2]), Number(words[3]), Time(words[4]), Time(words[5]), words[6]));
                break;
        }
    }

    private static long Number(string word) => long.Parse(word, CultureInfo.InvariantCulture);

    private static string Time(long? time) => time?.ToString(CultureInfo.InvariantCulture) ?? "-";

    private static long? Time(string word) => word == "-" ? null : Number(word);
}
