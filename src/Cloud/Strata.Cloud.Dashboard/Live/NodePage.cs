using Microsoft.AspNetCore.Components;
using Strata.Cloud.Contracts;

namespace Strata.Cloud.Dashboard.Live;

/// <summary>A page of what the node's API answers to its reader: it loads at first, and has a designed state for what could not be loaded.</summary>
public abstract class NodePage : ComponentBase
{
    [Inject]
    internal NodeApi Api { get; set; } = default!;

    [Inject]
    internal TimeProvider Time { get; set; } = default!;

    /// <summary>Why the page's data could not be loaded; null when it could.</summary>
    protected string? Error { get; private set; }

    /// <summary>False until the first data are there.</summary>
    protected bool Loaded { get; private set; }

    /// <summary>True until the page is connected: what it shows can be read, and its controls wait, so that nothing typed is lost when it takes over.</summary>
    protected virtual bool Waiting => !RendererInfo.IsInteractive;

    protected StrataClient Client => Api.Client;

    /// <summary>Reads what the page shows.</summary>
    protected virtual Task LoadAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    protected override async Task OnInitializedAsync()
    {
        await Api.OpenAsync();
        await ReloadAsync();
    }

    protected async Task ReloadAsync()
    {
        try
        {
            await LoadAsync(CancellationToken.None);
            Error = null;
        }
        catch (Exception e) when (IsAnswer(e))
        {
            if (HasEnded(e))
                return;
            Error = e.Message;
        }
        Loaded = true;
    }

    /// <summary>Reads again and draws what came.</summary>
    protected async Task RedrawAsync()
    {
        await ReloadAsync();
        StateHasChanged();
    }

    /// <summary>Whether it is what the API or the way to it says, and not a fault of the page.</summary>
    protected static bool IsAnswer(Exception e) => e is HttpRequestException or StrataApiException or TaskCanceledException;

    /// <summary>Leaves the page when the answer is that its reader's session has ended.</summary>
    protected bool HasEnded(Exception answer) => Api.LeaveWhenEnded(answer, RendererInfo.IsInteractive);
}
