using System.Text;

namespace Strata.Cloud.Contracts;

/// <summary>Shadows of devices.</summary>
public sealed partial class StrataClient
{
    /// <param name="name">Null for the one without a name.</param>
    /// <param name="version">As it was then; null for now.</param>
    public Task<ShadowInfo> GetShadowAsync(string device, string? name = null, long? version = null, DateTimeOffset? at = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query(ShadowPath(device), ("name", name), ("version", version), ("at", at)), Json.ShadowInfo, cancellationToken);

    /// <param name="json">A <see cref="ShadowUpdateBody"/>.</param>
    /// <param name="version">The version that it was decided on; null for any.</param>
    public Task<ShadowInfo> UpdateShadowAsync(string device, string json, string? name = null, long? version = null, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Patch, Query(ShadowPath(device), ("name", name)), new StringContent(json, Encoding.UTF8, "application/json"), Json.ShadowInfo, cancellationToken, version);

    public Task DeleteShadowAsync(string device, string? name = null, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, Query(ShadowPath(device), ("name", name)), null, cancellationToken);

    /// <summary>Names of the shadows that a device has; the empty one for that without a name.</summary>
    public Task<Page<string>> ListShadowsAsync(string device, CancellationToken cancellationToken = default) => GetAsync($"{ShadowPath(device)}/names", Json.PageString, cancellationToken);

    /// <summary>Newest first.</summary>
    public Task<Page<ShadowChangeInfo>> ListShadowChangesAsync(string device, string? name = null, long? version = null, string? cursor = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query($"{ShadowPath(device)}/history", ("name", name), ("version", version), ("cursor", cursor), ("limit", limit)), Json.PageShadowChangeInfo, cancellationToken);

    /// <param name="from">A version or a time; with neither, what is desired against what is reported.</param>
    /// <param name="to">Null for now.</param>
    public Task<ShadowDiff> DiffShadowAsync(string device, string? name = null, string? from = null, string? to = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query($"{ShadowPath(device)}/diff", ("name", name), ("from", from), ("to", to)), Json.ShadowDiff, cancellationToken);

    public Task<ShadowInfo> UndoShadowAsync(string device, UndoShadow request, string? name = null, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, Query($"{ShadowPath(device)}/undo", ("name", name)), Body(request, Json.UndoShadow), Json.ShadowInfo, cancellationToken);

    /// <summary>Why the device does not follow.</summary>
    public Task<ShadowWhy> ExplainShadowAsync(string device, string? name = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query($"{ShadowPath(device)}/why", ("name", name)), Json.ShadowWhy, cancellationToken);

    private static string ShadowPath(string device) => $"api/v1/devices/{Escape(device)}/shadow";
}
