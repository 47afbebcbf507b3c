using Microsoft.AspNetCore.Components;
using Strata.Cloud.Contracts;

namespace Strata.Cloud.Dashboard.Live;

/// <summary>A page that loads its data again and redraws when the fleet's figures are refreshed.</summary>
public abstract class LivePage : NodePage, IDisposable
{
    private FeedRefresh? refresh;

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
            refresh = new FeedRefresh(Feed, InvokeAsync, RedrawAsync, OnItem);
    }

    public void Dispose()
    {
        refresh?.Dispose();
        GC.SuppressFinalize(this);
    }
}
