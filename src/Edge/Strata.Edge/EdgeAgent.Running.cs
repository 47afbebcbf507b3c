using Strata.Core.Devices;
using Strata.Edge.Books;
using Strata.Edge.Control;
using Strata.Edge.Sources;
using Strata.Edge.Updates;
using Strata.Edge.Watching;
using Strata.Edge.Wiping;
using Microsoft.Extensions.Logging;

namespace Strata.Edge;

public sealed partial class EdgeAgent
{
    /// <summary>Null until it has enrolled.</summary>
    private DeviceId? Device => identity is null ? options.Device : identity.Current?.Name.Device;

    private async Task<WipeOrder?> RunAsync(AgentWipe wipe, ServiceNotifier service, TextWriter ready, CancellationToken cancellationToken)
    {
        WipeOrder? order = null;
        using var thread = control is null ? null : new ControlThread(control, controlPeriod, time);
        using var working = new CancellationTokenSource();
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var sending = sender.RunAsync(working.Token);
        var reporting = WriteStatusAsync(working.Token);
        var pump = new SamplePump(source, reducer, log, sample => latest?.Note(sample)).RunAsync(reading.Token);
        var proving = updates?.ProveAsync(working.Token) ?? Task.CompletedTask;
        await ready.WriteLineAsync($"ready {(Device is { } known ? $"device={known}" : $"serial={identity!.Serial}")} to={options.Gateways[0]} stream={log.Stream}");
        await ready.FlushAsync(CancellationToken.None);
        service.Ready();
        service.Probe(new LifeProbe(log, control, controlPeriod, time).IsAliveAsync);
        try
        {
            await Task.WhenAny(UntilEndAsync(pump, cancellationToken), sending, reporting, sender.Ordered, updates?.Restart ?? sender.Ordered, UntilFaultAsync(proving, working.Token), OrphanedAsync(working.Token));
            order = await BeginWipeAsync(wipe);
            await reading.CancelAsync();
            await IgnoreCancellationAsync(pump);
            if (order is null)
                await FlushAsync();
            if (order is null && updates?.Restart.IsCompleted == true)
                throw new RestartForUpdateException();
            return order;
        }
        finally
        {
            await working.CancelAsync();
            service.Probe(null); // What ends now is not asked any more.
            await IgnoreCancellationAsync(sending);
            await IgnoreCancellationAsync(reporting);
            await IgnoreCancellationAsync(proving);
            if (updates is not null)
                await updates.StopAsync();
            if (order is null)
                await SaveStatusAsync(stopped: true);
        }
    }

    /// <summary>Completes when the task fails, which ends the agent, and not when it is done.</summary>
    private async Task UntilFaultAsync(Task task, CancellationToken cancellationToken)
    {
        await task;
        await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
    }

    /// <summary>Completes when the supervisor that has started this program is gone: the next one starts it again, and two do not share a folder.</summary>
    private async Task OrphanedAsync(CancellationToken cancellationToken)
    {
        var parent = Environment.GetEnvironmentVariable(Supervisor.SlotVariable) is null ? 0 : Supervisor.Parent();
        if (parent == 0)
            await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
        while (Supervisor.Parent() == parent)
            await Task.Delay(TimeSpan.FromSeconds(1), time, cancellationToken);
    }

    /// <summary>The order to wipe itself, when there is one, noted on the disk.</summary>
    private async Task<WipeOrder?> BeginWipeAsync(AgentWipe wipe)
    {
        if (!sender.Ordered.IsCompletedSuccessfully)
            return null;
        var order = (await sender.Ordered) with { Discarded = (await log.ReadBooksAsync(CancellationToken.None)).Waiting };
        wipe.Begin(order);
        return order;
    }

    /// <summary>Completes when the agent is to stop: it is told to, its source failed, or all of a source that ends is acknowledged.</summary>
    private async Task UntilEndAsync(Task pump, CancellationToken cancellationToken)
    {
        await IgnoreCancellationAsync(Task.WhenAny(pump));
        if (!pump.IsCompletedSuccessfully)
            return;
        sourceEnded = true;
        var ends = options.Source is StdinOptions or ReplayOptions { ExitAtEnd: true };
        SourceEnded(logger, ends ? "The agent ends when everything is acknowledged." : "The agent stays connected.");
        await IgnoreCancellationAsync(ends ? log.WaitEmptyAsync(cancellationToken) : Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken));
    }

    /// <summary>Gives the gateway what is in the buffer and the last figures, as far as the limit allows.</summary>
    private async Task FlushAsync()
    {
        using (var limit = new CancellationTokenSource(options.FlushLimit, time))
            await IgnoreCancellationAsync(log.WaitEmptyAsync(limit.Token));
        using var farewell = new CancellationTokenSource(FarewellLimit, time);
        await IgnoreCancellationAsync(sender.SendHealthAsync(farewell.Token));
    }

    private async Task WriteStatusAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await SaveStatusAsync(stopped: false);
            await Task.Delay(options.StatusInterval, time, cancellationToken);
        }
    }

    private async Task SaveStatusAsync(bool stopped)
    {
        var report = await ReportAsync(CancellationToken.None);
        try
        {
            PrivateFile.Replace(Path.Combine(options.DataDirectory, "status.json"), report.ToStatus(stopped), durable: false);
        }
        catch (IOException reason)
        {
            StatusFails(logger, reason.Message);
        }
    }

    private async Task<HealthReport> ReportAsync(CancellationToken cancellationToken) => new(
        Device?.Value, log.Stream, await log.ReadBooksAsync(cancellationToken), sender.Gateway?.ToString(), sender.Reconnects, time.GetUtcNow(),
        time.GetElapsedTime(started), sourceEnded, control?.Figures, updates?.Version);

    private static async Task IgnoreCancellationAsync(Task task)
    {
        try
        {
            await task;
        }
        catch (OperationCanceledException)
        {
            return; // Being told to stop is how these tasks end.
        }
    }

    [LoggerMessage(4000, LogLevel.Information, "The source has ended. {Then}")]
    private static partial void SourceEnded(ILogger logger, string then);

    [LoggerMessage(4001, LogLevel.Warning, "status.json cannot be written: {Reason}")]
    private static partial void StatusFails(ILogger logger, string reason);
}
