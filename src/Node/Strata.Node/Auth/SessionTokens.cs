using System.Collections.Concurrent;
using System.Net;
using System.Security.Claims;
using Strata.Core.Tenancy;
using Strata.Node.Devices;

namespace Strata.Node.Auth;

/// <summary>
/// Tokens with which this node's own pages ask its API, on behalf of who is signed in: made in memory, good for as long as the process and the principal, never told to
/// anybody. So the pages see what their reader may see, by the same decision as everything else. Safe from any thread.
/// </summary>
public sealed class SessionTokens(ITokenStore tokens, GatewayDirectory gateways)
{
    /// <summary>Readers at once; beyond it the tokens of all are made anew.</summary>
    private const int Capacity = 10_000;

    private readonly ConcurrentDictionary<(PrincipalKind, TenantId, string), string> byPrincipal = new();
    private readonly ConcurrentDictionary<string, Reader> byToken = new(StringComparer.Ordinal);

    /// <summary>
    /// The token of who is signed in, and the tenant that the session acts for (null: its own); null when the session has ended.
    /// </summary>
    public (string Token, TenantId? Tenant)? For(ClaimsPrincipal reader)
    {
        if (StrataIdentity.ToPrincipal(reader, tokens, gateways) is not { } principal)
            return null;
        if (byToken.Count >= Capacity)
        {
            byPrincipal.Clear();
            byToken.Clear();
        }
        var token = byPrincipal.GetOrAdd((principal.Kind, principal.Tenant, principal.Id), static _ => DeviceSecrets.Create());
        byToken[token] = new Reader(principal, reader.Address());
        return (token, principal.IsPlatformOwner ? reader.ActsFor() : null);
    }

    /// <summary>Whose it is, now: a program's token and a person's session are asked for again each time.</summary>
    /// <param name="address">Where its reader is, when that is known: what the pages do is done from there.</param>
    internal Principal? Find(string token, out IPAddress? address)
    {
        address = null;
        if (!byToken.TryGetValue(token, out var reader))
            return null;
        address = reader.Address;
        var principal = reader.Principal;
        return principal.Kind switch
        {
            PrincipalKind.Token => tokens.FindById(principal.Id),
            PrincipalKind.Person => tokens.FindSession(principal.Id) is { } person && person.Tenant == principal.Tenant ? person : null,
            _ => principal,
        };
    }

    private sealed record Reader(Principal Principal, IPAddress? Address);
}
