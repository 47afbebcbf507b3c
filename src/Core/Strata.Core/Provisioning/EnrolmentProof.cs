using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Strata.Core.Provisioning;

/// <summary>
/// How a device proves that it has the key of its enrolment group that is its own. The group's key never leaves the factory and the node; a device holds
/// <c>HMAC-SHA256(group key, registration id)</c>. It signs what it asks for, and when: the lines are <c>strata-enrol-1</c>, tenant, group, registration, the time in seconds since 1970, SKU, serial number and the
/// SHA-256 of its certificate signing request in lower-case hexadecimal, joined by line feeds, what it has not as an empty line; the signature is their HMAC-SHA256 under the device's key.
/// </summary>
public static class EnrolmentProof
{
    /// <summary>How far the time in a proof may lie from the node's.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(15);

    /// <summary>Bytes of a group's key.</summary>
    public const int KeyLength = 32;

    /// <summary>The device's key.</summary>
    public static byte[] KeyOf(ReadOnlySpan<byte> groupKey, string registration) => HMACSHA256.HashData(groupKey, Encoding.UTF8.GetBytes(registration));

    public static byte[] Sign(ReadOnlySpan<byte> deviceKey, string tenant, string group, string registration, long time, string? sku, string? serial, string csrHash) => HMACSHA256.HashData(
        deviceKey, Encoding.UTF8.GetBytes($"strata-enrol-1\n{tenant}\n{group}\n{registration}\n{time.ToString(CultureInfo.InvariantCulture)}\n{sku}\n{serial}\n{csrHash}"));

    /// <summary>Why the proof is not one; null when it is. Takes the same time wherever the signatures differ.</summary>
    /// <param name="last">The time in the last proof of this registration that was taken; a proof is taken once.</param>
    public static string? WhyNot(ReadOnlySpan<byte> signature, ReadOnlySpan<byte> expected, long time, long? last, DateTimeOffset now)
    {
        if (!CryptographicOperations.FixedTimeEquals(signature, expected))
            return "the signature is not by the device's key of this group";
        if (Math.Abs(now.ToUnixTimeSeconds() - time) > (long)Window.TotalSeconds)
            return $"the proof's time is more than {Window.TotalMinutes:0} minutes from the node's: set the clock";
        return time <= last ? "the proof was used before, or an earlier one than the last was sent" : null;
    }
}
