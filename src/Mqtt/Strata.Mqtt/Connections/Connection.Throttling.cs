using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;
using Strata.Mqtt.Inspection;
using Strata.Mqtt.Limits;

namespace Strata.Mqtt.Connections;

/// <summary>Publish rates: a client that is over one is not read for a while; one that does not take the hint is sent away.</summary>
internal sealed partial class Connection
{
    /// <summary>
    /// Bytes unread after a wait, those in the kernel included, from which on the client does not care for the acknowledgements it lacks.
    /// </summary>
    private const int MuchUnread = 32 * 1024;

    /// <summary>A wait is looked at again after this, so that a limit that was taken off ends it.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);

    private Throttle? throttle;

    private PublishRates OwnRates => new(broker.Options.MaxPublishRatePerClient, broker.Options.MaxPublishBytesPerClient);

    private PublishRates NamespaceRates => @namespace!.RateLimits;

    /// <summary>The burst holds as many publishes as the rates allow; the rest waits.</summary>
    private bool IsSpent => throttle is { Allowance: var allowance } && (publishes >= allowance.Messages || publishedBytes >= allowance.Bytes);

    /// <summary>The burst counts against a rate.</summary>
    private bool IsRated => publishes > 0 && throttle is { IsOn: true };

    private long NowTicks => broker.Time.GetElapsedTime(0, broker.Time.GetTimestamp()).Ticks;

    /// <summary>Before a burst.</summary>
    /// <param name="unread">Bytes that have come.</param>
    /// <param name="isLast">The peer is gone: what it left is not read for longer than the grace.</param>
    private void LookAtRates(long unread, bool isLast)
    {
        var (own, shared) = (OwnRates, NamespaceRates);
        if (throttle is null && own.IsOff && shared.IsOff)
            return;
        throttle ??= new Throttle();
        if (throttle.HasWaited && !isLast && unread + InKernel() < MuchUnread)
            throttle.OverSince = 0;
        throttle.HasWaited = false;
        var now = NowTicks;
        throttle.IsOn = !own.IsOff || !shared.IsOff;
        throttle.Allowance = throttle.IsOn ? throttle.Rate.Left(own, now).And(@namespace!.Rate.Left(shared, now)) : Allowance.Unlimited;
    }

    /// <summary>Bytes of the peer that have arrived and were not taken yet; 0 where nobody can tell.</summary>
    private int InKernel()
    {
        try
        {
            return context.Features.Get<IConnectionSocketFeature>()?.Socket.Available ?? 0;
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            return 0;
        }
    }

    /// <summary>After a burst: waits while the client or its namespace is over a rate. Nobody is blamed for silence meanwhile; closing and stopping end it.</summary>
    private async ValueTask KeepToRatesAsync()
    {
        if (!IsRated)
            return;
        var now = NowTicks;
        var own = throttle!.Rate.Take(publishes, publishedBytes, OwnRates, now);
        var shared = @namespace!.Rate.Take(publishes, publishedBytes, NamespaceRates, now);
        if (shared > 0)
            @namespace.Totals.Add(Total.Slowed, 1);
        // Nobody is disconnected for others' publishes, but where a namespace has a limit of its own the one that heeds none of its waits is.
        var over = own > 0 || (shared > 0 && @namespace.Limits is not null);
        if (!over && !IsSpent)
            throttle.OverSince = 0;
        else if (over && throttle.OverSince == 0)
            throttle.OverSince = now;
        else if (over && now - throttle.OverSince >= broker.Options.PublishRateGrace.Ticks)
            CloseOverRate();
        if (Math.Max(own, shared) > 0)
            await WaitUntilAsync(now + own, now + shared).ConfigureAwait(false);
    }

    private void CloseOverRate()
    {
        broker.LogOverRate(client!.ClientId, context.RemoteEndPoint, Options.PublishRateGrace);
        Close(DisconnectCause.ByServer, MqttReasonCode.MessageRateTooHigh, "The client publishes more than it may.");
    }

    private async ValueTask WaitUntilAsync(long own, long shared)
    {
        broker.Metrics.Throttled(1);
        hostAtWork = true;
        var wake = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        throttle!.Waiting = wake;
        Interlocked.MemoryBarrier(); // Whoever closes or stops sees the wait, or is seen here.
        while (!IsClosing && !stopping)
        {
            var left = Math.Max(OwnRates.IsOff ? 0 : own, NamespaceRates.IsOff ? 0 : shared) - NowTicks;
            if (left <= 0)
                break;
            var slice = TimeSpan.FromMilliseconds(Math.Ceiling(Math.Min(left, LongestWait.Ticks) / (double)TimeSpan.TicksPerMillisecond));
            await wake.Task.WaitAsync(slice, broker.Time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        throttle.Waiting = null;
        throttle.HasWaited = true;
        Heard();
        hostAtWork = false;
        broker.Metrics.Throttled(-1);
    }

    /// <summary>Ends a wait; after what the wait is to find.</summary>
    private void EndWait()
    {
        Interlocked.MemoryBarrier();
        Volatile.Read(ref throttle)?.Waiting?.TrySetResult();
    }

    /// <summary>What is known of a client that a rate holds for; the read loop's, but <see cref="Waiting"/>, which others read.</summary>
    private sealed class Throttle
    {
        private TaskCompletionSource? waiting;

        public PublishRate Rate { get; } = new();

        public Allowance Allowance { get; set; } = Allowance.Unlimited;

        /// <summary>A rate was set when the burst began.</summary>
        public bool IsOn { get; set; }

        /// <summary>Since when it is over its own rate without a break; 0: it is not.</summary>
        public long OverSince { get; set; }

        public bool HasWaited { get; set; }

        /// <summary>Completed to end a wait.</summary>
        public TaskCompletionSource? Waiting { get => Volatile.Read(ref waiting); set => Volatile.Write(ref waiting, value); }
    }
}
