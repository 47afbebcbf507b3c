using System.Text;
using Microsoft.Extensions.Time.Testing;
using Microsoft.Win32.SafeHandles;

namespace Strata.Forwarding.Tests;

/// <summary>A temporary folder with a log in it.</summary>
internal sealed class LogFolder : IDisposable
{
    public LogFolder() => Directory.CreateDirectory(Folder);

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    public string Folder { get; } = Path.Combine(Path.GetTempPath(), $"strata-log-{Guid.NewGuid():n}");

    public string NewestSegment => Directory.GetFiles(Folder, "*.seg").Max(StringComparer.Ordinal)!;

    public ForwardLog Open(
        long maxBytes = 1 << 20, WhenFull whenFull = WhenFull.Refuse, bool tellGaps = false, int segmentBytes = 8 << 20, int maxIntervals = 1024,
        Action<SafeFileHandle>? flush = null) =>
        ForwardLog.Open(
            new ForwardLogOptions
            {
                Folder = Folder, MaxBytes = maxBytes, WhenFull = whenFull, SegmentBytes = segmentBytes, MaxIntervals = maxIntervals,
                GapPayload = tellGaps ? gap => Encoding.UTF8.GetBytes($"gap {gap.First}-{gap.Last} {gap.Readings}") : null,
                Flush = flush ?? (_ => { }),
            },
            Time);

    public LogFolder Copy()
    {
        var copy = new LogFolder();
        foreach (var file in Directory.GetFiles(Folder))
            File.Copy(file, Path.Combine(copy.Folder, Path.GetFileName(file)));
        return copy;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    public static ForwardRecord Record(string text, int readings = 1, long cursor = 0, byte tag = 0) =>
        new(Encoding.UTF8.GetBytes(text)) { Readings = readings, Cursor = cursor, Tag = tag, From = cursor, To = cursor };

    /// <summary>All that waits, looked at and not given out.</summary>
    public static IReadOnlyList<(long Number, string Text)> All(ForwardLog log)
    {
        var position = 1L;
        return [.. log.Read(ref position, null, int.MaxValue, int.MaxValue).Select(e => (e.Number, Encoding.UTF8.GetString(e.Payload.Span)))];
    }
}
