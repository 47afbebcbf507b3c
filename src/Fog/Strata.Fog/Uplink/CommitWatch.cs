using Strata.Telemetry;

namespace Strata.Fog.Uplink;

/// <summary>Wakes the projection of a tenant after each of its commits.</summary>
internal sealed class CommitWatch
{
    private readonly Lock gate = new();
    private TaskCompletionSource woken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long last;

    /// <summary>The last commit that was seen; what lies beyond is not looked at yet.</summary>
    public long Last => Volatile.Read(ref last);

    /// <summary>Tells where the store stands before the writer begins.</summary>
    public void StartAt(long commit) => Volatile.Write(ref last, commit);

    public void OnCommitted(CommitReport report)
    {
        lock (gate)
        {
            Volatile.Write(ref last, Math.Max(last, report.Commit));
            woken.TrySetResult();
        }
    }

    /// <summary>Wakes the projection for another reason.</summary>
    public void Wake()
    {
        lock (gate)
            woken.TrySetResult();
    }

    /// <summary>Completes at the next wake-up since the last call to <see cref="Rest"/>.</summary>
    public Task Woken
    {
        get
        {
            lock (gate)
                return woken.Task;
        }
    }

    /// <summary>Called before looking at the store: what is committed from now on wakes again.</summary>
    public void Rest()
    {
        lock (gate)
        {
            if (woken.Task.IsCompleted)
                woken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }
}
