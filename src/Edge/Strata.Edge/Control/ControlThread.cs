namespace Strata.Edge.Control;

/// <summary>
/// Runs a control loop on a thread of its own, at fixed times: a late cycle does not move the ones after it, and missed ones are left out, not made up for. No
/// other work of the agent runs on it. Where the kernel grants it, it runs before all ordinary threads.
/// </summary>
internal sealed class ControlThread : IDisposable
{
    private readonly ControlLoop loop;
    private readonly TimeProvider time;
    private readonly long period;
    private readonly ManualResetEventSlim stop = new(false, spinCount: 0);
    private readonly Thread thread;

    public ControlThread(ControlLoop loop, TimeSpan period, TimeProvider time)
    {
        (this.loop, this.time) = (loop, time);
        this.period = (long)(period.TotalSeconds * time.TimestampFrequency);
        thread = new Thread(Run) { IsBackground = true, Name = "control" };
        thread.Start();
    }

    /// <summary>Ends the loop after its cycle; the actuator is left at its safe output.</summary>
    public void Dispose()
    {
        stop.Set();
        thread.Join();
        stop.Dispose();
    }

    private void Run()
    {
        loop.IsRealTime = RealTimeScheduling.TryRaise();
        var due = time.GetTimestamp() + period;
        while (!WaitUntil(due))
        {
            var missed = Math.Max(0, (time.GetTimestamp() - due) / period);
            loop.Cycle(due, missed);
            due += (missed + 1) * period;
        }
        loop.Release();
    }

    /// <summary>True when the loop is to end. The wait counts in whole milliseconds, so the last one is rounded up.</summary>
    private bool WaitUntil(long due)
    {
        for (var left = due - time.GetTimestamp(); left > 0; left = due - time.GetTimestamp())
        {
            if (stop.Wait((int)Math.Max(1, left * 1000 / time.TimestampFrequency)))
                return true;
        }
        return stop.IsSet;
    }
}
