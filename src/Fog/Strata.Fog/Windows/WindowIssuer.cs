using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Fog.Configuration;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;

namespace Strata.Fog.Windows;

/// <summary>
/// Computes due windows from the raw readings in the local store and commits them there; the projection sends what was committed. On a loop of its own, so
/// that windows never hold immediate readings back.
/// </summary>
internal sealed partial class WindowIssuer(
    ITelemetryStore store, IngestWriter writer, SiteConfiguration site, GatewayIdentity self, TimeProvider time, ILogger<WindowIssuer> logger) : BackgroundService
{
    private const int MaxPerCommit = 64;
    private const int PageRows = 20_000;
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly Channel<DueGroupWindow> due = Channel.CreateUnbounded<DueGroupWindow>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Channel<ReturnedWindow> returned = Channel.CreateUnbounded<ReturnedWindow>();
    private int waiting;

    /// <summary>How many more windows may be handed over now. The giver asks, so that the queue is bounded.</summary>
    public int Room => Math.Max(0, 1_000 - Volatile.Read(ref waiting));

    /// <summary>Takes a due window, which comes back as a committed record or by <see cref="TryTakeReturned"/>.</summary>
    public void Add(DueGroupWindow window)
    {
        Interlocked.Increment(ref waiting);
        due.Writer.TryWrite(window);
    }

    /// <summary>Windows that proved to be as they stand: no record was committed.</summary>
    public bool TryTakeReturned(out ReturnedWindow window) => returned.Reader.TryRead(out window);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var taken = new List<DueGroupWindow>();
        try
        {
            while (await due.Reader.WaitToReadAsync(stoppingToken))
            {
                taken.Clear();
                while (taken.Count < MaxPerCommit && due.Reader.TryRead(out var window))
                    taken.Add(window);
                await IssueAsync(taken, stoppingToken);
                Interlocked.Add(ref waiting, -taken.Count);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            return; // What was due is due again at the next start.
        }
    }

    private async Task IssueAsync(List<DueGroupWindow> windows, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                var records = new List<Stamped<WindowRecord>>(windows.Count);
                foreach (var window in windows)
                {
                    if (await ComputeAsync(window, cancellationToken) is { } record)
                        records.Add(new Stamped<WindowRecord>(record, null));
                    else
                        returned.Writer.TryWrite(new ReturnedWindow(window.Group.Id, window.Start));
                }
                if (records.Count > 0)
                    await writer.CommitAsync(new TelemetryWrite { Tenant = site.View.Tenant, Windows = records }, cancellationToken);
                return;
            }
            catch (TelemetryStoreException e)
            {
                LogRetry(windows.Count, e.Message);
                await Task.Delay(RetryAfter, time, cancellationToken);
            }
        }
    }

    /// <summary>The record; null when it would say what the standing one says, or nothing.</summary>
    private async Task<WindowRecord?> ComputeAsync(DueGroupWindow window, CancellationToken cancellationToken)
    {
        var standing = window.Standing >= 0 || window.Revision > 0 ? await StandingAsync(window, cancellationToken) : null;
        var revision = standing is null ? window.Revision : standing.Revision + 1;
        var samples = await SamplesAsync(window, cancellationToken);
        var record = WindowMath.Compute(window.Group, GatewayId.Parse(self.Id), window.Start, revision, samples);
        return record is null || (standing is not null && Same(record, standing)) ? null : record;
    }

    private async Task<WindowRecord?> StandingAsync(DueGroupWindow window, CancellationToken cancellationToken)
    {
        var range = new WindowRange(null, window.Group.Id, window.Start, window.Start + 1, null, 1);
        return (await store.WindowsAsync(site.View.Tenant, range, cancellationToken)).FirstOrDefault(w => w.Start == window.Start);
    }

    private async Task<WindowSample[]> SamplesAsync(DueGroupWindow window, CancellationToken cancellationToken)
    {
        var samples = new List<WindowSample>();
        var range = new ReadingRange
        {
            Devices = [.. window.Group.Members.Select(m => m.Device)], From = window.Start - WindowMath.LookBack(window.Group),
            To = window.Start + EventTime.Span(window.Group.Window), Limit = PageRows,
        };
        if (range.Devices.Count == 0)
            return [];
        while (true)
        {
            var page = await store.ReadAsync(site.View.Tenant, range, cancellationToken);
            foreach (var reading in page)
            {
                if (window.Group.PolicyOf(reading.Metric).InWindows)
                    samples.Add(WindowSample.From(reading));
            }
            if (page.Count < PageRows)
                return [.. samples];
            range = range with { After = (page[^1].Time, page[^1].Device, page[^1].Metric) };
        }
    }

    private static bool Same(WindowRecord a, WindowRecord b) =>
        a.Heard == b.Heard && a.Members == b.Members && a.Length == b.Length && a.Metrics.SequenceEqual(b.Metrics);

    [LoggerMessage(6201, LogLevel.Warning, "{Count} windows could not be committed; trying again: {Reason}")]
    private partial void LogRetry(int count, string reason);
}

/// <summary>A due window of which no record was committed: nothing new was in it.</summary>
internal readonly record struct ReturnedWindow(string Group, long Start);
