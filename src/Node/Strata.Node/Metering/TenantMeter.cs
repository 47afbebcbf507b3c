using Strata.Core.Metering;
using Strata.Core.Tenancy;

namespace Strata.Node.Metering;

/// <summary>What one tenant uses besides what the store counts, and what it may. Any thread; counting takes no lock and allocates nothing.</summary>
public sealed class TenantMeter(TenantId tenant)
{
    private Quotas quotas = Quotas.Unlimited;
    private CallRate? calls;
    private long apiCalls;
    private long messages;
    private long bytes;
    private long storage;
    private long heldMessages;
    private long heldCalls;

    public TenantId Tenant => tenant;

    /// <summary>What it may use. Replaced while the node runs; holds from then on.</summary>
    public Quotas Quotas
    {
        get => Volatile.Read(ref quotas);
        internal set
        {
            Volatile.Write(ref calls, value.ApiCallsPerMinute is { } rate ? new CallRate(rate) : null);
            Volatile.Write(ref quotas, value);
        }
    }

    /// <summary>Bytes that its readings take, as last measured.</summary>
    public long StorageBytes
    {
        get => Interlocked.Read(ref storage);
        internal set => Interlocked.Exchange(ref storage, value);
    }

    /// <summary>Whether nothing new is to be taken in, because its storage is full.</summary>
    public bool IsFull => Quotas.StorageBytes is { } most && StorageBytes >= most;

    /// <summary>A message that no store counts (routed to subscribers) was taken in.</summary>
    public void Routed(int payloadBytes)
    {
        Interlocked.Increment(ref messages);
        Interlocked.Add(ref bytes, payloadBytes);
    }

    /// <summary>An API call that was let in.</summary>
    public void Called() => Interlocked.Increment(ref apiCalls);

    /// <summary>Whether one more API call is within the quota.</summary>
    /// <returns>Zero to let it in; else how long to wait.</returns>
    public TimeSpan TakeCall(DateTimeOffset now)
    {
        var wait = Volatile.Read(ref calls)?.Bucket.TryTake(1, now) ?? TimeSpan.Zero;
        if (wait > TimeSpan.Zero)
            Interlocked.Increment(ref heldCalls);
        return wait;
    }

    /// <summary>A message was refused because messages come too fast.</summary>
    public void Held() => Interlocked.Increment(ref heldMessages);

    /// <summary>What was refused since the last time.</summary>
    internal (long Messages, long Calls) TakeHeld() => (Interlocked.Exchange(ref heldMessages, 0), Interlocked.Exchange(ref heldCalls, 0));

    /// <summary>What was counted since the last time.</summary>
    internal UsageHour Take(DateTimeOffset hour) => new(tenant, hour, "")
    {
        ApiCalls = Interlocked.Exchange(ref apiCalls, 0),
        MessagesIn = Interlocked.Exchange(ref messages, 0),
        BytesIn = Interlocked.Exchange(ref bytes, 0),
    };

    private sealed class CallRate(long perMinute)
    {
        public TokenBucket Bucket { get; } = new(perMinute / 60.0, perMinute);
    }
}
