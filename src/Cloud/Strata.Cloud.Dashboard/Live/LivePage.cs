using Microsoft.AspNetCore.Components;
using Strata.Cloud.Contracts;

namespace Strata.Cloud.Dashboard.Live;

/// <summary>A page that loads its data again and redraws when the fleet's figures are refreshed.</summary>
public abstract class LivePage : NodePage, IDisposable
{
    private IDisposable? subscription;
    private int queued;

    [Inject]
    internal FleetFeeds Feeds { get; set; } = default!;

    /// <summary>What the reader's pages share; of nobody until it is known who reads.</summary>
    internal FleetFeed Feed => Feeds.Of(Api.Reader);

    /// <summary>One live item arrived; runs on the page's own thread.</summary>
    protected virtual void OnItem(LiveItem item)
    {
    }

    protected override void OnAfterRender(bool firstRender)
    {
        if (firstRender)
            subscription = Feed.Subscribe(Receive);
    }

    public void Dispose()
    {
        subscription?.Dispose();
        GC.SuppressFinalize(this);
    }

    private void Receive(LiveItem? item)
    {
        // A page that has not drawn the last refresh skips this one, so a slow browser holds nothing up.
        if (item is null && Interlocked.Exchange(ref queued, 1) == 1)
            return;
        _ = InvokeAsync(async () =>
        {
            if (item is not null)
            {
                OnItem(item);
                return;
            }
            await ReloadAsync();
            StateHasChanged();
            Volatile.Write(ref queued, 0);
        });
    }
}
