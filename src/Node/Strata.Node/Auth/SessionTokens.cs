using System.Collections.Concurrent;
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
    private readonly ConcurrentDictionary<string, Principal> byToken = new(StringComparer.Ordinal);

    /// <summary>The token of who is signed in; null when the session's own token was revoked.</summary>
    public string? For(ClaimsPrincipal reader)
    {
        if (StrataIdentity.ToPrincipal(reader, tokens, gateways) is not { } principal)
            return null;
        if (byToken.Count >= Capacity)
        {
            byPrincipal.Clear();
            byToken.Clear();
        }
        var token = byPrincipal.GetOrAdd((principal.Kind, principal.Tenant, principal.Id), static _ => DeviceSecrets.Create());
        byToken[token] = principal;
        return token;
    }

    /// <summary>Whose it is, now: a program's token and a person's session are asked for again each time.</summary>
    internal Principal? Find(string token)
    {
        if (!byToken.TryGetValue(token, out var principal))
            return null;
        return principal.Kind switch
        {
            PrincipalKind.Token => tokens.FindById(principal.Id),
            PrincipalKind.Person => tokens.FindSession(principal.Id) is { } person && person.Tenant == principal.Tenant ? person : null,
            _ => principal,
        };
    }
}
