using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Contracts;
using Strata.Fog.Link;
using Strata.Forwarding;

namespace Strata.Fog.Uplink;

/// <summary>
/// Sends the log's entries to the parent. Live entries go at once, one request in flight: what gathered meanwhile makes the next. The backlog follows beside
/// them at its rate. An entry is sent until the parent acknowledges it, which its number makes safe.
/// </summary>
internal sealed partial class UplinkSender(
    ForwardLog log, ParentClient parent, LinkState link, UplinkSenderOptions options, TimeProvider time, ILogger<UplinkSender> logger) : BackgroundService
{
    private readonly Lock gate = new();
    private long? failingSince;
    private long rejected;
    private volatile string problem = "";

    /// <summary>Why the last request failed; empty when it did not.</summary>
    public string Problem => problem;

    /// <summary>Entries that the parent took and cannot store.</summary>
    public long Rejected => Volatile.Read(ref rejected);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (!stoppingToken.IsCancellationRequested)
                await RunSessionAsync(stoppingToken);
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException && stoppingToken.IsCancellationRequested)
        {
            return; // What is not acknowledged stays in the log.
        }
    }

    /// <summary>From one division into backlog and live entries to the next, which an outage makes.</summary>
    private async Task RunSessionAsync(CancellationToken cancellationToken)
    {
        using var session = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var (backlog, live) = log.Split();
        var draining = DrainAsync(backlog, session);
        try
        {
            await SendLiveAsync(live, session);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            LogDivided(log.Status.Waiting.Records);
        }
        finally
        {
            await session.CancelAsync();
            await draining.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        await draining;
    }

    private async Task SendLiveAsync(ForwardCursor live, CancellationTokenSource session)
    {
        var post = new UplinkPost(parent, log, options.RequestTimeout, time);
        var backoff = new Backoff(options.FirstRetry, options.LongestRetry);
        while (true)
        {
            session.Token.ThrowIfCancellationRequested();
            var entries = live.Read(options.MaxEntries, options.MaxBytes);
            if (entries.Count > 0)
                await SendAsync(post, live, entries, isLive: true, backoff, session);
            else if (log.LiveWaits)
                await Task.Delay(options.FirstRetry, time, session.Token); // The backlog has to catch up first.
            else
                await log.WaitBeyondAsync(live.Position - 1, session.Token);
        }
    }

    private async Task DrainAsync(ForwardCursor backlog, CancellationTokenSource session)
    {
        var post = new UplinkPost(parent, log, options.RequestTimeout, time);
        var backoff = new Backoff(options.FirstRetry, options.LongestRetry);
        var pacer = new DrainPacer(options.DrainRate, time);
        try
        {
            while (!backlog.IsDone)
            {
                var allowed = pacer.Take(options.MaxEntries);
                if (allowed == 0)
                {
                    await Task.Delay(pacer.UntilNext(), time, session.Token);
                    continue;
                }
                var entries = backlog.Read(allowed, options.MaxBytes);
                pacer.Return(allowed - entries.Count);
                if (entries.Count > 0)
                    await SendAsync(post, backlog, entries, isLive: false, backoff, session);
                else
                    backlog.Rewind(); // All was given out, not all acknowledged.
            }
        }
        catch (OperationCanceledException) when (session.IsCancellationRequested)
        {
            return;
        }
    }

    private async Task SendAsync(
        UplinkPost post, ForwardCursor cursor, IReadOnlyList<ForwardEntry> entries, bool isLive, Backoff backoff, CancellationTokenSource session)
    {
        var outcome = await post.SendAsync(entries, isLive, session.Token);
        if (outcome.Result == PostResult.Refused)
        {
            if (entries.Count == 1)
                GiveUp(entries[0], outcome.Problem);
            else
                foreach (var entry in entries)
                    await SendAsync(post, cursor, [entry], isLive, backoff, session);
            return;
        }
        if (outcome.Result == PostResult.Taken && Settle(entries, outcome.Answer!))
        {
            backoff.Reset();
            if (Succeeded() is { } outage && outage > options.OutageMakesBacklog)
                await session.CancelAsync();
            return;
        }
        Failed(outcome.Problem.Length > 0 ? outcome.Problem : "The parent did not acknowledge all entries.");
        cursor.Rewind();
        await link.WaitAsync(backoff.Next(outcome.RetryAfter), outcome.RetryAfter, session.Token);
    }

    /// <summary>Whether all entries are settled now.</summary>
    private bool Settle(IReadOnlyList<ForwardEntry> entries, UplinkAnswer answer)
    {
        foreach (var entry in answer.Rejected)
        {
            Interlocked.Increment(ref rejected);
            LogRejected(entry.Number, entry.Reason);
        }
        log.Acknowledge(answer.Acknowledged.Where(a => a.Length == 2).Select(a => (a[0], a[1])).Concat(answer.Rejected.Select(r => (r.Number, r.Number))));
        return entries.All(e => log.IsSettled(e.Number));
    }

    /// <summary>The parent can make nothing of an entry, not even its number: it would stand in the way for ever.</summary>
    private void GiveUp(ForwardEntry entry, string reason)
    {
        Interlocked.Increment(ref rejected);
        LogGivenUp(entry.Number, reason);
        log.Acknowledge([(entry.Number, entry.Number)]);
    }

    private TimeSpan? Succeeded()
    {
        lock (gate)
        {
            if (failingSince is not { } since)
                return null;
            failingSince = null;
            problem = "";
            var outage = time.GetElapsedTime(since);
            LogWorks(outage);
            return outage;
        }
    }

    private void Failed(string reason)
    {
        lock (gate)
        {
            if (failingSince is null)
                LogFails(reason);
            failingSince ??= time.GetTimestamp();
            problem = reason;
        }
    }

    [LoggerMessage(6301, LogLevel.Warning, "The uplink fails, entries wait here: {Reason}")]
    private partial void LogFails(string reason);

    [LoggerMessage(6302, LogLevel.Information, "The uplink works again after {Outage}.")]
    private partial void LogWorks(TimeSpan outage);

    [LoggerMessage(6303, LogLevel.Information, "The parent cannot store entry {Number}: {Reason}")]
    private partial void LogRejected(long number, string reason);

    [LoggerMessage(6304, LogLevel.Error, "Entry {Number} is given up: {Reason}")]
    private partial void LogGivenUp(long number, string reason);

    [LoggerMessage(6305, LogLevel.Information, "{Entries} entries gathered during the outage; they are drained beside what comes now.")]
    private partial void LogDivided(long entries);
}
