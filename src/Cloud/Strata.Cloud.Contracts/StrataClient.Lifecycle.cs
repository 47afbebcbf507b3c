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

    /// <summary>Devices by query, in order of their ids.</summary>
    public Task<Page<DeviceInfo>> FindDevicesAsync(string query, string? cursor = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query("api/v1/devices", ("query", query), ("cursor", cursor), ("limit", limit)), Json.PageDeviceInfo, cancellationToken);

    public Task<Page<GroupInfo>> ListGroupsAsync(string? cursor = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query("api/v1/groups", ("cursor", cursor), ("limit", limit)), Json.PageGroupInfo, cancellationToken);

    public Task<GroupInfo> GetGroupAsync(string id, CancellationToken cancellationToken = default) => GetAsync($"api/v1/groups/{Escape(id)}", Json.GroupInfo, cancellationToken);

    public Task<GroupInfo> PutGroupAsync(string id, SaveGroup group, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Put, $"api/v1/groups/{Escape(id)}", Body(group, Json.SaveGroup), Json.GroupInfo, cancellationToken);

    public Task DeleteGroupAsync(string id, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, $"api/v1/groups/{Escape(id)}", null, cancellationToken);

    public Task<BulkInfo> RunBulkAsync(RunBulk request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "api/v1/bulk", Body(request, Json.RunBulk), Json.BulkInfo, cancellationToken);

    public Task<BulkInfo> UndoBulkAsync(string id, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"api/v1/bulk/{Escape(id)}/undo", null, Json.BulkInfo, cancellationToken);

    public Task<BulkInfo> GetBulkAsync(string id, CancellationToken cancellationToken = default) => GetAsync($"api/v1/bulk/{Escape(id)}", Json.BulkInfo, cancellationToken);

    public Task<Page<BulkInfo>> ListBulkAsync(CancellationToken cancellationToken = default) => GetAsync("api/v1/bulk", Json.PageBulkInfo, cancellationToken);

    /// <summary>Puts another registered unit in the place of a broken one.</summary>
    public Task<DeviceInfo> SwapDeviceAsync(string id, SwapDevice request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"api/v1/devices/{Escape(id)}/swap", Body(request, Json.SwapDevice), Json.DeviceInfo, cancellationToken);

    public Task<DecommissionInfo> BeginDecommissionAsync(string id, BeginDecommission request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"api/v1/devices/{Escape(id)}/decommission", Body(request, Json.BeginDecommission), Json.DecommissionInfo, cancellationToken);

    public Task<DecommissionInfo> GetDecommissionAsync(string id, CancellationToken cancellationToken = default) =>
        GetAsync($"api/v1/devices/{Escape(id)}/decommission", Json.DecommissionInfo, cancellationToken);

    /// <summary>The archived readings of a device that is gone, a Parquet file.</summary>
    public async Task GetDeviceArchiveAsync(string id, Stream target, CancellationToken cancellationToken = default)
    {
        using var response = await RequestAsync(HttpMethod.Get, $"api/v1/devices/{Escape(id)}/archive", null, "application/vnd.apache.parquet", cancellationToken);
        await response.Content.CopyToAsync(target, cancellationToken);
    }

    public Task<DecommissionPolicy> GetDecommissionPolicyAsync(CancellationToken cancellationToken = default) => GetAsync("api/v1/decommissioning/policy", Json.DecommissionPolicy, cancellationToken);

    public Task<DecommissionPolicy> PutDecommissionPolicyAsync(DecommissionPolicy policy, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Put, "api/v1/decommissioning/policy", Body(policy, Json.DecommissionPolicy), Json.DecommissionPolicy, cancellationToken);

    /// <summary>Offers a device to another tenant.</summary>
    public Task<TransferInfo> OfferTransferAsync(string device, OfferTransfer offer, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"api/v1/devices/{Escape(device)}/transfer", Body(offer, Json.OfferTransfer), Json.TransferInfo, cancellationToken);

    /// <summary>Devices given to others and received from them, newest first.</summary>
    public Task<Page<TransferInfo>> ListTransfersAsync(string? cursor = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query("api/v1/transfers", ("cursor", cursor), ("limit", limit)), Json.PageTransferInfo, cancellationToken);

    public Task<TransferInfo> AcceptTransferAsync(string id, AcceptTransfer request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"api/v1/transfers/{Escape(id)}/accept", Body(request, Json.AcceptTransfer), Json.TransferInfo, cancellationToken);

    /// <summary>Declines what is offered, or takes back what one has offered.</summary>
    public Task EndTransferAsync(string id, CancellationToken cancellationToken = default) => SendAsync(HttpMethod.Delete, $"api/v1/transfers/{Escape(id)}", null, cancellationToken);

    /// <summary>The signed certificate, a flattened JWS.</summary>
    public Task<string> GetErasureAsync(string id, CancellationToken cancellationToken = default) => GetTextAsync($"api/v1/devices/{Escape(id)}/erasure", "application/jose+json", cancellationToken);

    /// <summary>The public key of such certificates, PEM.</summary>
    public Task<string> GetErasureKeyAsync(CancellationToken cancellationToken = default) => GetTextAsync("pki/erasure.pem", "application/x-pem-file", cancellationToken);

    public Task<Page<HookInfo>> ListHooksAsync(CancellationToken cancellationToken = default) => GetAsync("api/v1/hooks", Json.PageHookInfo, cancellationToken);

    /// <summary>Sets a hook; its secret is in the answer, and in none after it.</summary>
    public Task<HookInfo> PutHookAsync(string name, SaveHook hook, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Put, $"api/v1/hooks/{Escape(name)}", Body(hook, Json.SaveHook), Json.HookInfo, cancellationToken);

    public Task DeleteHookAsync(string name, CancellationToken cancellationToken = default) => SendAsync(HttpMethod.Delete, $"api/v1/hooks/{Escape(name)}", null, cancellationToken);

    public Task<DeviceHistory> GetDeviceHistoryAsync(string id, CancellationToken cancellationToken = default) =>
        GetAsync($"api/v1/devices/{Escape(id)}/history", Json.DeviceHistory, cancellationToken);
}
