using System.Text.Json;

namespace Strata.Core.Shadows;

/// <summary>What is asked of one part.</summary>
/// <param name="Patch">Null: everything in the part is to go.</param>
public sealed record ShadowPartRequest(ShadowObject? Patch);

/// <summary>
/// A request to update a shadow: <c>{"state":{"desired":{},"reported":{},"tags":{}},"version":7,"versions":{"desired":3},"clientToken":"","why":""}</c>. A part that is null is emptied.
/// </summary>
/// <param name="Version">The version it was decided on; null for any.</param>
/// <param name="ClientToken">Given back with the answer; nothing else follows from it, for devices begin to count anew when they start.</param>
/// <param name="Why">For the history.</param>
public sealed record ShadowRequest(ShadowPartRequest? Desired, ShadowPartRequest? Reported, ShadowPartRequest? Tags, long? Version, string? ClientToken, string? Why)
{
    /// <summary>Versions of parts that it was decided on.</summary>
    public long? DesiredVersion { get; init; }

    public long? ReportedVersion { get; init; }

    public long? TagsVersion { get; init; }

    public ShadowPartRequest? this[ShadowSection section] => section switch
    {
        ShadowSection.Desired => Desired,
        ShadowSection.Reported => Reported,
        _ => Tags,
    };

    /// <summary>Reads a request. A field that is none of a request is refused, so that a slip of the pen is not taken for an update of nothing.</summary>
    public static Outcome<ShadowRequest> Parse(ReadOnlySpan<byte> json, ShadowLimits limits)
    {
        if (json.Length > limits.MaxRequestBytes)
            return new Problem(ProblemKind.TooMuch, $"The request has {json.Length:N0} bytes; a shadow's has at most {limits.MaxRequestBytes:N0}.");
        try
        {
            var reader = new Utf8JsonReader(json, ShadowCodec.Reading);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return Invalid("The request is no JSON object; it is {\"state\":{\"reported\":{...}}}.");
            return Read(ref reader, limits);
        }
        catch (JsonException fault)
        {
            return Invalid($"The request is no JSON: line {fault.LineNumber + 1}, byte {fault.BytePositionInLine}.");
        }
        catch (ShadowFormatException fault)
        {
            return Invalid(fault.Message);
        }
    }

    /// <summary>The client token of a request of any kind, as far as it can be read; for <c>get</c> and <c>delete</c>, whose payloads say nothing else that counts.</summary>
    public static string? TokenOf(ReadOnlySpan<byte> json) => FieldsOf(json).Token;

    /// <summary>Token and version of a request without state.</summary>
    public static (string? Token, long? Version) FieldsOf(ReadOnlySpan<byte> json)
    {
        (string? Token, long? Version) found = default;
        try
        {
            var reader = new Utf8JsonReader(json, ShadowCodec.Reading);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return default;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var (isToken, isVersion) = (reader.ValueTextEquals("clientToken"u8), reader.ValueTextEquals("version"u8));
                reader.Read();
                if (isToken && reader.TokenType == JsonTokenType.String && ShadowReader.TextOf(ref reader, "clientToken") is { Length: <= ShadowLimits.MaxTokenLength } token)
                    found.Token = token;
                else if (isVersion && reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var version))
                    found.Version = version;
                else
                    reader.Skip();
            }
        }
        catch (Exception fault) when (fault is JsonException or ShadowFormatException)
        {
            return found; // As far as it could be read.
        }
        return found;
    }

    private static Outcome<ShadowRequest> Read(ref Utf8JsonReader reader, ShadowLimits limits)
    {
        var request = new ShadowRequest(null, null, null, null, null, null);
        var hasState = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var field = ShadowReader.TextOf(ref reader, "the request");
            reader.Read();
            switch (field)
            {
                case "state" when reader.TokenType == JsonTokenType.StartObject:
                    request = ReadState(ref reader, request, limits);
                    hasState = true;
                    break;
                case "version":
                    request = request with { Version = VersionOf(ref reader, "version") };
                    break;
                case "versions" when reader.TokenType == JsonTokenType.StartObject:
                    request = ReadVersions(ref reader, request);
                    break;
                case "clientToken":
                    request = request with { ClientToken = ShortText(ref reader, "clientToken", ShadowLimits.MaxTokenLength) };
                    break;
                case "why":
                    request = request with { Why = ShortText(ref reader, "why", ShadowLimits.MaxWhyLength) };
                    break;
                case "state":
                    return Invalid("'state' is an object: {\"desired\":{...}} or {\"reported\":{...}}.");
                default:
                    return Invalid($"'{(field.Length > 60 ? field[..60] + "..." : field)}' is no field of a request; there are state, version, versions, clientToken and why.");
            }
        }
        while (reader.Read())
        {
            // To the end, so that what follows the object is found.
        }
        return hasState ? request : Invalid("The request has no 'state'.");
    }

    private static ShadowRequest ReadState(ref Utf8JsonReader reader, ShadowRequest request, ShadowLimits limits)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var section = SectionOf(ref reader, "state");
            reader.Read();
            var part = reader.TokenType switch
            {
                JsonTokenType.Null => new ShadowPartRequest(null),
                JsonTokenType.StartObject => new ShadowPartRequest(ShadowReader.ReadObject(ref reader, $"state.{NameOf(section)}", 1, limits)),
                _ => throw new ShadowFormatException($"state.{NameOf(section)} is an object, or null to empty it."),
            };
            if (request[section] is not null)
                throw new ShadowFormatException($"state names '{NameOf(section)}' twice.");
            request = section switch
            {
                ShadowSection.Desired => request with { Desired = part },
                ShadowSection.Reported => request with { Reported = part },
                _ => request with { Tags = part },
            };
        }
        return request;
    }

    private static ShadowRequest ReadVersions(ref Utf8JsonReader reader, ShadowRequest request)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var section = SectionOf(ref reader, "versions");
            reader.Read();
            var version = VersionOf(ref reader, $"versions.{NameOf(section)}");
            request = section switch
            {
                ShadowSection.Desired => request with { DesiredVersion = version },
                ShadowSection.Reported => request with { ReportedVersion = version },
                _ => request with { TagsVersion = version },
            };
        }
        return request;
    }

    private static ShadowSection SectionOf(ref Utf8JsonReader reader, string path) => ShadowReader.TextOf(ref reader, path) switch
    {
        "desired" => ShadowSection.Desired,
        "reported" => ShadowSection.Reported,
        "tags" => ShadowSection.Tags,
        var other => throw new ShadowFormatException($"{path} has 'desired', 'reported' and 'tags', not '{(other.Length > 60 ? other[..60] + "..." : other)}'."),
    };

    private static long? VersionOf(ref Utf8JsonReader reader, string path) => reader.TokenType switch
    {
        JsonTokenType.Null => null,
        JsonTokenType.Number when reader.TryGetInt64(out var version) && version >= 0 => version,
        _ => throw new ShadowFormatException($"'{path}' is a whole number from 0 up."),
    };

    private static string? ShortText(ref Utf8JsonReader reader, string path, int most) => reader.TokenType switch
    {
        JsonTokenType.Null => null,
        JsonTokenType.String when ShadowReader.TextOf(ref reader, path) is var text && text.Length <= most && !ShadowReader.HasControl(text) => text,
        _ => throw new ShadowFormatException($"'{path}' is text of at most {most} characters, without control characters."),
    };

    internal static string NameOf(ShadowSection section) => section switch
    {
        ShadowSection.Desired => "desired",
        ShadowSection.Reported => "reported",
        _ => "tags",
    };

    private static Problem Invalid(string detail) => new(ProblemKind.Invalid, detail);
}
