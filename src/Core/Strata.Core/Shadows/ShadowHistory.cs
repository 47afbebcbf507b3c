using System.Numerics;
using System.Text.Json;

namespace Strata.Core.Shadows;

/// <summary>One change of a shadow, as it is kept: what it made differ, and what takes it back.</summary>
/// <param name="Version">The shadow's after it.</param>
/// <param name="Number">Which change of the shadow it is, from 1; 0 of one that was kept before they were counted.</param>
/// <param name="Time">ms since 1970 UTC.</param>
/// <param name="Change">Patches by part.</param>
/// <param name="Back">The patches that make of the state after it the state before.</param>
public sealed record ShadowEntry(long Version, long Number, long Time, string Actor, string? Why, ShadowPatches Change, ShadowPatches Back)
{
    /// <summary>The entry of a change; null when no value differs: then only version and times did.</summary>
    public static ShadowEntry? Of(ShadowChange change, string actor, string? why)
    {
        var (before, after) = (change.Before, change.After);
        return change.HasChanged ? new ShadowEntry(after.Version, after.Changes, after.Time, actor, why, ShadowPatches.Between(before, after), ShadowPatches.Between(after, before)) : null;
    }
}

/// <summary>A patch for each part; empty where nothing differs.</summary>
/// <param name="Deletes">The shadow is not there afterwards.</param>
public sealed record ShadowPatches(ShadowObject Desired, ShadowObject Reported, ShadowObject Tags, bool Deletes)
{
    public ShadowObject this[ShadowSection section] => section switch
    {
        ShadowSection.Desired => Desired,
        ShadowSection.Reported => Reported,
        _ => Tags,
    };

    /// <summary>No value differs.</summary>
    public bool IsEmpty => Desired.IsEmpty && Reported.IsEmpty && Tags.IsEmpty;

    public static ShadowPatches Between(Shadow from, Shadow to) => new(
        ShadowMath.Between(from.Desired.Root, to.Desired.Root), ShadowMath.Between(from.Reported.Root, to.Reported.Root), ShadowMath.Between(from.Tags.Root, to.Tags.Root), to.IsDeleted);

    public byte[] Write()
    {
        using var text = ShadowText.Take();
        WriteTo(text.Writer);
        return text.ToArray();
    }

    public void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        foreach (var section in ShadowSections.All)
        {
            if (this[section].IsEmpty)
                continue;
            writer.WritePropertyName(ShadowRequest.NameOf(section));
            ShadowCodec.WriteState(writer, this[section]);
        }
        if (Deletes)
            writer.WriteBoolean("deleted"u8, true);
        writer.WriteEndObject();
    }

    /// <exception cref="JsonException">It is none.</exception>
    public static ShadowPatches Read(ReadOnlySpan<byte> bytes)
    {
        var reader = new Utf8JsonReader(bytes, ShadowCodec.Reading);
        var read = new ShadowPatches(ShadowObject.Empty, ShadowObject.Empty, ShadowObject.Empty, false);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString();
            reader.Read();
            read = name switch
            {
                "desired" => read with { Desired = ShadowReader.ReadObject(ref reader, "desired", 1, ShadowLimits.OfKept) },
                "reported" => read with { Reported = ShadowReader.ReadObject(ref reader, "reported", 1, ShadowLimits.OfKept) },
                "tags" => read with { Tags = ShadowReader.ReadObject(ref reader, "tags", 1, ShadowLimits.OfKept) },
                _ => read with { Deletes = reader.GetBoolean() },
            };
        }
        return read;
    }
}

/// <summary>A shadow's history: where its changes are kept, and how to go back in it.</summary>
public static class ShadowHistory
{
    /// <summary>Changes that may be kept of a shadow.</summary>
    public const int MostKept = 10_000;

    /// <summary>
    /// Where a change is kept: in a ring, so that the next is written over the oldest and nothing is made and deleted. A ring has a power of two of places, so that when another number is kept from now on
    /// none is lost that is younger than the smaller ring is long.
    /// </summary>
    /// <param name="kept">How many are kept, 1 to <see cref="MostKept"/>.</param>
    public static long PlaceOf(long number, int kept) => number & (BitOperations.RoundUpToPowerOf2((uint)kept) - 1);

    /// <summary>Where the last changes up to a state may be: in a ring of whatever size there was, and at their number itself, for it was the version before changes were counted, and a place of its own.</summary>
    public static IReadOnlyCollection<long> PlacesOf(Shadow current, int kept)
    {
        var places = new HashSet<long>();
        for (var number = current.Changes; number > Math.Max(0, current.Changes - kept); number--)
        {
            places.Add(number);
            for (var ring = (long)BitOperations.RoundUpToPowerOf2((uint)MostKept); ring > 0; ring /= 2)
                places.Add(number & (ring - 1));
        }
        return places;
    }

    /// <summary>Of changes that were found, the last up to a state, the newest first: no more than <paramref name="kept"/>, and none beyond one that is missing.</summary>
    public static List<ShadowEntry> UpTo(Shadow current, IEnumerable<ShadowEntry> found, int kept)
    {
        var last = new List<ShadowEntry>();
        foreach (var entry in found.Where(e => e.Version <= current.Version).OrderByDescending(e => e.Version))
        {
            if (last.Count == kept || (entry.Number != 0 && entry.Number != current.Changes - last.Count))
                break;
            last.Add(entry);
        }
        return last;
    }

    /// <summary>The shadow as it was at a version: values, not who wrote them. The entries are all those after it, the newest first.</summary>
    public static Shadow Before(Shadow current, IEnumerable<ShadowEntry> newer, long version, long time)
    {
        var shadow = current;
        foreach (var entry in newer)
        {
            foreach (var section in ShadowSections.All)
            {
                if (!entry.Back[section].IsEmpty)
                    shadow = shadow.With(section, shadow[section] with { Root = ShadowMath.Merge(shadow[section].Root, entry.Back[section], time, "") });
            }
            shadow = shadow with { IsDeleted = entry.Back.Deletes };
        }
        return shadow with { Version = version, Time = time };
    }

    /// <summary>The request that takes a change of the cloud's back. What the device reported is its own; and where one of the fields was changed again since, that is a conflict.</summary>
    public static Outcome<ShadowRequest> Undo(Shadow current, ShadowEntry entry, string? why)
    {
        if (entry.Back.Desired.IsEmpty && entry.Back.Tags.IsEmpty)
            return new Problem(ProblemKind.Conflict, $"Version {entry.Version} changed nothing of desired or tags; what a device reported is not taken back.", "version");
        foreach (var section in (ReadOnlySpan<ShadowSection>)[ShadowSection.Desired, ShadowSection.Tags])
        {
            // What goes back may be a whole object that the change made: what others put into it since is theirs.
            foreach (var (path, _) in ShadowMath.Leaves(entry.Change[section]).Concat(ShadowMath.Leaves(entry.Back[section])))
            {
                var (made, now) = (ShadowMath.At(entry.Change[section], path), ShadowMath.At(current[section].Root, path));
                if (made is null or ShadowLeaf { IsNull: true } ? now is not null : !ShadowNode.SameValue(now, made))
                    return new Problem(ProblemKind.Conflict, $"{ShadowRequest.NameOf(section)}{path} was changed again after version {entry.Version}; undo the later change first, or set it.", "version");
            }
        }
        return new ShadowRequest(PartOf(entry.Back.Desired), null, PartOf(entry.Back.Tags), current.Version, null, why ?? $"undo of version {entry.Version}");
    }

    private static ShadowPartRequest? PartOf(ShadowObject patch) => patch.IsEmpty ? null : new ShadowPartRequest(patch);
}
