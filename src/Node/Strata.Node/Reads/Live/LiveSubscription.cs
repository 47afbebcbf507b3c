using System.Threading.Channels;
using Strata.Cloud.Contracts;

namespace Strata.Node.Reads.Live;

/// <summary>
/// One client's queue of live items. The committer writes and never waits; when the queue is full the oldest item goes and is counted. Disposing
/// ends it.
/// </summary>
internal sealed class LiveSubscription : IDisposable
{
    private readonly Channel<LiveItem> queue;
    private readonly Action<LiveSubscription> ended;
    private long dropped;

    public LiveSubscription(LiveFilter filter, int maxWaiting, Action<LiveSubscription> ended)
    {
        Filter = filter;
        this.ended = ended;
        queue = Channel.CreateBounded<LiveItem>(
            new BoundedChannelOptions(maxWaiting) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true },
            _ => Interlocked.Increment(ref dropped));
    }

    public LiveFilter Filter { get; }

    public ChannelReader<LiveItem> Items => queue.Reader;

    public void Offer(LiveItem item) => queue.Writer.TryWrite(item);

    /// <summary>Counts an item that was not offered as dropped.</summary>
    public void LeaveOut() => Interlocked.Increment(ref dropped);

    /// <summary>Items dropped since the last call.</summary>
    public long TakeDropped() => Interlocked.Exchange(ref dropped, 0);

    /// <summary>No more items come; what waits is still read.</summary>
    public void Complete() => queue.Writer.TryComplete();

    public void Dispose()
    {
        Complete();
        ended(this);
    }
}
