namespace Strata.Fog.Link;

/// <summary>Whether the parent is reachable, as the link and the uplink see it. Safe from any thread.</summary>
internal sealed class LinkState(TimeProvider time)
{
    private readonly Lock gate = new();
    private TaskCompletionSource up = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Whether the link stands.</summary>
    public bool IsUp { get; private set; }

    /// <summary>Since when it stands or not.</summary>
    public DateTimeOffset Since { get; private set; } = time.GetUtcNow();

    /// <summary>What the last attempt came to; empty when it succeeded.</summary>
    public string Problem { get; private set; } = "";

    /// <summary>The parent was heard.</summary>
    public void SetUp()
    {
        lock (gate)
        {
            Problem = "";
            if (IsUp)
                return;
            (IsUp, Since) = (true, time.GetUtcNow());
            up.TrySetResult();
            up = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    public void SetDown(string problem)
    {
        lock (gate)
        {
            if (IsUp)
                (IsUp, Since) = (false, time.GetUtcNow());
            Problem = problem;
        }
    }

    /// <summary>Waits so long, or until the link comes up: whoever waits to try again need not wait longer.</summary>
    /// <param name="asked">What the parent asked for is waited for, whatever the link does.</param>
    public async Task WaitAsync(TimeSpan longest, TimeSpan asked, CancellationToken cancellationToken)
    {
        Task cameUp;
        lock (gate)
            cameUp = up.Task;
        var least = asked < longest ? asked : longest;
        if (least > TimeSpan.Zero)
            await Task.Delay(least, time, cancellationToken);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(cameUp, Task.Delay(longest - least, time, either.Token));
        await either.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }
}
