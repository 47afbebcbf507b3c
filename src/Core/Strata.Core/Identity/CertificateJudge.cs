namespace Strata.Core.Identity;

/// <summary>What a leaf says of itself.</summary>
/// <param name="MayIdentifyClients">It names <c>clientAuth</c> among its extended key usages, or names none, and its key may sign.</param>
/// <param name="Names">The device names among its alternative names; a device's has one.</param>
public sealed record CertificateFacts(DateTimeOffset NotBefore, DateTimeOffset NotAfter, bool IsAuthority, bool MayIdentifyClients, IReadOnlyList<CertificateName> Names);

/// <summary>Whether a certificate, whose chain is sound, may speak for a device. Decides; verifies no signature.</summary>
public static class CertificateJudge
{
    /// <summary>Why not, for the log of rejections; null when it may.</summary>
    /// <param name="named">It must name its device; one of a foreign authority need not.</param>
    /// <param name="grace">How long after its end it may still be shown, to ask for the next one.</param>
    /// <param name="revoked">How it stands with its issuer; null for an authority that says nothing of it.</param>
    public static string? Refuse(CertificateFacts certificate, bool named, CertificateStanding? revoked, DateTimeOffset now, TimeSpan tolerance, TimeSpan grace = default)
    {
        if (certificate.IsAuthority)
            return "the certificate is an authority's, not a device's";
        if (!certificate.MayIdentifyClients)
            return "the certificate's key usage is not for clients (clientAuth)";
        if (now + tolerance < certificate.NotBefore)
            return $"the certificate is not valid before {certificate.NotBefore:yyyy-MM-dd HH:mm:ss} UTC";
        if (now - tolerance - grace > certificate.NotAfter)
            return $"the certificate expired at {certificate.NotAfter:yyyy-MM-dd HH:mm:ss} UTC";
        if (named && certificate.Names.Count != 1)
            return certificate.Names.Count == 0 ? "the certificate names no device" : "the certificate names several devices";
        return revoked switch
        {
            CertificateStanding.Revoked => "the certificate is revoked",
            CertificateStanding.OnHold => "the certificate is on hold",
            _ => null,
        };
    }
}
