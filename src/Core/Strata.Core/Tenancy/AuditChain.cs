using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Strata.Core.Tenancy;

/// <summary>One audit record, as it is sealed: every field of it.</summary>
/// <param name="Time">Microseconds since 1970-01-01 UTC.</param>
public sealed record AuditEntry(
    long Id, long Time, string Actor, string Action, string Kind, string Subject, string? Detail, string? Before, string? After, string? From, string Result);

/// <summary>
/// The chain of a tenant's audit records: each link's hash is made of the hash before, the link's number and every field of its record, so that a record that was
/// removed, changed or put elsewhere breaks it. The end of the chain is signed, or the last records could be cut off unseen. Pure.
/// </summary>
public static class AuditChain
{
    /// <summary>The hash before the first link.</summary>
    public static byte[] Begin(TenantId tenant) => SHA256.HashData(Encoding.UTF8.GetBytes($"strata audit chain 1\n{tenant}"));

    /// <summary>The hash of a link.</summary>
    /// <param name="number">1 for the first of the tenant; never used twice.</param>
    public static byte[] Link(ReadOnlySpan<byte> before, long number, AuditEntry entry)
    {
        var bytes = new ArrayBufferWriter<byte>(512);
        bytes.Write(before);
        Append(bytes, number);
        Append(bytes, entry.Id);
        Append(bytes, entry.Time);
        foreach (var text in (ReadOnlySpan<string?>)[entry.Actor, entry.Action, entry.Kind, entry.Subject, entry.Detail, entry.Before, entry.After, entry.From, entry.Result])
            Append(bytes, text);
        return SHA256.HashData(bytes.WrittenSpan);
    }

    /// <summary>The signature of a point of the chain: its newest link, or the last one that retention took away.</summary>
    /// <param name="key">The installation's, which is not in the database.</param>
    public static byte[] Sign(ReadOnlySpan<byte> key, TenantId tenant, string kind, long number, ReadOnlySpan<byte> hash) =>
        HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"strata audit mark 1\n{tenant}\n{kind}\n{number}\n{Convert.ToHexStringLower(hash)}"));

    private static void Append(ArrayBufferWriter<byte> bytes, long value)
    {
        BinaryPrimitives.WriteInt64BigEndian(bytes.GetSpan(8), value);
        bytes.Advance(8);
    }

    /// <summary>Its length before it, so that no two records have the same bytes; -1 for none.</summary>
    private static void Append(ArrayBufferWriter<byte> bytes, string? text)
    {
        Append(bytes, text is null ? -1L : Encoding.UTF8.GetByteCount(text));
        Encoding.UTF8.GetBytes(text, bytes);
    }
}
