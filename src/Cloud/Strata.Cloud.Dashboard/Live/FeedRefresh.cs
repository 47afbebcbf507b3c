using Strata.Cloud.Contracts;

namespace Strata.Cloud.Dashboard.Live;

/// <summary>Draws a page again whenever the fleet's figures are refreshed. A page that has not drawn the last refresh skips one, so that a slow browser holds nothing up.</summary>
internal sealed class FeedRefresh : IDisposable
{
    private readonly IDisposable subscription;
    private int queued;

    /// <param name="invoke">Runs on the page's own thread.</param>
    /// <param name="refresh">Reads and draws.</param>
    /// <param name="onItem">One live item arrived.</param>
    public FeedRefresh(FleetFeed feed, Func<Func<Task>, Task> invoke, Func<Task> refresh, Action<LiveItem>? onItem = null) => subscription = feed.Subscribe(item =>
    {
        if (item is null && Interlocked.Exchange(ref queued, 1) == 0)
        {
            _ = invoke(async () =>
            {
                await refresh();
                Volatile.Write(ref queued, 0);
            });
        }
        else if (item is not null && onItem is not null)
        {
            _ = invoke(() =>
            {
                onItem(item);
                return Task.CompletedTask;
            });
        }
    });

    public void Dispose() => subscription.Dispose();
}
