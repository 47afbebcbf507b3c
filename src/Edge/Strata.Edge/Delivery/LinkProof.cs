using System.Security.Cryptography.X509Certificates;
using Strata.Edge.Identity;

namespace Strata.Edge.Delivery;

/// <summary>How the agent shows a gateway who it is, and whom it trusts to be one.</summary>
/// <param name="Secret">Null when it shows a certificate.</param>
/// <param name="Certificate">Null when it has a secret.</param>
internal readonly record struct LinkProof(byte[]? Secret, X509Certificate2? Certificate, GatewayTrust Trust)
{
    public static LinkProof OfSecretFile(string path, GatewayTrust trust) => new(System.Text.Encoding.UTF8.GetBytes(File.ReadAllText(path).Trim()), null, trust);
}
