namespace Strata.Mqtt.Durability;

/// <summary>What is to be done once a record is on the disk: a publish is acknowledged, or a packet is sent, or the target looks again at what it holds back.</summary>
/// <param name="Target">Null: nothing.</param>
/// <param name="Ticket">The publish to acknowledge; negative for none.</param>
/// <param name="Packet">The packet to send; null for none.</param>
internal readonly record struct AfterCommit(ICommitTarget? Target, int Ticket = -1, byte[]? Packet = null);

/// <summary>Who waits for a commit. Called on the journal's thread.</summary>
internal interface ICommitTarget
{
    void Committed(in AfterCommit after);

    /// <summary>All that one commit brought has been told.</summary>
    void CommitEnded();

    /// <summary>The commit does not come any more: the journal ends, or the disk has failed.</summary>
    void Abandoned()
    {
    }
}

/// <summary>Completes at a commit: true, or false when the journal ends or fails before.</summary>
internal sealed class CommitSignal : ICommitTarget
{
    private readonly TaskCompletionSource<bool> done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<bool> Task => done.Task;

    public void Committed(in AfterCommit after) => done.TrySetResult(true);

    public void CommitEnded()
    {
    }

    public void Abandoned() => done.TrySetResult(false);
}
