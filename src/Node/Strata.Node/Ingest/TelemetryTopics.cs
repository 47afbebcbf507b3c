namespace Strata.Node.Ingest;

/// <summary>What a topic below <c>devices/{id}/</c> is for.</summary>
internal enum DeviceTopic
{
    /// <summary>Routed to subscribers.</summary>
    Other,

    Telemetry,

    Health,

    /// <summary>Below <c>telemetry/</c> or <c>health/</c> but nothing known: routing it would acknowledge what is not stored.</summary>
    Unknown,
}

/// <summary>The topics that carry readings.</summary>
internal static class TelemetryTopics
{
    /// <param name="rest">The topic after <c>devices/{id}/</c>.</param>
    public static DeviceTopic Classify(ReadOnlySpan<byte> rest)
    {
        if (rest.SequenceEqual("telemetry"u8) || rest.SequenceEqual("telemetry/senml"u8))
            return DeviceTopic.Telemetry;
        if (rest.SequenceEqual("health"u8))
            return DeviceTopic.Health;
        return rest.StartsWith("telemetry/"u8) || rest.StartsWith("health/"u8) ? DeviceTopic.Unknown : DeviceTopic.Other;
    }

    /// <summary>Whether the topic tells the device to do something.</summary>
    /// <param name="rest">The topic after <c>devices/{id}/</c>.</param>
    public static bool IsCommand(ReadOnlySpan<byte> rest) => rest.StartsWith("commands/"u8) || rest.StartsWith("jobs/"u8);

    /// <summary>Reads <c>commands/{name}/{request}/response</c>; false for every other topic.</summary>
    /// <param name="rest">The topic after <c>devices/{id}/</c>.</param>
    public static bool TryReadResponse(ReadOnlySpan<byte> rest, out string command, out string request)
    {
        (command, request) = ("", "");
        if (!rest.StartsWith("commands/"u8) || !rest.EndsWith("/response"u8))
            return false;
        var parts = System.Text.Encoding.UTF8.GetString(rest).Split('/');
        if (parts.Length != 4)
            return false;
        (command, request) = (parts[1], parts[2]);
        return true;
    }

    /// <summary>Whether the filter stays within one of the roots an application may listen to.</summary>
    public static bool IsApplicationFilter(string filter) => IsBelow(filter, "devices") || IsBelow(filter, "sites") || IsBelow(filter, "fleet");

    private static bool IsBelow(string filter, string root) =>
        filter.StartsWith(root, StringComparison.Ordinal) && filter.Length > root.Length + 1 && filter[root.Length] == '/';
}
