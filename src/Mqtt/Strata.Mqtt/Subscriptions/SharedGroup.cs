namespace Strata.Mqtt.Subscriptions;

/// <summary>The members of one share name on one filter (MQTT 5.0 4.8.2): each message goes to one of them. Changed under the tree's lock, read without.</summary>
internal sealed class SharedGroup(string name, string filter)
{
    private int turn;

    public string Name { get; } = name;

    /// <summary>The topic filter with the share name in front.</summary>
    public string Filter { get; } = filter;

    public SubscriberList Members { get; } = new();

    /// <summary>Where to begin: the members take turns.</summary>
    public int NextTurn() => Interlocked.Increment(ref turn) & int.MaxValue;
}
