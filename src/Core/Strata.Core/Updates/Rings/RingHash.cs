using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Strata.Core.Updates.Rings;

/// <summary>A number for each pair of rollout and device, the same on every node and for ever: another rollout begins with other devices.</summary>
public static class RingHash
{
    /// <summary>At least 0 and below 1.</summary>
    public static double Of(string rollout, string member)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{rollout}\n{member}"), digest);
        return (BinaryPrimitives.ReadUInt64BigEndian(digest) >> 11) * (1.0 / (1UL << 53));
    }
}
