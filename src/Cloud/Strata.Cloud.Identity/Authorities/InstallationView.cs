using System.Security.Cryptography.X509Certificates;

namespace Strata.Cloud.Identity.Authorities;

/// <summary>The installation's authority as it is now.</summary>
/// <param name="Signing">The intermediate that certifies tenants' authorities and the node's server; above it, its root.</param>
/// <param name="Previous">The certificate of the intermediate before it, while a roll-over is under way.</param>
/// <param name="PreviousRoot">Its root; the same one where only the intermediate is replaced.</param>
/// <param name="NewByOld">The root of now, certified by the one before: leads who knows only the old one to the new one. Null where the root is not replaced.</param>
/// <param name="OldByNew">The root before, certified by the one of now.</param>
internal sealed record InstallationView(
    AuthorityGenerations State, SigningAuthority Signing, X509Certificate2? Previous, X509Certificate2? PreviousRoot, X509Certificate2? NewByOld, X509Certificate2? OldByNew)
{
    public X509Certificate2 Root => Signing.Above[^1];

    /// <summary>A roll-over is under way.</summary>
    public bool IsRolling => Previous is not null;

    /// <summary>A roll-over is under way, and it is of the root.</summary>
    public bool IsRootRolling => NewByOld is not null;

    /// <summary>What devices are to trust now, the newest first.</summary>
    public IReadOnlyList<X509Certificate2> Roots => IsRootRolling ? [Root, PreviousRoot!] : [Root];

    /// <summary>What a server sends beside its own certificate, for clients that know either root.</summary>
    public X509Certificate2Collection Between => NewByOld is null ? [Signing.Certificate] : [Signing.Certificate, NewByOld];

    /// <summary>What leads from either root to either (RFC 7030, 4.1.3).</summary>
    public IEnumerable<X509Certificate2> Crossed => new[] { NewByOld, OldByNew }.OfType<X509Certificate2>();
}
