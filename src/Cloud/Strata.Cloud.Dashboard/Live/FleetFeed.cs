using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Contracts;

namespace Strata.Cloud.Dashboard.Live;

/// <summary>
/// One listener for all open pages: it follows the node's live stream and, while anyone watches, reads statistics and gateways once a second. Pages
/// subscribe and are told; a slow page skips what it missed.
/// </summary>
internal sealed partial class FleetFeed(IServiceScopeFactory scopes, TimeProvider time, ILogger<FleetFeed> log) : BackgroundService
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(2);

    private readonly Lock gate = new();
    private readonly List<Subscription> subscriptions = [];
    private readonly SemaphoreSlim watched = new(0, 1);

    /// <summary>The newest statistics; null until read once.</summary>
    public StatisticsInfo? Statistics { get; private set; }

    /// <summary>Readings per second at the cloud over the last minute, oldest first.</summary>
    public IReadOnlyList<double> Rates { get; private set; } = [];

    public IReadOnlyList<GatewayInfo> Gateways { get; private set; } = [];

    /// <summary>Set while the node's API cannot be asked; a sentence for the page.</summary>
    public string? Fault { get; private set; }

    /// <summary>Tells the page of each refresh (null) and each live item until disposed.</summary>
    public IDisposable Subscribe(Action<LiveItem?> onItem)
    {
        var subscription = new Subscription(this, onItem);
        lock (gate)
            subscriptions.Add(subscription);
        if (watched.CurrentCount == 0)
            watched.Release();
        return subscription;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await watched.WaitAsync(stoppingToken);
                using var idle = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
                await Task.WhenAll(PollWhileWatchedAsync(idle), FollowAsync(idle.Token));
            }
        }
        catch (OperationCanceledException)
        {
            return; // The node stops.
        }
    }

    private async Task PollWhileWatchedAsync(CancellationTokenSource idle)
    {
        while (HasWatchers() && !idle.IsCancellationRequested)
        {
            try
            {
                await using var scope = scopes.CreateAsyncScope();
                var client = scope.ServiceProvider.GetRequiredService<NodeApi>().Client;
                Statistics = await client.GetStatisticsAsync(idle.Token);
                Rates = [.. Rates.TakeLast(59), Statistics.ReadingsPerSecond];
                Gateways = (await client.ListGatewaysAsync(limit: 1000, cancellationToken: idle.Token)).Items;
                Fault = null;
            }
            catch (Exception e) when (e is HttpRequestException or StrataApiException)
            {
                Fault = e.Message;
                LogPollFailed(log, e);
            }
            Tell(null);
            await Task.Delay(PollInterval, time, idle.Token);
        }
        await idle.CancelAsync();
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await using var scope = scopes.CreateAsyncScope();
                var client = scope.ServiceProvider.GetRequiredService<NodeApi>().Client;
                await foreach (var item in client.LiveAsync(cancellationToken: cancellationToken))
                    Tell(item);
            }
            catch (Exception e) when (e is HttpRequestException or StrataApiException or IOException)
            {
                LogFollowFailed(log, e);
            }
            catch (OperationCanceledException)
            {
                return; // Nobody watches any more, or the node stops.
            }
            await Task.Delay(RetryInterval, time, CancellationToken.None);
        }
    }

    private bool HasWatchers()
    {
        lock (gate)
            return subscriptions.Count > 0;
    }

    private void Tell(LiveItem? item)
    {
        Subscription[] all;
        lock (gate)
            all = [.. subscriptions];
        foreach (var subscription in all)
            subscription.OnItem(item);
    }

    [LoggerMessage(7001, LogLevel.Warning, "The dashboard could not read the node's statistics.")]
    private static partial void LogPollFailed(ILogger logger, Exception exception);

    [LoggerMessage(7002, LogLevel.Information, "The dashboard's live stream broke; it is opened again.")]
    private static partial void LogFollowFailed(ILogger logger, Exception exception);

    private sealed class Subscription(FleetFeed feed, Action<LiveItem?> onItem) : IDisposable
    {
        public Action<LiveItem?> OnItem { get; } = onItem;

        public void Dispose()
        {
            lock (feed.gate)
                feed.subscriptions.Remove(this);
        }
    }
}
