using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Strata.Cloud.Devices.Rows;

/// <summary>Small collections that are one JSON column, and their empty values. Keys are sorted ordinally.</summary>
internal static class Values
{
    public static readonly ImmutableSortedDictionary<string, string> NoPolicies = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    public static readonly ImmutableSortedDictionary<string, double> NoDeadband = ImmutableSortedDictionary.Create<string, double>(StringComparer.Ordinal);

    public static ImmutableSortedDictionary<string, T> Sorted<T>(IEnumerable<KeyValuePair<string, T>> pairs) =>
        ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, pairs);

    public sealed class PoliciesConverter() : ValueConverter<ImmutableSortedDictionary<string, string>, string>(v => Write(v), t => ReadMap<string>(t));

    public sealed class DeadbandConverter() : ValueConverter<ImmutableSortedDictionary<string, double>, string>(v => Write(v), t => ReadMap<double>(t));

    public sealed class NamesConverter() : ValueConverter<ImmutableArray<string>, string>(v => Write(v), t => ReadNames(t));

    /// <summary>Rows are replaced whole, never changed in place: the reference is the value.</summary>
    public sealed class ByReference<T>() : ValueComparer<T>((a, b) => object.Equals(a, b), v => v!.GetHashCode(), v => v);

    private static string Write<T>(T value) => JsonSerializer.Serialize(value);

    private static ImmutableSortedDictionary<string, T> ReadMap<T>(string text) => Sorted(JsonSerializer.Deserialize<Dictionary<string, T>>(text) ?? []);

    private static ImmutableArray<string> ReadNames(string text) => [.. JsonSerializer.Deserialize<string[]>(text) ?? []];
}
