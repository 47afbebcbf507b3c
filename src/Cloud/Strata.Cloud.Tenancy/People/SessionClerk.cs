using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Strata.Cloud.Tenancy.People;

/// <summary>Takes away sessions whose time is over, with what was opened with them, and writes when the others were used last: once a minute, in one transaction.</summary>
internal sealed partial class SessionClerk(PeopleStore people, PeopleDirectory directory, TimeProvider time, ILogger<SessionClerk> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private DateTimeOffset written = time.GetUtcNow();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await SweepAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await SweepAsync(CancellationToken.None);
        }
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        try
        {
            var ended = people.Sessions.Where(directory.IsOver).ToList();
            var seen = people.Sessions.Where(s => s.LastSeen > written).ToList();
            if (ended.Count + seen.Count == 0)
                return;
            var now = time.GetUtcNow();
            await people.SweepAsync(seen, ended, cancellationToken);
            directory.End(ended);
            written = now;
        }
#pragma warning disable CA1031 // When a session was used last is worth less than the node: it is written the next time.
        catch (Exception failure) when (failure is not OperationCanceledException)
#pragma warning restore CA1031
        {
            LogNotWritten(failure);
        }
    }

    [LoggerMessage(5262, LogLevel.Warning, "When sessions were used last could not be written.")]
    private partial void LogNotWritten(Exception failure);
}
