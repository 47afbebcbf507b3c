using Strata.Mqtt.Delivery;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Subscriptions;

/// <summary>
/// What the filters of one SUBSCRIBE find retained. A packet may hold a quarter of a million filters: together they may walk all that is retained 32 times, and find
/// what a client may have waiting; then no more is looked for, so that one packet is no day's work.
/// </summary>
internal sealed class RetainedSearch(RetainedMessages retained, MqttOptions options)
{
    private const double MaxWalks = 32;

    private readonly List<RetainedBatch> batches = [];
    private double walked;
    private long found;

    public IReadOnlyList<RetainedBatch> Batches => batches;

    /// <summary>Filters that want retained messages are to be refused from now on.</summary>
    public bool IsExhausted => walked >= MaxWalks || found > 2L * options.MaxRetainedMessages;

    /// <param name="further">What the filter finds besides.</param>
    /// <returns>What it found; null: nothing.</returns>
    public RetainedBatch? Find(ReadOnlySpan<byte> filter, SubscriptionOptions granted, IReadOnlyList<KeptMessage> further)
    {
        IReadOnlyList<KeptMessage> messages = [.. retained.Match(filter, out var share), .. further];
        walked += share;
        found += messages.Count;
        if (messages.Count == 0)
            return null;
        var batch = new RetainedBatch(messages, granted.QoS, granted.Identifiers);
        batches.Add(batch);
        return batch;
    }
}
