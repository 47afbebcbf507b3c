using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Commands.Rows;
using Strata.Cloud.Commands.Sending;
using Strata.Cloud.Platform.Fleet;
using Strata.Core;
using Strata.Core.Commands;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Commands.Running;

/// <summary>Looks at the commands that are not over: says what is due, to whom is there; ends what is over; takes away what is old. What it does is written before it is done.</summary>
internal sealed partial class CommandRunner(
    CommandStore store, CommandWriter writer, CommandBook book, CommandMouth mouth, IFleet fleet, IDeviceWay way, CommandsOptions options, TimeProvider time, ILogger<CommandRunner> logger) : BackgroundService
{
    private static readonly TimeSpan TrimEvery = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    /// <summary>Devices to which something could not be said.</summary>
    private readonly Pauses<(TenantId Tenant, string Device)> ofDevices = new(Pause);

    /// <summary>Tenants whose tables were to be read again.</summary>
    private readonly Pauses<TenantId> ofTenants = new(Pause);
    private DateTimeOffset trimmed;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.LookInterval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await TryAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What is not over goes on at the next start.
        }
    }

    private async Task TryAsync(CancellationToken stoppingToken)
    {
        try
        {
            foreach (var tenant in book.Tenants.ToList())
                await LookAsync(tenant, stoppingToken);
            ofDevices.Trim(time.GetUtcNow());
            ofTenants.Trim(time.GetUtcNow());
            if (time.GetUtcNow() is var now && (now - trimmed).Duration() >= TrimEvery)
            {
                trimmed = now;
                foreach (var tenant in book.Tenants.ToList())
                    while (await store.TrimAsync(tenant, options, now, stoppingToken) > 0)
                        continue;
            }
        }
#pragma warning disable CA1031 // It is looked again.
        catch (Exception failure) when (failure is not OperationCanceledException)
#pragma warning restore CA1031
        {
            LogFailed(failure);
        }
    }

    private async Task LookAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (!await IsSureAsync(tenant, now, cancellationToken))
            return;
        var due = new List<(CommandRow Row, CommandStep Step, DeviceRoute Route)>();
        foreach (var (name, open) in book.Of(tenant))
        {
            var device = DeviceId.Parse(name);
            // It may listen to the commands of one name, and not to those of another.
            var topics = open.Values.DistinctBy(c => c.Name).ToDictionary(c => c.Name, c => c.Topic, StringComparer.Ordinal);
            if (CommandLine.OfOneMoment(topics.Keys, n => RouteOf(tenant, device, topics[n]), static r => r.Reach) is not { } routes)
                continue;
            foreach (var (row, step) in CommandLine.Decide([.. open.Values], static c => (c.Terms, c.Progress), c => c.ReachBy(routes[c.Name]), options.AtOnce, now))
            {
                if (step is not CommandStep.Say || !ofDevices.IsOn((tenant, name), now))
                    due.Add((row, step, routes[row.Name]));
            }
        }
        if (due.Count == 0)
            return;
        var payloads = await ReadAsync(tenant, [.. due.Where(d => d.Step is CommandStep.Say).Select(d => d.Row.PayloadId)], cancellationToken);
        foreach (var unread in due.Where(d => d.Step is CommandStep.Say && !payloads.ContainsKey(d.Row.PayloadId)).ToList())
        {
            ofDevices.Begin((tenant, unread.Row.Device), now);
            due.Remove(unread);
        }
        var done = await Task.WhenAll(due.Select(d => writer.DoAsync(tenant, batch => TakeAsync(batch, d.Row, d.Step, d.Route, payloads.GetValueOrDefault(d.Row.PayloadId) is not null), cancellationToken)));
        foreach (var row in done.Select(o => o.IsOk ? o.Value : null).OfType<CommandRow>())
            await SayAsync(tenant, row, payloads[row.PayloadId]!, now);
    }

    /// <summary>What commands say, before they are written as sent; without what cannot be read just now.</summary>
    private async Task<Dictionary<string, byte[]?>> ReadAsync(TenantId tenant, List<string> ids, CancellationToken cancellationToken)
    {
        try
        {
            return await store.ContentsAsync(tenant, ids, cancellationToken);
        }
#pragma warning disable CA1031 // Whatever it is, the commands wait.
        catch (Exception failure) when (failure is not OperationCanceledException)
#pragma warning restore CA1031
        {
            LogFailed(failure);
            return [];
        }
    }

    /// <summary>Says what is written as sent. What cannot be said waits, and is said again after a pause.</summary>
    private async Task SayAsync(TenantId tenant, CommandRow row, byte[] payload, DateTimeOffset now)
    {
        ofDevices.End((tenant, row.Device));
        if (!await mouth.SayAsync(tenant, row, payload))
            ofDevices.Begin((tenant, row.Device), now);
    }

    /// <summary>After a write that failed, memory follows the tables again before anything is decided by it: what was written as sent, and perhaps not said, is said.</summary>
    private async Task<bool> IsSureAsync(TenantId tenant, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (!writer.IsDoubtful(tenant))
            return true;
        if (ofTenants.IsOn(tenant, now))
            return false;
        ofTenants.Begin(tenant, now);
        return (await writer.DoAsync<bool>(tenant, static _ => new(true), cancellationToken)).IsOk;
    }

    /// <summary>A device that may get no commands in the state of its life is as one that is away.</summary>
    private DeviceRoute RouteOf(TenantId tenant, DeviceId device, string topic) =>
        fleet.Find(tenant, device) is { } known && DeviceLifecycle.Rights(known.State).Commands ? way.RouteOf(tenant, device, topic) : default;

    /// <param name="isReadable">Whether it is known what it says.</param>
    /// <returns>What is to be said; null for nothing.</returns>
    private async ValueTask<Outcome<CommandRow?>> TakeAsync(CommandBatch batch, CommandRow seen, CommandStep step, DeviceRoute route, bool isReadable)
    {
        if (await batch.FindAsync(seen.Device, seen.Request) is not { Ended: null } row || row.State != seen.State || row.Attempts != seen.Attempts)
            return (CommandRow?)null; // Something happened to it since it was looked at.
        switch (step)
        {
            case CommandStep.Say when !isReadable:
                if (row.Progress.Cancel("the node", batch.Now) is { } ended)
                {
                    LogUnreadable(row.Device, row.Request);
                    batch.Put(row, row.With(ended with { Reason = $"{ended.Reason}: what it says cannot be read any more" }));
                }
                break;
            case CommandStep.Say:
                var said = CommandDesk.Said(row, route, batch.Now);
                batch.Put(row, said);
                return said;
            case CommandStep.Lose when row.Progress.Lose() is { } lost:
                batch.Put(row, row.With(row.ReachBy(route) is DeviceReach.ThroughAnother ? lost with { Reason = $"the device is heard through {route.Gateway} now" } : lost));
                break;
            case CommandStep.End:
                if (row.Progress.Pass(row.Terms, batch.Now) is { Ended: not null } over)
                {
                    batch.Put(row, row.With(over));
                    if (row.Gateway is not null)
                        batch.Afterwards.Add(() => _ = way.RemoveAsync(batch.Tenant, row.MessageId, CancellationToken.None));
                }
                break;
        }
        return (CommandRow?)null;
    }

    [LoggerMessage(5710, LogLevel.Error, "What command {Request} tells {Device} is sealed with a key that is gone: it is taken back.")]
    private partial void LogUnreadable(string device, string request);

    [LoggerMessage(5705, LogLevel.Error, "The look at commands failed; it is looked again.")]
    private partial void LogFailed(Exception failure);
}
