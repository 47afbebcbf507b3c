using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Delivery;

/// <summary>Topic aliases towards one client: the first topics get one, for as long as the connection lasts. Not safe for use by two threads at once.</summary>
internal sealed class TopicAliases(int most)
{
    private readonly Dictionary<byte[], ushort> known = new(Utf8Comparer.Instance);

    /// <summary>The alias of a topic, or the one that <see cref="Set"/> would give it; 0 for none.</summary>
    public ushort Of(ReadOnlySpan<byte> topic, out bool isKnown)
    {
        isKnown = known.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(topic, out var alias);
        return isKnown ? alias : known.Count < most ? (ushort)(known.Count + 1) : (ushort)0;
    }

    /// <summary>The client has been told the alias.</summary>
    public void Set(ReadOnlySpan<byte> topic) => known.TryAdd(topic.ToArray(), (ushort)(known.Count + 1));
}
