namespace Strata.Mqtt.Delivery;

/// <summary>Which sessions without a connection have something due: a will's delay or their own end. Each stands here once.</summary>
internal sealed class SessionClock
{
    private readonly Lock gate = new();
    private readonly SortedDictionary<(long Due, long Order), Session> sessions = [];
    private readonly Dictionary<Session, long> orders = [];
    private long order;

    /// <summary>Has the session given out by <see cref="Take"/> at the time; replaces an earlier time.</summary>
    /// <param name="due">By the engine's clock; <see cref="long.MaxValue"/> for never.</param>
    public void Set(Session session, long due)
    {
        lock (gate)
        {
            Remove(session);
            if (due == long.MaxValue)
                return;
            session.Due = due;
            orders[session] = ++order;
            sessions[(due, order)] = session;
        }
    }

    /// <summary>The sessions that are due, at most so many.</summary>
    public IReadOnlyList<Session> Take(long now, int most)
    {
        lock (gate)
        {
            if (sessions.Count == 0)
                return [];
            var due = sessions.TakeWhile(s => s.Key.Due <= now).Take(most).Select(static s => s.Value).ToList();
            foreach (var session in due)
                Remove(session);
            return due;
        }
    }

    private void Remove(Session session)
    {
        if (orders.Remove(session, out var known))
            sessions.Remove((session.Due, known));
    }
}
