namespace Strata.Core.Identity;

/// <summary>How long certificates hold and when they are renewed.</summary>
public static class CertificateTerms
{
    /// <summary>How far a device's clock, and with it what it says a certificate begins, may be off.</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(10);

    /// <summary>Of an operational certificate, unless the tenant says otherwise.</summary>
    public static readonly TimeSpan Operational = TimeSpan.FromDays(90);

    /// <summary>Of a birth certificate.</summary>
    public static readonly TimeSpan Birth = TimeSpan.FromDays(20 * 365.25);

    /// <summary>Of the node's own server certificate.</summary>
    public static readonly TimeSpan Server = TimeSpan.FromDays(90);

    /// <summary>Of the certificate of a gateway's listener.</summary>
    public static readonly TimeSpan Gateway = TimeSpan.FromDays(30);

    /// <summary>Of a tenant's intermediate.</summary>
    public static readonly TimeSpan Intermediate = TimeSpan.FromDays(25 * 365.25);

    /// <summary>Of the root and of the installation's intermediate.</summary>
    public static readonly TimeSpan Root = TimeSpan.FromDays(30 * 365.25);

    /// <summary>From when on it is renewed: two thirds of its life.</summary>
    public static DateTimeOffset RenewAt(DateTimeOffset notBefore, DateTimeOffset notAfter) => notBefore + (notAfter - notBefore) * (2 / 3.0);
}
