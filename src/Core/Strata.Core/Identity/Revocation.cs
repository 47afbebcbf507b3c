using System.Diagnostics.CodeAnalysis;

namespace Strata.Core.Identity;

/// <summary>How an issued certificate stands.</summary>
public enum CertificateStanding
{
    Good,

    /// <summary>Refused until it is re-instated or revoked.</summary>
    OnHold,

    /// <summary>Refused for good.</summary>
    Revoked,
}

/// <summary>Why a certificate is revoked: RFC 5280, 5.3.1, with its numbers.</summary>
public enum RevocationReason
{
    Unspecified = 0,
    KeyCompromise = 1,
    CaCompromise = 2,
    AffiliationChanged = 3,
    Superseded = 4,
    CessationOfOperation = 5,
    CertificateHold = 6,
    PrivilegeWithdrawn = 9,
}

/// <summary>Which changes of standing there are.</summary>
public static class Revocation
{
    private static readonly (RevocationReason Reason, string Name)[] Written =
    [
        (RevocationReason.Unspecified, "unspecified"), (RevocationReason.KeyCompromise, "key-compromise"), (RevocationReason.CaCompromise, "ca-compromise"),
        (RevocationReason.AffiliationChanged, "affiliation-changed"), (RevocationReason.Superseded, "superseded"), (RevocationReason.CessationOfOperation, "cessation-of-operation"),
        (RevocationReason.CertificateHold, "hold"), (RevocationReason.PrivilegeWithdrawn, "privilege-withdrawn"),
    ];

    /// <summary>The reasons as API and command line write them.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Written.Select(w => w.Name)];

    public static string NameOf(RevocationReason reason) => Written.First(w => w.Reason == reason).Name;

    public static bool TryParse([NotNullWhen(true)] string? name, out RevocationReason reason)
    {
        foreach (var written in Written)
        {
            if (written.Name != name)
                continue;
            reason = written.Reason;
            return true;
        }
        reason = RevocationReason.Unspecified;
        return false;
    }

    /// <summary>The standing after a revocation for this reason; a problem when it cannot be: revoked is for good.</summary>
    public static Outcome<CertificateStanding> Revoke(CertificateStanding standing, RevocationReason reason) => (standing, reason) switch
    {
        (CertificateStanding.Revoked, RevocationReason.CertificateHold) => new Problem(ProblemKind.Conflict, "The certificate is revoked for good; only one that is good can be put on hold.", "reason"),
        (_, RevocationReason.CertificateHold) => CertificateStanding.OnHold,
        _ => CertificateStanding.Revoked,
    };

    /// <summary>The standing after a re-instatement: only from hold.</summary>
    public static Outcome<CertificateStanding> Reinstate(CertificateStanding standing) => standing switch
    {
        CertificateStanding.OnHold => CertificateStanding.Good,
        CertificateStanding.Good => new Problem(ProblemKind.Conflict, "The certificate is not on hold: there is nothing to re-instate."),
        _ => new Problem(ProblemKind.Conflict, "The certificate is revoked for good; issue another one."),
    };
}
