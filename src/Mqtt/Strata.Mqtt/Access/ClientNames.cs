namespace Strata.Mqtt.Access;

/// <summary>What a client is called, for the placeholders of <see cref="AccessRules"/>.</summary>
/// <param name="ClientId">Stands for <c>{client}</c>.</param>
/// <param name="User">Stands for <c>{user}</c>, and is the one whom rules name; null: nobody.</param>
/// <param name="Device">Stands for <c>{device}</c>: the device that the host knows the client to be, whatever it says itself; null: none, and no rule with <c>{device}</c> applies.</param>
public readonly record struct ClientNames(string ClientId, string? User = null, string? Device = null);
