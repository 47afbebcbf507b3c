using Microsoft.AspNetCore.Components;

namespace Strata.Cloud.Dashboard.Live;

/// <summary>A page with forms whose data are read again when the fleet's figures are refreshed; what is typed stays.</summary>
public abstract class LiveFormPage : FormPage, IDisposable
{
    private FeedRefresh? refresh;

    [Inject]
    internal FleetFeeds Feeds { get; set; } = default!;

    public void Dispose()
    {
        refresh?.Dispose();
        GC.SuppressFinalize(this);
    }

    protected override void OnAfterRender(bool firstRender)
    {
        if (firstRender)
            refresh = new FeedRefresh(Feeds.Of(Api.Reader), InvokeAsync, RedrawAsync);
    }
}
