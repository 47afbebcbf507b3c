namespace Strata.Mqtt.Subscriptions;

/// <summary>
/// The subscriptions of one filter. Changed under the tree's lock; read without a lock: a reader takes the array and skips the empty slots.
/// Adding and removing cost amortised constant time, so that a filter with 100,000 subscribers may lose them all at once.
/// </summary>
internal sealed class SubscriberList
{
    private Subscription?[] slots = new Subscription?[1];
    private int used;
    private int live;

    private SharedGroup[] groups = [];

    public bool IsEmpty => Volatile.Read(ref live) == 0 && Volatile.Read(ref groups).Length == 0;

    /// <summary>The shared subscriptions of the filter.</summary>
    public ReadOnlySpan<SharedGroup> Groups => Volatile.Read(ref groups);

    /// <summary>The shared subscription of this name; made when there is none.</summary>
    public SharedGroup Group(string name, string filter)
    {
        foreach (var known in groups)
        {
            if (known.Name == name)
                return known;
        }

        var group = new SharedGroup(name, filter);
        Volatile.Write(ref groups, [.. groups, group]);
        return group;
    }

    /// <summary>Forgets a shared subscription that has no members.</summary>
    public void Remove(SharedGroup group) => Volatile.Write(ref groups, [.. groups.Where(g => !ReferenceEquals(g, group))]);

    /// <summary>The slots as they are; entries may be null.</summary>
    public ReadOnlySpan<Subscription?> Slots => Volatile.Read(ref slots);

    public void Add(Subscription subscription)
    {
        if (used == slots.Length)
            Rebuild(Math.Max(1, live * 2));
        subscription.Slot = used;
        Volatile.Write(ref slots[used++], subscription);
        Volatile.Write(ref live, live + 1);
    }

    public void Remove(Subscription subscription)
    {
        Volatile.Write(ref slots[subscription.Slot], null);
        Volatile.Write(ref live, live - 1);
        if (slots.Length > 8 && live < slots.Length / 4)
            Rebuild(live * 2);
    }

    private void Rebuild(int length)
    {
        var next = new Subscription?[Math.Max(1, length)];
        used = 0;
        foreach (var subscription in slots)
        {
            if (subscription is null)
                continue;
            subscription.Slot = used;
            next[used++] = subscription;
        }

        Volatile.Write(ref slots, next);
    }
}
