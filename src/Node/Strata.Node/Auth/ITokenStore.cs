using Strata.Core.Tenancy;

namespace Strata.Node.Auth;

/// <summary>What a token may do.</summary>
public enum TokenRole
{
    /// <summary>Reads and live subscriptions.</summary>
    Application,

    /// <summary>Everything in the tenant.</summary>
    Admin,
}

/// <summary>Who a token stands for.</summary>
/// <param name="Name">Named in audit records.</param>
public sealed record TokenIdentity(TenantId Tenant, string Name, TokenRole Role);

/// <summary>
/// Tokens of people and applications: HTTP <c>Authorization: Bearer</c>, and the MQTT password of the user <see cref="MqttUser"/>.
/// </summary>
public interface ITokenStore
{
    /// <summary>The user name under which an application connects by MQTT.</summary>
    const string MqttUser = "app";

    /// <summary>Whose token it is; null when nobody's, expired or revoked. Called for every request: keep it in memory.</summary>
    ValueTask<TokenIdentity?> FindAsync(string token, CancellationToken cancellationToken);

    /// <summary>Who has this name; null when its token is gone, expired or revoked. Called for sessions that applications have left here.</summary>
    TokenIdentity? FindByName(TenantId tenant, string name);
}
