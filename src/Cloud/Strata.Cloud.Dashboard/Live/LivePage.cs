using Microsoft.AspNetCore.Components;
using Strata.Cloud.Contracts;

namespace Strata.Cloud.Dashboard.Live;

/// <summary>A page that redraws when the fleet's figures are refreshed, and loads its own data with a designed error state.</summary>
public abstract class LivePage : ComponentBase, IDisposable
{
    private IDisposable? subscription;
    private int queued;

    [Inject]
    internal FleetFeeds Feeds { get; set; } = default!;

    /// <summary>What the reader's pages share; of nobody until it is known who reads.</summary>
    internal FleetFeed Feed => Feeds.Of(Api.Reader);

    [Inject]
    internal NodeApi Api { get; set; } = default!;

    [Inject]
    internal TimeProvider Time { get; set; } = default!;

    /// <summary>Why the page's data could not be loaded; null when it could.</summary>
    protected string? Error { get; private set; }

    /// <summary>False until the first data are there.</summary>
    protected bool Loaded { get; private set; }

    /// <summary>True until the page is connected: what it shows can be read, and its controls wait, so that nothing typed is lost when it takes over.</summary>
    protected bool Waiting => !RendererInfo.IsInteractive;

    protected StrataClient Client => Api.Client;

    /// <summary>Reads what the page shows. Called at first, and again after each refresh of the feed.</summary>
    protected virtual Task LoadAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>One live item arrived; runs on the page's own thread.</summary>
    protected virtual void OnItem(LiveItem item)
    {
    }

    protected override async Task OnInitializedAsync()
    {
        await Api.OpenAsync();
        await ReloadAsync();
    }

    protected override void OnAfterRender(bool firstRender)
    {
        if (firstRender)
            subscription = Feed.Subscribe(Receive);
    }

    protected async Task ReloadAsync()
    {
        try
        {
            await LoadAsync(CancellationToken.None);
            Error = null;
        }
        catch (Exception e) when (e is HttpRequestException or StrataApiException or TaskCanceledException)
        {
            if (Api.LeaveWhenEnded(e, RendererInfo.IsInteractive))
                return;
            Error = e.Message;
        }
        Loaded = true;
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
