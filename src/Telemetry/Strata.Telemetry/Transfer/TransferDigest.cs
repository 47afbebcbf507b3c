using System.Runtime.InteropServices;
using System.Text;

namespace Strata.Telemetry.Transfer;

/// <summary>
/// What was read, by kind of row and day: number and digest. The same rows give the same, whichever store they were read from and however they were cut into slices. Not safe for use by two threads at once.
/// </summary>
public sealed class TransferDigest
{
    private const long Day = 86_400_000_000;
    private readonly Dictionary<(string Kind, long Day), (long Rows, ulong Digest)> days = [];
    private readonly List<byte> row = [];

    /// <summary>Rows of all kinds.</summary>
    public long Rows => days.Values.Sum(d => d.Rows);

    public void Add(TelemetrySlice slice)
    {
        for (var i = 0; i < slice.Readings.Count; i++)
        {
            var r = slice.Readings[i];
            Text(r.Device.Value);
            Text(r.Metric.Value);
            Number(r.Time);
            Number((long)r.Value.Kind);
            Number(BitConverter.DoubleToInt64Bits(r.Value.Number));
            Text(r.Value.Text);
            if (slice.Origins.TryGetValue(i, out var origin))
            {
                Number(origin.Immediate ? 1 : 0);
                Number(origin.Sampled);
                Text(origin.Gateway?.Value);
            }
            End("readings", r.Time);
        }
        foreach (var w in slice.Windows)
        {
            Text(w.Group);
            Text(w.Site.Value);
            Text(w.Gateway.Value);
            Number(w.Start);
            Number(w.Length);
            Number(w.Revision);
            Number(w.Heard);
            Number(w.Members);
            Text(WindowText.Write(w.Metrics));
            End("windows", w.Start);
        }
        foreach (var e in slice.Events)
        {
            Number(e.Time);
            Text(e.Kind);
            Text(e.Device?.Value);
            Text(e.Gateway?.Value);
            Text(e.Detail);
            End("events", e.Time);
        }
        foreach (var g in slice.Gaps)
        {
            Text(g.Source);
            Text(g.Stream);
            Number(g.First);
            Number(g.Last);
            Number(g.Readings);
            Number(g.From ?? long.MinValue);
            Number(g.To ?? long.MinValue);
            Text(g.Reason);
            End("gaps", 0);
        }
    }

    /// <summary>The first day and kind that differ, as a sentence; null when all are the same.</summary>
    public string? Differs(TransferDigest other)
    {
        foreach (var key in days.Keys.Union(other.days.Keys).OrderBy(k => k.Day).ThenBy(k => k.Kind, StringComparer.Ordinal))
        {
            var (mine, theirs) = (days.GetValueOrDefault(key), other.days.GetValueOrDefault(key));
            if (mine != theirs)
                return $"{key.Kind} of {DateTimeOffset.FromUnixTimeSeconds(key.Day * 86_400):yyyy-MM-dd}: {mine.Rows} rows there, {theirs.Rows} here{(mine.Rows == theirs.Rows ? ", with other contents" : "")}";
        }
        return null;
    }

    private void Text(string? text)
    {
        if (text is null)
        {
            row.Add(0);
            return;
        }
        row.Add(1);
        Number(text.Length);
        row.AddRange(Encoding.UTF8.GetBytes(text));
    }

    private void Number(long number)
    {
        Span<byte> bytes = stackalloc byte[8];
        System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        row.AddRange(bytes);
    }

    /// <summary>FNV-1a of 64 bits; rows add up, so that their order within a day does not matter.</summary>
    private void End(string kind, long time)
    {
        var hash = 14_695_981_039_346_656_037UL;
        foreach (var b in CollectionsMarshal.AsSpan(row))
            hash = (hash ^ b) * 1_099_511_628_211UL;
        row.Clear();
        var key = (kind, time / Day);
        var (rows, digest) = days.GetValueOrDefault(key);
        days[key] = (rows + 1, digest + hash);
    }
}
