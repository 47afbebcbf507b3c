namespace Strata.Core.Devices;

/// <summary>The rule for tags: what people write on a device, name and value, to find it by.</summary>
public static class DeviceTags
{
    /// <summary>Tags of one device.</summary>
    public const int MaxTags = 32;

    /// <summary>Longest name, in characters; the characters are those of a <see cref="DeviceId"/>.</summary>
    public const int MaxNameLength = 64;

    /// <summary>Longest value, in characters.</summary>
    public const int MaxValueLength = 200;

    /// <summary>What is wrong with the tags; null when nothing is.</summary>
    public static Problem? Check(IReadOnlyDictionary<string, string> tags)
    {
        if (tags.Count > MaxTags)
            return new Problem(ProblemKind.Invalid, $"A device has at most {MaxTags} tags; these are {tags.Count}.", "tags");
        foreach (var (name, value) in tags)
        {
            if (!NameRule.IsValid(name, MaxNameLength, allowSpace: false))
                return new Problem(ProblemKind.Invalid, NameRule.Explain("tag's name", name, MaxNameLength, allowSpace: false), "tags");
            if (value is null || value.Length > MaxValueLength || value.Any(char.IsControl))
                return new Problem(ProblemKind.Invalid, $"A tag's value has at most {MaxValueLength} characters and no control characters.", $"tags.{name}");
        }
        return null;
    }
}
