using System.IO.Compression;

namespace Strata.Cloud.Artifacts;

/// <summary>Documents as they are kept in a row.</summary>
internal static class Packed
{
    public static byte[] Close(ReadOnlySpan<byte> content)
    {
        using var packed = new MemoryStream();
        using (var brotli = new BrotliStream(packed, CompressionLevel.Optimal, leaveOpen: true))
            brotli.Write(content);
        return packed.ToArray();
    }

    public static byte[] Open(byte[] packed)
    {
        using var content = new MemoryStream();
        using (var brotli = new BrotliStream(new MemoryStream(packed), CompressionMode.Decompress))
            brotli.CopyTo(content);
        return content.ToArray();
    }
}
