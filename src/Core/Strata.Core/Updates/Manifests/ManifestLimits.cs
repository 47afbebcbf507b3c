namespace Strata.Core.Updates.Manifests;

/// <summary>What a manifest may hold.</summary>
public static class ManifestLimits
{
    public const int MaxBytes = 64 * 1024;

    /// <summary>Of models, hardware revisions, versions, needs.</summary>
    public const int MaxItems = 64;

    /// <summary>Of a model or a hardware revision, in characters.</summary>
    public const int MaxNameLength = 128;

    /// <summary>Of signatures beside one manifest.</summary>
    public const int MaxSignatures = 8;

    /// <summary>The largest artifact that can be described, in bytes: 16 GiB.</summary>
    public const long MaxSize = 16L << 30;

    /// <summary>1 to 64 of a-z, 0-9, <c>. _ -</c>, beginning with a letter or digit.</summary>
    public static bool IsComponent(string? text) => text is { Length: > 0 and <= 64 } && IsPlain(text[0]) && text.All(c => IsPlain(c) || c is '.' or '_' or '-');

    public static bool IsSha256(string? text) => text is { Length: 64 } && text.All(c => c is (>= '0' and <= '9') or (>= 'a' and <= 'f'));

    public static bool IsKeyId(string? text) => IsComponent(text);

    private static bool IsPlain(char c) => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c);
}
