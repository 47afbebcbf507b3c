using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;

namespace Strata.Cloud.Tenancy.People;

/// <summary>
/// The one place where the slice encrypts: secrets at rest, and tickets that a browser carries and may neither read nor change. Keys are the node's own
/// (<c>keys/</c> of its data folder); what one purpose sealed, another does not open. Safe from any thread.
/// </summary>
internal sealed class SealedBox(IDataProtectionProvider keys, TimeProvider time)
{
    /// <summary>Encrypts and authenticates a secret.</summary>
    public byte[] Seal(string purpose, byte[] secret) => Protector(purpose).Protect(secret);

    /// <exception cref="CryptographicException">It was changed, or its key is gone.</exception>
    public byte[] Open(string purpose, byte[] kept) => Protector(purpose).Unprotect(kept);

    /// <summary>A ticket that is good for some time.</summary>
    public string Issue<T>(string purpose, T content, TimeSpan lifetime) =>
        Protector(purpose).Protect(JsonSerializer.Serialize(new Ticket<T>(content, time.GetUtcNow() + lifetime), JsonSerializerOptions.Web));

    /// <summary>What the ticket says; null when it is none of ours, was changed or is too old.</summary>
    public T? Redeem<T>(string purpose, string? ticket)
        where T : class
    {
        if (ticket is null or { Length: 0 or > 8_192 })
            return null;
        try
        {
            var read = JsonSerializer.Deserialize<Ticket<T>>(Protector(purpose).Unprotect(ticket), JsonSerializerOptions.Web);
            return read is not null && read.Until > time.GetUtcNow() ? read.Content : null;
        }
        catch (Exception e) when (e is CryptographicException or JsonException)
        {
            return null;
        }
    }

    private IDataProtector Protector(string purpose) => keys.CreateProtector("strata.people", purpose);

    private sealed record Ticket<T>(T Content, DateTimeOffset Until);
}
