using Strata.Mqtt.Inspection;
using Strata.Mqtt.Limits;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt;

/// <summary>Limits of the whole node, and their change while it serves.</summary>
public sealed partial class MqttBroker
{
    private readonly Lock changing = new();
    private MqttOptions announced;

    /// <summary>What waits for the clients of all namespaces.</summary>
    internal QueueUse Queued { get; }

    /// <summary>The limits since their last change; never changed, so that a connection keeps what it was told.</summary>
    internal MqttOptions Announced => Volatile.Read(ref announced);

    /// <summary>
    /// Changes limits while the broker serves. They hold at once, or for new connections, or from the next start, as each says. What is there already and above a limit that was lowered
    /// stays until it goes by itself.
    /// </summary>
    /// <param name="change">Sets what changes; called with a copy first, then, when that is valid, with the limits in force.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range; nothing is changed.</exception>
    public void Change(Action<MqttOptions> change)
    {
        lock (changing)
        {
            var wanted = Options.Copy();
            change(wanted);
            wanted.Validate();
            change(Options);
            Volatile.Write(ref announced, wanted);
        }
    }

    /// <summary>Says what the clients of a namespace may publish; null for what every namespace may. Holds at once.</summary>
    public void Limit(string @namespace, NamespaceLimits? limits)
    {
        if (limits is not null || namespaces.ContainsKey(@namespace))
            NamespaceOf(@namespace).Limits = limits;
    }

    /// <summary>Counts what came for a namespace by another way than MQTT against its limits.</summary>
    /// <returns>Zero when it was counted; else nothing was, and after so long it would be.</returns>
    public TimeSpan TakeRate(string @namespace, int messages, long bytes)
    {
        if (!namespaces.TryGetValue(@namespace, out var known) || known.RateLimits is not { IsOff: false } limits)
            return TimeSpan.Zero;
        var now = Time.GetElapsedTime(0, Time.GetTimestamp()).Ticks;
        if (known.Rate.Debt(limits, now) is > 0 and var debt)
            return TimeSpan.FromTicks(debt);
        known.Rate.Take(messages, bytes, limits, now);
        return TimeSpan.Zero;
    }

    /// <summary>What a namespace has counted; nothing for one that nobody has used.</summary>
    public NamespaceTraffic TrafficOf(string @namespace) => namespaces.TryGetValue(@namespace, out var known)
        ? new NamespaceTraffic(known.Totals.PacketsOut((int)PacketType.Publish), known.Totals.Of(Total.BytesOut), known.Totals.Connected, known.Totals.Of(Total.Slowed))
        : default;

    /// <summary>The most clients of a namespace that were connected at one time since this was asked last. For one asker.</summary>
    public int TakePeakOf(string @namespace) => namespaces.TryGetValue(@namespace, out var known) ? known.Totals.TakePeak() : 0;

    /// <summary>What is held now, by kind of queue.</summary>
    internal IReadOnlyList<QueueDepth> MeasureQueues()
    {
        long inFlight = 0, acknowledgements = 0, retainedWaiting = 0;
        lock (connections)
        {
            foreach (var connection in connections)
            {
                inFlight += connection.Outbox.InFlight;
                retainedWaiting += connection.Outbox.RetainedWaiting;
                acknowledgements += connection.Outbox.Acks.Count;
            }
        }

        long retained = 0, retainedBytes = 0;
        foreach (var @namespace in namespaces.Values)
        {
            retained += @namespace.Retained.Count;
            retainedBytes += @namespace.Retained.Bytes;
        }

        return
        [
            new QueueDepth("session", Queued.Messages, Queued.Bytes),
            new QueueDepth("in_flight", inFlight, null),
            new QueueDepth("acknowledgements", acknowledgements, null),
            new QueueDepth("retained", retained, retainedBytes),
            new QueueDepth("retained_waiting", retainedWaiting, null),
            new QueueDepth("journal", null, Store?.Journal.WaitingBytes ?? 0),
        ];
    }
}
