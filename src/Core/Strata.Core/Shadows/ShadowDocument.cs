using System.Text.Json;

namespace Strata.Core.Shadows;

/// <summary>
/// What is said of shadows, in the shapes of AWS IoT: state, metadata (<c>{"timestamp":S}</c> per leaf, for an array one per element), version, timestamp in seconds,
/// and the request's client token. Tags and who wrote what are for the API alone.
/// </summary>
public static class ShadowDocument
{
    /// <summary>The whole shadow as its device sees it, with the delta.</summary>
    public static byte[] Get(Shadow shadow, long now, string? token) => Write(writer =>
    {
        WriteShadow(writer, shadow, ShadowSections.OfDevice, false, true);
        WriteEnd(writer, now, token);
    });

    /// <summary>The whole shadow as the API shows it: with tags, versions of the parts, and who wrote each leaf.</summary>
    public static byte[] Full(Shadow shadow) => Write(writer =>
    {
        WriteShadow(writer, shadow, ShadowSections.All, true, true);
        writer.WriteStartObject("versions"u8);
        foreach (var section in ShadowSections.All)
            writer.WriteNumber(ShadowRequest.NameOf(section), shadow[section].Version);
        writer.WriteEndObject();
        WriteEnd(writer, shadow.Time, null);
    });

    /// <summary>An update was accepted: the fields that it brought.</summary>
    public static byte[] Updated(ShadowChange change, ShadowRequest request) => Write(writer =>
    {
        writer.WriteStartObject("state"u8);
        foreach (var section in change.Touched)
        {
            writer.WritePropertyName(ShadowRequest.NameOf(section));
            if (request[section]!.Patch is { } patch)
                ShadowCodec.WriteState(writer, patch);
            else
                writer.WriteNullValue();
        }
        writer.WriteEndObject();
        writer.WriteStartObject("metadata"u8);
        foreach (var section in change.Touched)
        {
            if (request[section]!.Patch is { IsEmpty: false } patch)
                WriteMetadata(writer, ShadowRequest.NameOf(section), ShadowMath.Merge(ShadowObject.Empty, patch, change.Said, ""), false);
        }
        writer.WriteEndObject();
        writer.WriteNumber("version"u8, change.After.Version);
        WriteEnd(writer, change.After.Time, request.ClientToken);
    });

    /// <summary>What the device has yet to follow; null when nothing.</summary>
    public static byte[]? Delta(Shadow shadow, string? token) => shadow.Delta is { IsEmpty: false } delta
        ? Write(writer =>
        {
            writer.WriteNumber("version"u8, shadow.Version);
            writer.WritePropertyName("state"u8);
            ShadowCodec.WriteState(writer, delta);
            WriteMetadata(writer, "metadata", delta, false);
            WriteEnd(writer, shadow.Time, token);
        })
        : null;

    /// <summary>Before and after of an update, for applications.</summary>
    public static byte[] Documents(ShadowChange change, string? token) => Write(writer =>
    {
        foreach (var (name, shadow) in new[] { ("previous", change.Before), ("current", change.After) })
        {
            writer.WriteStartObject(name);
            WriteShadow(writer, shadow, ShadowSections.OfDevice, false, false);
            writer.WriteEndObject();
        }
        WriteEnd(writer, change.After.Time, token);
    });

    public static byte[] Deleted(Shadow shadow, string? token) => Write(writer =>
    {
        writer.WriteNumber("version"u8, shadow.Version);
        WriteEnd(writer, shadow.Time, token);
    });

    /// <param name="version">The version that is there, where that is what it conflicts with.</param>
    public static byte[] Rejected(Problem problem, long now, string? token, long? version) => Write(writer =>
    {
        writer.WriteNumber("code"u8, CodeOf(problem.Kind));
        writer.WriteString("message"u8, problem.Detail);
        if (version is { } there)
            writer.WriteNumber("version"u8, there);
        WriteEnd(writer, now, token);
    });

    /// <summary>The code of a refusal, as AWS has it.</summary>
    public static int CodeOf(ProblemKind kind) => kind switch
    {
        ProblemKind.Invalid => 400,
        ProblemKind.Unauthenticated => 401,
        ProblemKind.Forbidden => 403,
        ProblemKind.NotFound => 404,
        ProblemKind.Conflict or ProblemKind.Outdated => 409,
        ProblemKind.TooMuch => 413,
        _ => 503,
    };

    private static void WriteShadow(Utf8JsonWriter writer, Shadow shadow, ReadOnlySpan<ShadowSection> sections, bool actors, bool delta)
    {
        writer.WriteStartObject("state"u8);
        foreach (var section in sections)
        {
            if (shadow[section].Root is not { IsEmpty: false } root)
                continue;
            writer.WritePropertyName(ShadowRequest.NameOf(section));
            ShadowCodec.WriteState(writer, root);
        }
        if (delta && shadow.Delta is { IsEmpty: false } differs)
        {
            writer.WritePropertyName("delta"u8);
            ShadowCodec.WriteState(writer, differs);
        }
        writer.WriteEndObject();
        writer.WriteStartObject("metadata"u8);
        foreach (var section in sections)
        {
            if (shadow[section].Root is { IsEmpty: false } root)
                WriteMetadata(writer, ShadowRequest.NameOf(section), root, actors);
        }
        writer.WriteEndObject();
        writer.WriteNumber("version"u8, shadow.Version);
    }

    private static void WriteMetadata(Utf8JsonWriter writer, string name, ShadowObject root, bool actors)
    {
        writer.WriteStartObject(name);
        foreach (var field in root.Fields)
        {
            if (field.Node is ShadowObject inner)
            {
                WriteMetadata(writer, field.Name, inner, actors);
                continue;
            }
            var leaf = (ShadowLeaf)field.Node;
            writer.WritePropertyName(field.Name);
            if (leaf.Json.Span[0] != '[')
            {
                WriteLeaf(writer, leaf, actors);
                continue;
            }
            using var elements = JsonDocument.Parse(leaf.Json);
            writer.WriteStartArray();
            for (var i = elements.RootElement.GetArrayLength(); i > 0; i--)
                WriteLeaf(writer, leaf, actors);
            writer.WriteEndArray();
        }
        writer.WriteEndObject();
    }

    private static void WriteLeaf(Utf8JsonWriter writer, ShadowLeaf leaf, bool actors)
    {
        writer.WriteStartObject();
        writer.WriteNumber("timestamp"u8, leaf.Time / 1000);
        if (actors)
            writer.WriteString("actor"u8, leaf.Actor);
        writer.WriteEndObject();
    }

    private static void WriteEnd(Utf8JsonWriter writer, long time, string? token)
    {
        writer.WriteNumber("timestamp"u8, time / 1000);
        if (token is not null)
            writer.WriteString("clientToken"u8, token);
    }

    private static byte[] Write(Action<Utf8JsonWriter> body)
    {
        using var text = ShadowText.Take();
        text.Writer.WriteStartObject();
        body(text.Writer);
        text.Writer.WriteEndObject();
        return text.ToArray();
    }
}
