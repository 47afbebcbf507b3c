using System.Collections.Immutable;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rows;
using Strata.Core;
using Strata.Core.Devices;

namespace Strata.Cloud.Devices.UseCases;

/// <summary>What is known of a device beside what a site file says: tags, groups by name, what it is as a unit. Every field is checked.</summary>
internal sealed record DeviceFacts(ImmutableSortedDictionary<string, string> Tags, ImmutableArray<string> Groups, string? Serial, string? Batch, string? PowerProfile)
{
    /// <summary>Groups that one device may be put into by name.</summary>
    public const int MaxGroups = 32;

    /// <summary>Longest serial number, batch and name of a power profile, in characters.</summary>
    public const int MaxTextLength = 128;

    public static readonly DeviceFacts None = new(Values.NoPolicies, [], null, null, null);

    public static Outcome<DeviceFacts> Of(CreateDevice request, RegistryImage image)
    {
        var tags = request.Tags ?? Values.NoPolicies;
        if (DeviceTags.Check(tags) is { } wrong)
            return wrong;
        if ((CheckText(request.Serial, "serial") ?? CheckText(request.Batch, "batch") ?? CheckText(request.PowerProfile, "powerProfile")) is { } text)
            return text;
        var groups = CheckGroups(request.Groups ?? [], image);
        return groups.IsOk ? new DeviceFacts(Values.Sorted(tags), groups.Value, request.Serial, request.Batch, request.PowerProfile) : groups.Problem;
    }

    /// <summary>Groups by name: known ones, in order, each once.</summary>
    public static Outcome<ImmutableArray<string>> CheckGroups(IReadOnlyList<string> groups, RegistryImage image)
    {
        if (groups.FirstOrDefault(g => !image.Groups.ContainsKey(g ?? "")) is { } unknown)
            return new Problem(ProblemKind.Invalid, $"There is no group '{unknown}'.{Suggestion.For(unknown, image.Groups.Keys)}", "groups");
        var sorted = groups.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToImmutableArray();
        return sorted.Length <= MaxGroups ? sorted : new Problem(ProblemKind.Invalid, $"A device is put into at most {MaxGroups} groups by name.", "groups");
    }

    private static Problem? CheckText(string? text, string field) =>
        text is { } given && (given.Length is 0 or > MaxTextLength || given.Any(char.IsControl))
            ? new Problem(ProblemKind.Invalid, $"It has 1 to {MaxTextLength} characters without control characters.", field)
            : null;
}
