using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Strata.Core.Telemetry;

namespace Strata.Edge.Sources;

/// <summary>
/// Replays the rows of a file. Row by row the same for the same file and options, whenever and however often it is read, so that an agent that was
/// killed goes on where its last record ends. After a pause it catches up: what is overdue comes at once.
/// </summary>
internal sealed class ReplaySource : ISampleSource
{
    private readonly ReplayFile file;
    private readonly ReplayOptions options;
    private readonly TimeProvider time;
    private readonly BadInputLog bad;

    /// <exception cref="FormatException">The file is not what the options say.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public ReplaySource(ReplayOptions options, TimeProvider time, ILogger logger)
    {
        this.options = options;
        this.time = time;
        file = ReplayFile.Open(options);
        bad = new BadInputLog(Path.GetFileName(options.File), "row", logger);
        Key = string.Create(
            CultureInfo.InvariantCulture,
            $"replay:{Path.GetFullPath(options.File)}:{file.Bytes}:{file.StartRow}:{options.TimeColumn}:{options.TimeFormat}:{string.Join(',', options.Map)}:{options.ShiftEnd}");
    }

    public string Key { get; }

    public bool CanReplay => true;

    public long BadRows => bad.Count;

    public async IAsyncEnumerable<Sample> ReadAsync(SourcePosition from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (shift, anchor) = from.Anchor == 0 ? Begin() : (from.Shift, from.Anchor);
        var rows = 0L;
        long? newest = null;
        long? bound = null;
        foreach (var (row, added, after) in file.Walk())
        {
            rows++;
            if (after != bound)
                (bound, newest) = (after, after);
            var value = file.Layout.ReadTime(row, out var reason);
            if (value <= newest)
                (value, reason) = (null, "its time is not later than that of the rows before it");
            newest = value ?? newest;
            if (rows <= from.Rows)
                continue;
            var values = value is null ? null : file.Layout.ReadValues(row, out reason);
            if (values is null)
            {
                bad.Report(row.Line, reason);
                continue;
            }
            await WaitUntilDueAsync(anchor, value!.Value + added - file.StartTime, cancellationToken);
            if (values.Count > 0)
                yield return new Sample(value.Value + added + shift, time.GetUtcNow().ToUnixTimeMilliseconds(), new SourcePosition(rows, shift, anchor), values);
        }
    }

    private (long Shift, long Anchor) Begin()
    {
        var now = EventTime.From(time.GetUtcNow());
        if (options.ShiftEnd is not { } end)
            return (0, now);
        var duration = double.IsPositiveInfinity(options.Speed) ? 0 : (long)((file.EndTime - file.StartTime) / options.Speed);
        return ((end.At is { } at ? EventTime.From(at) : now + duration) - file.EndTime, now);
    }

    private async ValueTask WaitUntilDueAsync(long anchor, long offset, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (double.IsPositiveInfinity(options.Speed))
            return;
        var due = anchor + (long)(offset / options.Speed);
        var wait = due - EventTime.From(time.GetUtcNow());
        // Timers count in milliseconds; what is due within one goes now.
        if (wait >= 1000)
            await Task.Delay(TimeSpan.FromMicroseconds(wait), time, cancellationToken);
    }
}
