namespace Strata.Cloud.Commands.Running;

/// <summary>Who is left alone for a while, after something went wrong with him. Of one loop.</summary>
/// <param name="length">How long.</param>
internal sealed class Pauses<T>(TimeSpan length)
    where T : notnull
{
    private readonly Dictionary<T, DateTimeOffset> begun = [];

    public void Begin(T whose, DateTimeOffset now) => begun[whose] = now;

    public void End(T whose) => begun.Remove(whose);

    public bool IsOn(T whose, DateTimeOffset now) => begun.TryGetValue(whose, out var since) && IsOn(since, now);

    /// <summary>Forgets those that are over.</summary>
    public void Trim(DateTimeOffset now)
    {
        foreach (var over in begun.Where(b => !IsOn(b.Value, now)).Select(b => b.Key).ToList())
            begun.Remove(over);
    }

    /// <summary>A clock that was set back keeps nobody waiting.</summary>
    private bool IsOn(DateTimeOffset since, DateTimeOffset now) => now - since is var past && past >= TimeSpan.Zero && past < length;
}
