namespace Strata.Cloud.Dashboard.Live;

/// <summary>A page of things that its reader changes: it loads once and after each change, and says in place what the API refuses.</summary>
public abstract class FormPage : NodePage
{
    private bool isBusy;

    /// <summary>What the last change was refused for; null when it was done.</summary>
    protected string? Refusal { get; private set; }

    /// <summary>What was done last, in a few words.</summary>
    protected string? Done { get; private set; }

    /// <summary>True until the page is connected, and while a change is on its way: controls wait.</summary>
    protected override bool Waiting => base.Waiting || isBusy;

    protected DateTimeOffset Now => Time.GetUtcNow();

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
            if (!HasEnded(e))
                Refusal = e.Message;
            return false;
        }
        finally
        {
            isBusy = false;
        }
    }

    /// <summary>Says why a change is not even asked for.</summary>
    protected void Refuse(string why) => (Refusal, Done) = (why, null);

    /// <summary>Forgets what the last change came to, when another form is opened.</summary>
    protected void Forget() => (Refusal, Done) = (null, null);
}
