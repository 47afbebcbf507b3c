namespace Strata.Core.Identity;

/// <summary>What a tenant asks of its devices' identities.</summary>
public sealed record CertificatePolicy
{
    public static readonly CertificatePolicy Default = new();

    /// <summary>How long operational certificates hold. 1 hour to 2 years; default 90 days.</summary>
    public TimeSpan Lifetime { get; init; } = CertificateTerms.Operational;

    /// <summary>How long after its end an operational certificate may still ask for the next one, and nothing else. 0 to 5 years; default 30 days.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Whether devices may show a secret in place of a certificate. True by default. Secrets let nobody in, and enrol nobody, where it is false.</summary>
    public bool AllowsSecrets { get; init; } = true;

    /// <summary>What is wrong with it; null when nothing is.</summary>
    public Problem? Check()
    {
        if (Lifetime < TimeSpan.FromHours(1) || Lifetime > TimeSpan.FromDays(731))
            return new Problem(ProblemKind.Invalid, "A lifetime is 1 hour to 2 years.", "lifetime");
        return Grace < TimeSpan.Zero || Grace > TimeSpan.FromDays(5 * 366) ? new Problem(ProblemKind.Invalid, "A grace period is 0 to 5 years.", "grace") : null;
    }
}
