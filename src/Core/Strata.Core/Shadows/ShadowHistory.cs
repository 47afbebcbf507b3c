using System.Text.Json;

namespace Strata.Core.Shadows;

/// <summary>One change of a shadow, as it is kept: what it made differ, and what takes it back.</summary>
/// <param name="Version">The shadow's after it.</param>
/// <param name="Time">ms since 1970 UTC.</param>
/// <param name="Change">Patches by part.</param>
/// <param name="Back">The patches that make of the state after it the state before.</param>
public sealed record ShadowEntry(long Version, long Time, string Actor, string? Why, ShadowPatches Change, ShadowPatches Back)
{
    /// <summary>The entry of a change; null when no value differs: then only version and times did.</summary>
    public static ShadowEntry? Of(ShadowChange change, string actor, string? why)
    {
        var (before, after) = (change.Before, change.After);
        var patches = ShadowPatches.Between(before, after);
        return patches.IsEmpty && before.IsDeleted == after.IsDeleted ? null : new ShadowEntry(after.Version, after.Time, actor, why, patches, ShadowPatches.Between(after, before));
    }
}

/// <summary>A patch for each part; empty where nothing differs.</summary>
/// <param name="Deletes">The shadow is not there afterwards.</param>
public sealed record ShadowPatches(ShadowObject Desired, ShadowObject Reported, ShadowObject Tags, bool Deletes)
{
    private static readonly ShadowLimits Any = new() { MaxDepth = 120, MaxBytes = 1024 * 1024 };

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
                "desired" => read with { Desired = ShadowReader.ReadObject(ref reader, "desired", 1, Any) },
                "reported" => read with { Reported = ShadowReader.ReadObject(ref reader, "reported", 1, Any) },
                "tags" => read with { Tags = ShadowReader.ReadObject(ref reader, "tags", 1, Any) },
                _ => read with { Deletes = reader.GetBoolean() },
            };
        }
        return read;
    }
}

/// <summary>Goes back in a shadow's history.</summary>
public static class ShadowHistory
{
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
            foreach (var (path, leaf) in ShadowMath.Leaves(entry.Change[section]))
            {
                var now = ShadowMath.At(current[section].Root, path);
                if (leaf.IsNull ? now is not null : !ShadowNode.SameValue(now, leaf))
                    return new Problem(ProblemKind.Conflict, $"{ShadowRequest.NameOf(section)}{path} was changed again after version {entry.Version}; undo the later change first, or set it.", "version");
            }
        }
        return new ShadowRequest(PartOf(entry.Back.Desired), null, PartOf(entry.Back.Tags), current.Version, null, why ?? $"undo of version {entry.Version}");
    }

    private static ShadowPartRequest? PartOf(ShadowObject patch) => patch.IsEmpty ? null : new ShadowPartRequest(patch);
}
