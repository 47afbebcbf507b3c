namespace Strata.Cloud.Artifacts.Content;

/// <summary>Holds bytes that are being taken in or read for a patch, so that a removal at the same time leaves them. Safe from any thread.</summary>
internal sealed class ContentPins
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, int> pins = [];

    /// <summary>Until it is disposed, nobody removes the bytes.</summary>
    public IDisposable Hold(string sha256)
    {
        lock (gate)
            pins[sha256] = pins.GetValueOrDefault(sha256) + 1;
        return new Pin(this, sha256);
    }

    /// <summary>Runs the removal unless somebody holds the bytes; nobody gets hold of them meanwhile.</summary>
    public void Remove(string sha256, Action<string> remove)
    {
        lock (gate)
        {
            if (!pins.ContainsKey(sha256))
                remove(sha256);
        }
    }

    private void Release(string sha256)
    {
        lock (gate)
        {
            if (--pins[sha256] == 0)
                pins.Remove(sha256);
        }
    }

    private sealed class Pin(ContentPins pins, string sha256) : IDisposable
    {
        private int done;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref done, 1) == 0)
                pins.Release(sha256);
        }
    }
}
