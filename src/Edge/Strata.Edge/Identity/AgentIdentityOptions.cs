namespace Strata.Edge.Identity;

/// <summary>Where an agent's identity comes from when it has no secret.</summary>
public sealed record AgentIdentityOptions
{
    /// <summary>The certificate (PEM) with which it asks for its own: a birth certificate from the factory, or a claim certificate that many share.</summary>
    public required string BirthCertificateFile { get; init; }

    /// <summary>The key (PEM) of <see cref="BirthCertificateFile"/>, or the URI (<c>pkcs11:...</c>) of one in a token.</summary>
    public required string BirthKeyFile { get; init; }

    /// <summary>The URI (<c>pkcs11:...</c>) of the agent's own key in a token, which stays the same at each renewal; null when it makes its keys by itself and keeps them in its folder.</summary>
    public string? KeyUri { get; init; }

    /// <summary>The serial number with which a device that shows a claim certificate names itself; null where the birth certificate does.</summary>
    public string? Serial { get; init; }

    /// <summary>How long a try to enrol or to renew may take. 1 s to 5 min; default 40 s.</summary>
    public TimeSpan AnswerLimit { get; init; } = TimeSpan.FromSeconds(40);

    /// <summary>Least time between two tries to renew. 1 min to 1 day; default 1 h.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromHours(1);
}
