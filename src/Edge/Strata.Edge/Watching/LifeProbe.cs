using Strata.Edge.Buffering;
using Strata.Edge.Control;

namespace Strata.Edge.Watching;

/// <summary>Whether an agent does its work: its buffer commits, and its control loop, where it has one, goes round.</summary>
internal sealed class LifeProbe(AgentLog log, ControlLoop? control, TimeSpan period, TimeProvider time)
{
    private long cycles = -1;
    private long moved;

    /// <summary>Not answered while the buffer's disk does not answer.</summary>
    public async Task<bool> IsAliveAsync(CancellationToken cancellationToken)
    {
        await log.ReadBooksAsync(cancellationToken);
        if (control is null)
            return true;
        if (control.Figures.Cycles is var now && now != cycles)
            (cycles, moved) = (now, time.GetTimestamp());
        // Asked more often than the loop goes round, the same count is no sign.
        return time.GetElapsedTime(moved) <= period + period;
    }
}
