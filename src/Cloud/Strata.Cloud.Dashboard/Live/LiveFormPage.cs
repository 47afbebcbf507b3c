using Microsoft.AspNetCore.Components;

namespace Strata.Cloud.Dashboard.Live;

/// <summary>A page with forms whose data are read again when the fleet's figures are refreshed; what is typed stays.</summary>
public abstract class LiveFormPage : FormPage, IDisposable
{
    private IDisposable? subscription;
    private int queued;

    [Inject]
    internal FleetFeeds Feeds { get; set; } = default!;

    public void Dispose()
    {
        subscription?.Dispose();
        GC.SuppressFinalize(this);
    }

    protected override void OnAfterRender(bool firstRender)
    {
        if (firstRender)
            subscription = Feeds.Of(Api.Reader).Subscribe(item =>
            {
                // A page that has not drawn the last refresh skips this one.
                if (item is null && Interlocked.Exchange(ref queued, 1) == 0)
                    _ = InvokeAsync(RefreshAsync);
            });
    }

    private async Task RefreshAsync()
    {
        await ReloadAsync();
        StateHasChanged();
        Volatile.Write(ref queued, 0);
    }
}
