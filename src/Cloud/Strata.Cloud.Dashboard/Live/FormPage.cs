using Microsoft.AspNetCore.Components;
using Strata.Cloud.Contracts;

namespace Strata.Cloud.Dashboard.Live;

/// <summary>A page of things that its reader changes: it loads once and after each change, and says in place what the API refuses.</summary>
public abstract class FormPage : ComponentBase
{
    private bool isBusy;

    [Inject]
    internal NodeApi Api { get; set; } = default!;

    [Inject]
    internal TimeProvider Time { get; set; } = default!;

    /// <summary>Why the page's data could not be loaded; null when it could.</summary>
    protected string? Error { get; private set; }

    /// <summary>False until the first data are there.</summary>
    protected bool Loaded { get; private set; }

    /// <summary>What the last change was refused for; null when it was done.</summary>
    protected string? Refusal { get; private set; }

    /// <summary>What was done last, in a few words.</summary>
    protected string? Done { get; private set; }

    /// <summary>True until the page is connected, and while a change is on its way: controls wait.</summary>
    protected bool Waiting => !RendererInfo.IsInteractive || isBusy;

    protected StrataClient Client => Api.Client;

    protected DateTimeOffset Now => Time.GetUtcNow();

    /// <summary>Reads what the page shows.</summary>
    protected abstract Task LoadAsync(CancellationToken cancellationToken);

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
            if (Api.LeaveWhenEnded(e, RendererInfo.IsInteractive))
                return;
            Error = e.Message;
        }
        Loaded = true;
    }

    /// <summary>Makes a change, then reads the page's data again.</summary>
    /// <param name="done">What is said when it was done.</param>
    /// <returns>Whether it was done; otherwise <see cref="Refusal"/> says why not.</returns>
    protected async Task<bool> DoAsync(Func<Task> change, string done)
    {
        ArgumentNullException.ThrowIfNull(change);
        if (isBusy)
            return false;
        isBusy = true;
        (Refusal, Done) = (null, null);
        try
        {
            await change();
            Done = done;
            await ReloadAsync();
            return true;
        }
        catch (Exception e) when (IsAnswer(e))
        {
            if (!Api.LeaveWhenEnded(e, RendererInfo.IsInteractive))
                Refusal = e.Message;
            return false;
        }
        finally
        {
            isBusy = false;
        }
    }

    /// <summary>Forgets what the last change came to, when another form is opened.</summary>
    protected void Forget() => (Refusal, Done) = (null, null);

    private static bool IsAnswer(Exception e) => e is HttpRequestException or StrataApiException or TaskCanceledException;
}
