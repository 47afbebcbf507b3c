using Microsoft.Extensions.Logging;
using Strata.Edge.Buffering;
using Strata.Edge.Commands;
using Strata.Edge.Identity;
using Strata.Edge.Updates;
using Strata.Edge.Wiping;

namespace Strata.Edge.Delivery;

/// <summary>
/// Buffer to gateway: sends what waits in order, a window at a time, and settles what is answered. One task; connections come and go, records stay until
/// they are answered.
/// </summary>
/// <param name="identity">What the agent shows; null for one that has a secret. Renewed while the connection stands, which goes on: the next one is by what is new.</param>
/// <param name="updates">Null for an agent that does not update itself.</param>
/// <param name="health">The health message as it stands now.</param>
internal sealed partial class Sender(
    AgentLog log, GatewayDialer dialer, DeviceIdentity? identity, UpdateAgent? updates, DeliveryOptions options, Func<CancellationToken, Task<byte[]>> health, TimeProvider time, ILoggerFactory loggers, ILogger logger)
{
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(5);
    private readonly TaskCompletionSource<WipeOrder> ordered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile GatewayLink? link;
    private long connections;

    /// <summary>The gateway that the agent is connected to; null while it is to none.</summary>
    public GatewayAddress? Gateway => link?.Address;

    /// <summary>Connections after the first.</summary>
    public long Reconnects => Math.Max(0, Interlocked.Read(ref connections) - 1);

    /// <summary>Completes when the agent is told to wipe itself.</summary>
    public Task<WipeOrder> Ordered => ordered.Task;

    /// <summary>Sends until the token is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        GatewayLink? next = null;
        while (true)
        {
            await using var current = next ?? await dialer.DialAsync(cancellationToken);
            Interlocked.Increment(ref connections);
            link = current;
            try
            {
                next = await ServeAsync(current, cancellationToken);
            }
            finally
            {
                link = null;
            }
        }
    }

    /// <summary>Sends a health message now, when there is a connection, and waits until it is acknowledged.</summary>
    public async Task SendHealthAsync(CancellationToken cancellationToken)
    {
        if (link is { } current)
            await current.PublishHealthAsync(await health(cancellationToken), cancellationToken);
    }

    /// <summary>Serves one connection until it is gone or the first gateway of the list is back; gives the connection to that one.</summary>
    private async Task<GatewayLink?> ServeAsync(GatewayLink current, CancellationToken cancellationToken)
    {
        using var serving = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var home = ReturnAsync(current, serving.Token);
        var reports = ReportAsync(current, serving.Token);
        var updating = UpdateAsync(current, serving);
        try
        {
            log.SendAgain();
            var window = new SendWindow(log, current, Math.Max(1, Math.Min(options.Window, current.ReceiveMaximum - 1)));
            var lost = await ExchangeAsync(window, current, home, serving.Token);
            if (lost is not null)
                LinkLost(logger, current.Address, lost);
            if (lost?.Contains("NotAuthorized", StringComparison.Ordinal) == true)
                identity?.Doubt();
        }
        finally
        {
            await serving.CancelAsync();
            await reports;
            await updating;
        }
        return await home;
    }

    /// <summary>Sends and settles; gives the reason when the connection is lost, null when all under way was answered after the first gateway came back.</summary>
    private async Task<string?> ExchangeAsync(SendWindow window, GatewayLink current, Task<GatewayLink?> home, CancellationToken cancellationToken)
    {
        Task? limit = null;
        while (true)
        {
            var sending = !home.IsCompleted;
            if (sending)
                window.Fill(cancellationToken);
            else if (window.UnderWay == 0 || limit is { IsCompleted: true })
                return null;
            else
                limit ??= Task.Delay(DrainLimit, time, cancellationToken);
            await Task.WhenAny(window.WaitAsync(sending, cancellationToken), current.Closed, limit ?? home);
            cancellationToken.ThrowIfCancellationRequested();
            if (window.TakeAnswered() is { Count: > 0 } settled)
            {
                log.Settle(settled);
                dialer.Worked();
            }
            else if (current.Closed.IsCompleted)
            {
                return await current.Closed;
            }
            else if (window.Trouble is { } trouble)
            {
                return trouble;
            }
        }
    }

    /// <summary>While connected to another gateway than the first, tries that one from time to time; gives a connection to it, or null when the token is cancelled.</summary>
    private async Task<GatewayLink?> ReturnAsync(GatewayLink current, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await Task.Delay(dialer.IsAway(current) ? options.ReturnAfter : Timeout.InfiniteTimeSpan, time, cancellationToken);
                if (await dialer.TryFirstAsync(cancellationToken) is { } first)
                    return first;
            }
        }
        catch (OperationCanceledException)
        {
            return null; // The connection that it ran beside is over.
        }
    }

    /// <summary>A fault of it ends the connection, and so the agent.</summary>
    private async Task UpdateAsync(GatewayLink current, CancellationTokenSource serving)
    {
        try
        {
            await (updates?.ServeAsync(current, serving.Token) ?? Task.CompletedTask);
        }
        catch
        {
            await serving.CancelAsync();
            throw;
        }
    }

    private async Task ReportAsync(GatewayLink current, CancellationToken cancellationToken)
    {
        try
        {
            current.WipeOrdered += request => ordered.TrySetResult(new WipeOrder(request));
            var report = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var commands = new AgentCommands(() => Volatile.Read(ref report).TrySetResult(), loggers, time);
            current.CommandGiven += (name, request, payload) => _ = Task.Run(() => current.AnswerAsync(name, request, commands.Run(name, payload), cancellationToken), cancellationToken);
            if (await current.ListenAsync(cancellationToken) is { } refused)
                NotListening(logger, current.Address, refused);
            while (true)
            {
                await current.PublishHealthAsync(await health(cancellationToken), cancellationToken);
                if (identity?.IsDue == true)
                    await identity.RenewAsync(current, cancellationToken);
                await Task.WhenAny(Task.Delay(options.HealthInterval, time, cancellationToken), report.Task);
                cancellationToken.ThrowIfCancellationRequested();
                if (report.Task.IsCompleted)
                    Volatile.Write(ref report, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            }
        }
        catch (OperationCanceledException)
        {
            return; // The connection is over.
        }
    }

    [LoggerMessage(4311, LogLevel.Warning, "{Gateway} does not let the device hear of commands, its decommissioning among them (commands/+/+): {Reason}.")]
    private static partial void NotListening(ILogger logger, GatewayAddress gateway, string reason);

    [LoggerMessage(4310, LogLevel.Information, "The connection to {Gateway} is over: {Reason}.")]
    private static partial void LinkLost(ILogger logger, GatewayAddress gateway, string reason);
}
