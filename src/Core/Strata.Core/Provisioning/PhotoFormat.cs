namespace Strata.Core.Provisioning;

/// <summary>What kind of picture some bytes are: what they say themselves counts, not what somebody says of them.</summary>
public static class PhotoFormat
{
    /// <summary>The media type of a JPEG (ITU-T T.81), PNG (RFC 2083) or WebP (RFC 9649) by its first bytes; null for anything else.</summary>
    public static string? Of(ReadOnlySpan<byte> content) => content switch
    {
        [0xFF, 0xD8, 0xFF, ..] => "image/jpeg",
        [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => "image/png",
        [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, (byte)'W', (byte)'E', (byte)'B', (byte)'P', ..] => "image/webp",
        _ => null,
    };
}
