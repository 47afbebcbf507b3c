namespace Strata.Cloud.Tenancy.People;

/// <summary>
/// Slows the guessing of passwords: after some wrong ones a pair of user and address waits, twice as long each time. Another address of the same user is not
/// touched by it, so nobody is locked out by others. Pairs are of what was typed, whether there is such a user or not. Safe from any thread.
/// </summary>
internal sealed class SignInGuard(PeopleOptions options, TimeProvider time)
{
    private readonly Lock gate = new();
    private readonly Dictionary<(string User, string Address), LinkedListNode<Pair>> pairs = [];
    private readonly LinkedList<Pair> byAge = new();

    /// <summary>How many pairs are remembered.</summary>
    public int Remembered
    {
        get
        {
            lock (gate)
                return pairs.Count;
        }
    }

    /// <summary>How long this pair has to wait before its password is looked at; zero: not at all.</summary>
    public TimeSpan Wait(string user, string address)
    {
        lock (gate)
        {
            var left = pairs.TryGetValue((user, address), out var pair) ? pair.Value.Until - time.GetUtcNow() : TimeSpan.Zero;
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>Notes a wrong password.</summary>
    /// <returns>Whether it is worth a record: the first of a pair, and each that makes its wait longer until the longest.</returns>
    public bool Failed(string user, string address)
    {
        var now = time.GetUtcNow();
        lock (gate)
        {
            if (pairs.Remove((user, address), out var node))
                byAge.Remove(node);
            else if (pairs.Count >= options.MaxRemembered && byAge.First is { } oldest)
                Forget(oldest);
            // Who was quiet for a day begins anew.
            var failures = node is null || now - node.Value.At > TimeSpan.FromDays(1) ? 1 : node.Value.Failures + 1;
            var delay = DelayAfter(failures);
            pairs[(user, address)] = byAge.AddLast(new Pair(user, address, failures, now, now + delay));
            return failures == 1 || (delay > TimeSpan.Zero && DelayAfter(failures - 1) < options.LongestDelay);
        }
    }

    /// <summary>The right password makes the pair new.</summary>
    public void Succeeded(string user, string address)
    {
        lock (gate)
        {
            if (pairs.TryGetValue((user, address), out var node))
                Forget(node);
        }
    }

    private TimeSpan DelayAfter(int failures)
    {
        if (failures < options.FreeFailures)
            return TimeSpan.Zero;
        var doubled = TimeSpan.FromSeconds(1L << Math.Min(failures - options.FreeFailures, 30));
        return doubled < options.LongestDelay ? doubled : options.LongestDelay;
    }

    private void Forget(LinkedListNode<Pair> node)
    {
        byAge.Remove(node);
        pairs.Remove((node.Value.User, node.Value.Address));
    }

    private sealed record Pair(string User, string Address, int Failures, DateTimeOffset At, DateTimeOffset Until);
}
