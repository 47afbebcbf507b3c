using Strata.Edge.Buffering;
using Strata.Edge.Reduction;
using Strata.Forwarding;

namespace Strata.Edge.Sources;

/// <summary>
/// Source to buffer: what is ready together is reduced and put on the disk as one group. One task; it waits while the buffer is full, and with it the source.
/// </summary>
internal sealed class SamplePump(ISampleSource source, SampleReducer reducer, AgentLog log, Action<Sample> seen)
{
    private const int MaxGroup = 128;
    private readonly List<ForwardRecord> records = [];
    private SourcePosition position;
    private long badRows;
    private int pending;
    private bool given;

    /// <summary>Completes when the source has ended and all of it is in the buffer. Cancelled, it commits what is at hand unless the buffer is full.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        position = log.Memo.Position;
        await using var samples = source.ReadAsync(position, cancellationToken).GetAsyncEnumerator(cancellationToken);
        try
        {
            while (true)
            {
                var next = samples.MoveNextAsync();
                if (!next.IsCompleted || pending >= MaxGroup)
                    await CommitAsync(!source.CanReplay, cancellationToken);
                if (!await next)
                    break;
                Take(samples.Current);
            }
            reducer.TakeBadRows(source.BadRows - badRows);
            pending++;
            await CommitAsync(durable: true, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested && given)
        {
            pending++;
            await CommitAsync(durable: true, cancellationToken);
            throw;
        }
    }

    private void Take(Sample sample)
    {
        reducer.Take(sample, source.BadRows - badRows, records);
        badRows = source.BadRows;
        position = sample.Next;
        pending++;
        given = true;
        seen(sample);
    }

    /// <param name="durable">False: what follows from the source again needs no write without a batch.</param>
    private async Task CommitAsync(bool durable, CancellationToken cancellationToken)
    {
        if (pending == 0)
            return;
        await log.CommitAsync(records, reducer.Save(source.Key, position), durable, cancellationToken);
        records.Clear();
        pending = 0;
    }
}
