using Strata.Cloud.Identity.Authorities;
using Strata.Core.Identity;

namespace Strata.Cloud.Identity;

/// <summary>How certificates are issued.</summary>
public sealed class IdentityOptions
{
    /// <summary>How long an operational certificate holds. 1 hour to 2 years, default 90 days.</summary>
    public TimeSpan Lifetime { get; init; } = CertificateTerms.Operational;

    /// <summary>Certificates of a device that hold at one time. 2 (the one before and the next) to 1,000, default 8.</summary>
    public int MaxPerDevice { get; init; } = 8;

    /// <summary>Where others reach the node, for what certificates say of their status; null: they say nothing of it.</summary>
    public Uri? PublicUrl { get; init; }

    /// <exception cref="ArgumentException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        if (Lifetime < TimeSpan.FromHours(1) || Lifetime > TimeSpan.FromDays(731))
            throw new ArgumentException($"Certificates live {Lifetime}; they take 1 hour to 2 years.");
        if (MaxPerDevice is < 2 or > 1_000)
            throw new ArgumentException($"A device may have {MaxPerDevice} certificates; it takes 2 to 1,000.");
    }

    internal StatusAddresses? StatusOf(string authority) => PublicUrl is null ? null : new StatusAddresses(new Uri(PublicUrl, $"/pki/crl/{authority}.crl"), new Uri(PublicUrl, "/pki/ocsp"));
}
