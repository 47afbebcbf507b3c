namespace Strata.Cloud.Devices.Registry;

/// <summary>Relations between paths of places that are known to be well formed.</summary>
internal static class Places
{
    /// <summary>Whether <paramref name="path"/> is <paramref name="place"/> or lies inside it.</summary>
    public static bool Contains(string place, string? path) =>
        path is not null && path.StartsWith(place, StringComparison.Ordinal) && (path.Length == place.Length || path[place.Length] == '/');

    public static string? Parent(string path) => path.LastIndexOf('/') is var slash && slash > 0 ? path[..slash] : null;

    public static string Name(string path) => path[(path.LastIndexOf('/') + 1)..];

    /// <summary>The place itself, then what holds it, up to the root.</summary>
    public static IEnumerable<string> SelfAndAbove(string? path)
    {
        for (; path is not null; path = Parent(path))
            yield return path;
    }

    /// <summary>The nearest place that holds all; the first one when they have none in common.</summary>
    public static string Common(IReadOnlyList<string> paths) =>
        SelfAndAbove(paths[0]).FirstOrDefault(above => paths.All(p => Contains(above, p))) ?? paths[0];
}
