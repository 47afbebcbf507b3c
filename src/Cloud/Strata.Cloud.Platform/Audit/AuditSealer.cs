using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform.Audit;

/// <summary>The one writer of the chains: seals what was written within <see cref="Interval"/>, at the start what an earlier run left, at the stop what is left.</summary>
public sealed partial class AuditSealer : BackgroundService
{
    /// <summary>How long a record may wait for its seal.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly AuditTrail trail;
    private readonly AuditNumbers numbers;
    private readonly TimeProvider time;
    private readonly ILogger<AuditSealer> logger;
    private readonly ConcurrentDictionary<TenantId, bool> waiting = new();

    public AuditSealer(AuditTrail trail, AuditNumbers numbers, TimeProvider time, ILogger<AuditSealer> logger)
    {
        (this.trail, this.numbers, this.time, this.logger) = (trail, numbers, time, logger);
        numbers.Written += Note;
    }

    public override void Dispose()
    {
        numbers.Written -= Note;
        base.Dispose();
    }

    /// <summary>Seals what waits. Also called by tests in place of the clock.</summary>
    internal async Task SealWaitingAsync(CancellationToken cancellationToken)
    {
        foreach (var tenant in waiting.Keys)
        {
            waiting.TryRemove(tenant, out _);
            try
            {
                await trail.SealAsync(tenant, cancellationToken);
            }
#pragma warning disable CA1031 // What was not sealed stays and is sealed the next time; the node goes on.
            catch (Exception failure) when (failure is not OperationCanceledException)
#pragma warning restore CA1031
            {
                waiting[tenant] = true;
                LogNotSealed(failure);
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await SealWaitingAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await SealWaitingAsync(CancellationToken.None);
        }
    }

    private void Note(TenantId tenant) => waiting[tenant] = true;

    [LoggerMessage(5101, LogLevel.Error, "Audit records could not be sealed; it is tried again.")]
    private partial void LogNotSealed(Exception failure);
}
