using Strata.Core.Tenancy;

namespace Strata.Node.Auth;

/// <summary>
/// Tokens of people and programs: HTTP <c>Authorization: Bearer</c>, and the MQTT password of the user <see cref="MqttUser"/>. In memory: asked for every request and
/// connection, from any thread.
/// </summary>
public interface ITokenStore
{
    /// <summary>The user name under which an application connects by MQTT; <c>TENANT/app</c> for who may act for several tenants.</summary>
    const string MqttUser = "app";

    /// <summary>Raised when a token ended: revoked, expired, or its tenant disabled. What was opened with it must end.</summary>
    event Action<Principal>? Ended;

    /// <summary>Whose token it is; null when nobody's, expired or revoked. Takes as long for a wrong secret as for the right one.</summary>
    Principal? Find(string token);

    /// <summary>Who has this id (<see cref="Principal.Id"/>); null when its token is gone, expired or revoked. For sessions that applications and browsers have left here.</summary>
    Principal? FindById(string id);

    /// <summary>Who is signed in by the session of this id, in the tenant it is in; null when it has ended. A node without people has none.</summary>
    Principal? FindSession(string id) => null;
}
