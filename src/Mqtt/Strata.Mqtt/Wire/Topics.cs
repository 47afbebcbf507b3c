using System.Text.Unicode;

namespace Strata.Mqtt.Wire;

/// <summary>The rules for topic names and filters (MQTT 5.0 4.7), on UTF-8.</summary>
internal static class Topics
{
    public static int LevelCount(ReadOnlySpan<byte> topic) => topic.Count((byte)'/') + 1;

    /// <summary>Judges a topic name from outside the wire; on the wire <see cref="PublishPacket"/> does.</summary>
    public static bool IsValidName(ReadOnlySpan<byte> topic) =>
        topic.Length is > 0 and <= ushort.MaxValue && Utf8.IsValid(topic) && !topic.ContainsAny((byte)0, (byte)'+', (byte)'#');

    /// <summary>Whether wildcards stand where they may: <c>+</c> alone in a level, <c>#</c> alone in the last one.</summary>
    public static bool IsValidFilter(ReadOnlySpan<byte> filter)
    {
        if (filter.IsEmpty)
            return false;
        while (true)
        {
            var end = filter.IndexOf((byte)'/');
            var level = end < 0 ? filter : filter[..end];
            if (level.Contains((byte)'#') && (level.Length > 1 || end >= 0))
                return false;
            if (level.Contains((byte)'+') && level.Length > 1)
                return false;
            if (end < 0)
                return true;
            filter = filter[(end + 1)..];
        }
    }

    /// <summary>A topic or filter of what the server says about itself.</summary>
    public static bool IsSystem(ReadOnlySpan<byte> topic) => topic.StartsWith("$SYS"u8) && (topic.Length == 4 || topic[4] == (byte)'/');

    /// <summary>A shared subscription of MQTT 5.0 4.8.2 by its look.</summary>
    public static bool IsShared(ReadOnlySpan<byte> filter) => filter.StartsWith("$share/"u8);

    /// <summary>The topic filter of a subscription that was granted, without its share name.</summary>
    public static string WithoutShare(string filter) =>
        filter.StartsWith("$share/", StringComparison.Ordinal) ? filter[(filter.IndexOf('/', "$share/".Length) + 1)..] : filter;

    /// <summary>Cuts a shared subscription into its share name and its filter.</summary>
    /// <returns>False: one of them is missing or the name holds a wildcard (MQTT-4.8.2-1, MQTT-4.8.2-2).</returns>
    public static bool TrySplitShared(ReadOnlySpan<byte> shared, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> filter)
    {
        name = shared["$share/".Length..];
        filter = default;
        var end = name.IndexOf((byte)'/');
        if (end <= 0 || name[..end].ContainsAny((byte)'+', (byte)'#'))
            return false;
        filter = name[(end + 1)..];
        name = name[..end];
        return !filter.IsEmpty;
    }
}
