using System.Collections.Concurrent;
using Strata.Core.Tenancy;
using Strata.Node.Auth;
using Strata.Node.Devices;

namespace Strata.Fog.Served;

/// <summary>
/// The tokens of a gateway: the administrator's, and one for the parent of each tenant, in memory only, with which this gateway asks itself what the parent wants to know. Those read one tenant
/// and change nothing.
/// </summary>
internal sealed class ParentTokens(AdminToken admin) : ITokenStore
{
    private readonly ConcurrentDictionary<TenantId, (string Token, byte[] Hash, Principal Parent)> parents = new();

    /// <inheritdoc />
    public event Action<Principal>? Ended
    {
        add { } // They end with the process.
        remove { }
    }

    /// <summary>The token of a tenant's parent.</summary>
    public string Of(TenantId tenant) => parents.GetOrAdd(tenant, static tenant =>
    {
        var token = DeviceSecrets.Create();
        return (token, DeviceSecrets.Hash(token), new Principal(tenant, PrincipalKind.Node, $"parent-of-{tenant}", "the parent", new Grant(Role.Viewer, AccessScope.WholeTenant)));
    }).Token;

    public Principal? Find(string token)
    {
        var found = admin.Find(token);
        foreach (var (_, hash, parent) in parents.Values)
            found = DeviceSecrets.Matches(System.Text.Encoding.UTF8.GetBytes(token), hash) ? parent : found;
        return found;
    }

    public Principal? FindById(string id) => admin.FindById(id) ?? parents.Values.Select(p => p.Parent).FirstOrDefault(p => p.Id == id);
}
