namespace Strata.Cloud.Contracts;

/// <summary>What a gateway must know to judge the certificates of its tenant's devices without its parent: <c>GET /api/v1/gateways/{id}/trust</c>.</summary>
/// <param name="Version">Of this list; a gateway that says the one it has is answered when there is another.</param>
/// <param name="AllowsSecrets">Whether devices may show a secret in place of a certificate.</param>
/// <param name="Issuer">The key id of the authority that certifies gateways' servers now.</param>
public sealed record GatewayTrustList(
    string Version, IReadOnlyList<GatewayAuthority> Authorities, IReadOnlyList<GatewayStanding> Standings, IReadOnlyList<GatewayBinding> Bindings, bool AllowsSecrets, string Issuer);

/// <summary>An authority whose devices are let in.</summary>
/// <param name="Certificates">PEM: its own, then those between it and the root, the root last.</param>
public sealed record GatewayAuthority(string Id, bool IsForeign, string Name, string? Sku, string Certificates);

/// <summary>A certificate that is not good.</summary>
/// <param name="Standing"><c>OnHold</c> or <c>Revoked</c>.</param>
public sealed record GatewayStanding(string Issuer, string Serial, string Standing);

/// <summary>Whom a certificate speaks for that does not name its device.</summary>
public sealed record GatewayBinding(string Issuer, string Serial, string Device);

/// <summary>A gateway asks for the certificate of its own listener: <c>POST /api/v1/gateways/{id}/certificate</c>.</summary>
/// <param name="Csr">A certificate signing request (PKCS #10), PEM; what it says of names is not taken.</param>
/// <param name="Names">By which its devices know it: host names and addresses, 1 to 16.</param>
public sealed record GatewayCertificateRequest(string Csr, IReadOnlyList<string> Names);

/// <summary>A certificate for a gateway's listener.</summary>
/// <param name="Certificate">PEM.</param>
/// <param name="Chain">PEM: what the gateway sends beside it.</param>
/// <param name="Issuer">The key id of the authority that issued it.</param>
public sealed record GatewayCertificate(string Certificate, string Chain, string Issuer);
