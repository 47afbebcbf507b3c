using Strata.Core.Tenancy;
using Strata.Node.Auth;

namespace Strata.Node.Tests.Support;

/// <summary>Tokens that a test makes and ends; a token's text is its id. What it does not know, another store is asked for.</summary>
internal sealed class FakeTokens(ITokenStore? further = null) : ITokenStore
{
    private readonly Dictionary<string, Principal> tokens = [];

    public event Action<Principal>? Ended;

    /// <summary>A token of the main tenant; a viewer of all of it unless other grants are given.</summary>
    public Principal Add(string id, params Grant[] grants) => Add(id, TenantId.Main, grants);

    public Principal Add(string id, TenantId tenant, params Grant[] grants)
    {
        var principal = new Principal(
            tenant, PrincipalKind.Token, id, id, grants.Length == 0 ? [new Grant(Role.Viewer, AccessScope.WholeTenant)] : [.. grants]);
        lock (tokens)
            tokens[id] = principal;
        return principal;
    }

    public void End(string id)
    {
        Principal? gone;
        lock (tokens)
            tokens.Remove(id, out gone);
        Ended?.Invoke(gone!);
    }

    public Principal? Find(string token) => FindById(token) ?? further?.Find(token);

    public Principal? FindById(string id)
    {
        lock (tokens)
            return tokens.GetValueOrDefault(id) ?? further?.FindById(id);
    }
}
