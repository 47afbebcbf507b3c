namespace Strata.Cloud.Dashboard.Live;

/// <summary>Light or dark, for charts that must know.</summary>
internal sealed class ThemeState
{
    public event Action? Changed;

    public bool Dark { get; private set; }

    public void Set(bool dark)
    {
        if (Dark == dark)
            return;
        Dark = dark;
        Changed?.Invoke();
    }
}
