namespace Strata.Cloud.Contracts;

/// <summary>Devices that are mounted at their places.</summary>
public sealed partial class StrataClient
{
    /// <summary>The device that a label is of.</summary>
    public Task<LabelledDevice> FindLabelAsync(string code, CancellationToken cancellationToken = default) =>
        GetAsync(Query("api/v1/labels", ("code", code)), Json.LabelledDevice, cancellationToken);

    /// <summary>Says that a device was mounted at a place; twice with the same id is once.</summary>
    public Task<MountingInfo> MountAsync(MountDevice request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "api/v1/mountings", Body(request, Json.MountDevice), Json.MountingInfo, cancellationToken);

    /// <summary>Newest first.</summary>
    public Task<Page<MountingInfo>> ListMountingsAsync(string? device = null, string? cursor = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query("api/v1/mountings", ("device", device), ("cursor", cursor), ("limit", limit)), Json.PageMountingInfo, cancellationToken);
}
