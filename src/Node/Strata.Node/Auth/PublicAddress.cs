using Microsoft.AspNetCore.Http;

namespace Strata.Node.Auth;

/// <summary>The address that links for people begin with.</summary>
/// <param name="given">Scheme, host and port by which people reach the node; null for the one that the caller of the request used.</param>
public sealed class PublicAddress(Uri? given)
{
    /// <param name="path">Of this node, with its query.</param>
    public string Of(HttpRequest request, string path) => given is null ? $"{request.Scheme}://{request.Host}{path}" : Of(path)!;

    /// <summary>Without a request: null when no address is given.</summary>
    public string? Of(string path) => given is null ? null : $"{given.GetLeftPart(UriPartial.Authority)}{path}";
}
