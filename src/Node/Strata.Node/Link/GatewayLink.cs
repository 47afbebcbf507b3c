using System.Collections.Concurrent;
using System.Threading.Channels;
using Strata.Core.Devices;
using Strata.Node.Devices;
using Strata.Node.Reads;

namespace Strata.Node.Link;

/// <summary>One living link: the queue of what is to be sent, and the requests that wait for their answers.</summary>
internal sealed class GatewayLink(GatewayEntry gateway, DateTimeOffset since, GatewayLinkOptions options) : IDisposable
{
    /// <summary>Wakes the loop, which then looks at everything: one waiting token is enough.</summary>
    private readonly Channel<bool> wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });

    private readonly ConcurrentQueue<(string Id, string Path)> requests = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource<GatewayReply>> waiting = new();
    private readonly CancellationTokenSource ended = new();
    private int outstanding;
    private int changed;
    private int ping;
    private int downward;

    public GatewayEntry Gateway { get; } = gateway;

    public DateTimeOffset Since { get; } = since;

    /// <summary>Cancelled when the link is to end: replaced, revoked, dead or stopping.</summary>
    public CancellationToken Ended => ended.Token;

    /// <summary>Why it ended, when this side ended it.</summary>
    public string? EndReason { get; private set; }

    /// <summary>When anything last came from the gateway; written by any thread.</summary>
    public long LastHeardTicks = since.UtcTicks;

    /// <summary>The last measured time from a request to its answer.</summary>
    public TimeSpan? RoundTrip { get; set; }

    /// <summary>Waits until there is something to send.</summary>
    public async ValueTask WaitAsync(CancellationToken cancellationToken) => await wake.Reader.ReadAsync(cancellationToken);

    /// <summary>Notes that the configuration may have a new version; several before the loop looks are one.</summary>
    public void SignalChanged() => Signal(ref changed);

    public void SignalPing() => Signal(ref ping);

    public bool TakeChanged() => Interlocked.Exchange(ref changed, 0) == 1;

    /// <summary>Notes that something may wait for the gateway's devices.</summary>
    public void SignalDownward() => Signal(ref downward);

    public bool TakeDownward() => Interlocked.Exchange(ref downward, 0) == 1;

    /// <summary>When each message that waits for the gateway was sent over this link; the loop's alone.</summary>
    public Dictionary<string, DateTimeOffset> Sent { get; } = new(StringComparer.Ordinal);

    public bool TakePing() => Interlocked.Exchange(ref ping, 0) == 1;

    /// <summary>Queues a request; null when too many wait already.</summary>
    public Task<GatewayReply>? Ask(string id, string path)
    {
        if (Interlocked.Increment(ref outstanding) > options.MaxOutstanding || requests.Count >= options.MaxOutstanding)
        {
            Interlocked.Decrement(ref outstanding);
            return null;
        }
        var completion = new TaskCompletionSource<GatewayReply>(TaskCreationOptions.RunContinuationsAsynchronously);
        waiting[id] = completion;
        requests.Enqueue((id, path));
        wake.Writer.TryWrite(true);
        return completion.Task;
    }

    /// <summary>The next request that somebody still waits for.</summary>
    public bool TryTakeRequest(out (string Id, string Path) request)
    {
        while (requests.TryDequeue(out request))
        {
            if (waiting.ContainsKey(request.Id))
                return true;
        }
        return false;
    }

    /// <summary>True when the request was still waiting.</summary>
    public bool IsWaiting(string id) => waiting.ContainsKey(id);

    public bool Complete(string id, GatewayReply reply) => waiting.TryGetValue(id, out var completion) && completion.TrySetResult(reply);

    /// <summary>The asker waits no longer.</summary>
    public void Forget(string id)
    {
        if (waiting.TryRemove(id, out _))
            Interlocked.Decrement(ref outstanding);
    }

    /// <summary>Ends the link; its loop leaves, its requests fail.</summary>
    public void End(string reason)
    {
        EndReason ??= reason;
        ended.Cancel();
        foreach (var completion in waiting.Values)
            completion.TrySetCanceled();
    }

    public void Dispose() => ended.Dispose();

    private void Signal(ref int flag)
    {
        Volatile.Write(ref flag, 1);
        wake.Writer.TryWrite(true);
    }
}

/// <summary>A link as operators see it.</summary>
/// <param name="Since">When it was made.</param>
/// <param name="LastHeard">When anything last came from the gateway.</param>
/// <param name="RoundTrip">The last measured time from a request to its answer; null while none was measured.</param>
public sealed record GatewayLinkState(GatewayId Gateway, DateTimeOffset Since, DateTimeOffset LastHeard, TimeSpan? RoundTrip);
