namespace Strata.Cloud.Contracts;

/// <summary>The lives of devices.</summary>
public sealed partial class StrataClient
{
    /// <summary>Moves a device to another state.</summary>
    /// <param name="revision">The device's as it was read: with another one by now nothing is done (412). Null for any.</param>
    public Task<DeviceInfo> MoveDeviceAsync(string id, MoveDevice move, long? revision = null, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"api/v1/devices/{Escape(id)}/state", Body(move, Json.MoveDevice), Json.DeviceInfo, cancellationToken, revision);

    /// <inheritdoc cref="MoveDeviceAsync"/>
    public Task<DeviceInfo> ChangeDeviceAsync(string id, ChangeDevice change, long? revision = null, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Patch, $"api/v1/devices/{Escape(id)}", Body(change, Json.ChangeDevice), Json.DeviceInfo, cancellationToken, revision);

    public Task<DeviceHistory> GetDeviceHistoryAsync(string id, CancellationToken cancellationToken = default) =>
        GetAsync($"api/v1/devices/{Escape(id)}/history", Json.DeviceHistory, cancellationToken);
}
