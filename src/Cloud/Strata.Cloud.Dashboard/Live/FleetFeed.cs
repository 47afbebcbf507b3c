using Microsoft.Extensions.Logging;
using Strata.Cloud.Contracts;

namespace Strata.Cloud.Dashboard.Live;

/// <summary>
/// One listener for all open pages of one reader: it follows the node's live stream and, while anyone watches, reads statistics and gateways once a second. Pages
/// subscribe and are told; a slow page skips what it missed.
/// </summary>
internal sealed partial class FleetFeed(Func<StrataClient> open, TimeProvider time, ILogger log, Action<FleetFeed> ended)
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(2);

    private readonly Lock gate = new();
    private readonly List<Subscription> subscriptions = [];
    private Action? end;

    /// <summary>The newest statistics; null until read once.</summary>
    public StatisticsInfo? Statistics { get; private set; }

    /// <summary>Readings per second at the cloud over the last minute, oldest first.</summary>
    public IReadOnlyList<double> Rates { get; private set; } = [];

    public IReadOnlyList<GatewayInfo> Gateways { get; private set; } = [];

    /// <summary>Set while the node's API cannot be asked; a sentence for the page.</summary>
    public string? Fault { get; private set; }

    /// <summary>Tells the page of each refresh (null) and each live item until disposed. The first subscriber starts it, the last one ends it.</summary>
    public IDisposable Subscribe(Action<LiveItem?> onItem)
    {
        var subscription = new Subscription(this, onItem);
        lock (gate)
        {
            subscriptions.Add(subscription);
            if (end is null)
                _ = RunAsync();
        }
        return subscription;
    }

    /// <summary>Ends it with the node.</summary>
    public void Stop()
    {
        lock (gate)
        {
            end?.Invoke();
            end = null;
        }
    }

    /// <summary>Runs until the last one leaves. Begins under the lock.</summary>
    private async Task RunAsync()
    {
        using var watched = new CancellationTokenSource();
        end = watched.Cancel;
        await Task.Yield();
        await Task.WhenAll(PollAsync(watched.Token), FollowAsync(watched.Token));
    }

    private async Task PollAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                await ReadAsync(stop);
                Tell(null);
                await Task.Delay(PollInterval, time, stop);
            }
        }
        catch (OperationCanceledException)
        {
            return; // Nobody watches any more, or the node stops.
        }
    }

    private async Task ReadAsync(CancellationToken stop)
    {
        try
        {
            var client = open();
            Statistics = await client.GetStatisticsAsync(stop);
            Rates = [.. Rates.TakeLast(59), Statistics.ReadingsPerSecond];
            Gateways = (await client.ListGatewaysAsync(limit: 1000, cancellationToken: stop)).Items;
            Fault = null;
        }
        catch (Exception e) when (e is HttpRequestException or StrataApiException)
        {
            Fault = e.Message;
            LogPollFailed(log, e);
        }
    }

    private async Task FollowAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await foreach (var item in open().LiveAsync(cancellationToken: stop))
                    Tell(item);
                await Task.Delay(RetryInterval, time, stop);
            }
            catch (Exception e) when (e is HttpRequestException or StrataApiException or IOException)
            {
                LogFollowFailed(log, e);
                await Task.Delay(RetryInterval, time, CancellationToken.None);
            }
            catch (OperationCanceledException)
            {
                return; // Nobody watches any more, or the node stops.
            }
        }
    }

    private void Tell(LiveItem? item)
    {
        Subscription[] all;
        lock (gate)
            all = [.. subscriptions];
        foreach (var subscription in all)
            subscription.OnItem(item);
    }

    private void Leave(Subscription subscription)
    {
        lock (gate)
        {
            subscriptions.Remove(subscription);
            if (subscriptions.Count > 0)
                return;
            end?.Invoke();
            end = null;
        }
        ended(this);
    }

    [LoggerMessage(7001, LogLevel.Warning, "The dashboard could not read the node's statistics.")]
    private static partial void LogPollFailed(ILogger logger, Exception exception);

    [LoggerMessage(7002, LogLevel.Information, "The dashboard's live stream broke; it is opened again.")]
    private static partial void LogFollowFailed(ILogger logger, Exception exception);

    private sealed class Subscription(FleetFeed feed, Action<LiveItem?> onItem) : IDisposable
    {
        public Action<LiveItem?> OnItem { get; } = onItem;

        public void Dispose() => feed.Leave(this);
    }
}
