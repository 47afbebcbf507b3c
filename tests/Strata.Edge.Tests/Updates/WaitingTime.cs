using Microsoft.Extensions.Time.Testing;

namespace Strata.Edge.Tests.Updates;

/// <summary>A clock that tells when somebody waits, and how long.</summary>
internal sealed class WaitingTime : FakeTimeProvider
{
    private readonly Lock gate = new();
    private readonly List<(TimeSpan Time, int Count, TaskCompletionSource Source)> awaited = [];
    private readonly Dictionary<TimeSpan, int> waits = [];

    public Task UntilWaitedAsync(TimeSpan wait, int times)
    {
        lock (gate)
        {
            var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (waits.GetValueOrDefault(wait) >= times)
                source.SetResult();
            else
                awaited.Add((wait, times, source));
            return source.Task;
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        lock (gate)
        {
            waits[dueTime] = waits.GetValueOrDefault(dueTime) + 1;
            foreach (var (wait, count, source) in awaited)
            {
                if (wait == dueTime && waits[dueTime] >= count)
                    source.TrySetResult();
            }
        }
        return timer;
    }
}
