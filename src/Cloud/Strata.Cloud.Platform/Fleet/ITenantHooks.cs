using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform.Fleet;

/// <summary>Whom a tenant wants told by HTTP of what happens, for the slices in which it does. Never waits; safe from any thread.</summary>
public interface ITenantHooks
{
    /// <summary>Tells the hooks that ask for such events.</summary>
    /// <param name="kind">The slice's word and the event's: <c>command.succeeded</c>.</param>
    /// <param name="payload">JSON, sent as it is.</param>
    void Tell(TenantId tenant, string kind, byte[] payload);
}
