namespace Strata.Core.Shadows;

/// <summary>Limits of shadows.</summary>
public sealed record ShadowLimits
{
    public static readonly ShadowLimits Default = new();

    /// <summary>For what is kept already: it is read whatever limits hold by now.</summary>
    public static readonly ShadowLimits OfKept = new() { MaxBytes = 1024 * 1024, MaxDepth = 120, AnyNumber = true };

    /// <summary>Bytes of one shadow's desired, reported and tags together, as compact JSON without metadata. 1 KiB to 1 MiB; 32 KiB unless given.</summary>
    public int MaxBytes { get; init; } = 32 * 1024;

    /// <summary>Levels of fields below desired, reported or tags. 1 to 32; 8 unless given.</summary>
    public int MaxDepth { get; init; } = 8;

    /// <summary>Named shadows of one device, beside the one without a name. 0 to 1,000; 10 unless given.</summary>
    public int MaxNamed { get; init; } = 10;

    /// <summary>Numbers may have any exponent, as they had before these were bounded.</summary>
    internal bool AnyNumber { get; init; }

    /// <summary>Longest name of a field, in characters.</summary>
    public const int MaxKeyLength = 128;

    /// <summary>Longest client token, in characters.</summary>
    public const int MaxTokenLength = 64;

    /// <summary>Longest reason of a change, in characters.</summary>
    public const int MaxWhyLength = 500;

    /// <summary>Longest name of a shadow: <c>[A-Za-z0-9:_-]{1,64}</c>.</summary>
    public const int MaxNameLength = 64;

    /// <summary>Bytes of a request: a whole shadow with its escapes and the request's own words.</summary>
    public int MaxRequestBytes => MaxBytes + 4 * 1024;

    /// <summary>Whether a shadow may be called so; the shadow without a name is the empty text.</summary>
    public static bool IsName(string name) => name.Length <= MaxNameLength && name.All(c => char.IsAsciiLetterOrDigit(c) || c is ':' or '_' or '-');

    /// <exception cref="ArgumentException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        Check(MaxBytes is >= 1024 and <= 1024 * 1024, nameof(MaxBytes), "1 KiB to 1 MiB");
        Check(MaxDepth is >= 1 and <= 32, nameof(MaxDepth), "1 to 32");
        Check(MaxNamed is >= 0 and <= 1000, nameof(MaxNamed), "0 to 1,000");
    }

    private static void Check(bool right, string name, string range)
    {
        if (!right)
            throw new ArgumentException($"ShadowLimits.{name} must be {range}.");
    }
}
