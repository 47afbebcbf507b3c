using Strata.Cloud.Identity.Authorities;

namespace Strata.Cloud.Identity;

/// <summary>How certificates are issued.</summary>
public sealed class IdentityOptions
{
    /// <summary>Certificates of a device that hold at one time. 2 (the one before and the next) to 1,000, default 8.</summary>
    public int MaxPerDevice { get; init; } = 8;

    /// <summary>Authorities of others that a tenant may register. 0 to 1,000, default 20.</summary>
    public int MaxForeignAuthorities { get; init; } = 20;

    /// <summary>Where others reach the node, for what certificates say of their status; null: they say nothing of it.</summary>
    public Uri? PublicUrl { get; init; }

    /// <exception cref="ArgumentException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        if (MaxForeignAuthorities is < 0 or > 1_000)
            throw new ArgumentException($"A tenant may register {MaxForeignAuthorities} foreign authorities; it takes 0 to 1,000.");
        if (MaxPerDevice is < 2 or > 1_000)
            throw new ArgumentException($"A device may have {MaxPerDevice} certificates; it takes 2 to 1,000.");
    }

    internal StatusAddresses? StatusOf(string authority) => PublicUrl is null ? null : new StatusAddresses(new Uri(PublicUrl, $"/pki/crl/{authority}.crl"), new Uri(PublicUrl, "/pki/ocsp"));
}
