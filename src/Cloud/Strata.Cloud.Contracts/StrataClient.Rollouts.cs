namespace Strata.Cloud.Contracts;

/// <summary>Rollouts of updates.</summary>
public sealed partial class StrataClient
{
    /// <summary>What a rollout would be; sends nothing.</summary>
    public Task<RolloutRehearsal> PlanRolloutAsync(CreateRollout request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "api/v1/rollouts/plan", Body(request, Json.CreateRollout), Json.RolloutRehearsal, cancellationToken);

    /// <summary>Drafts it; nothing is sent before it is started.</summary>
    public Task<RolloutInfo> CreateRolloutAsync(CreateRollout request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "api/v1/rollouts", Body(request, Json.CreateRollout), Json.RolloutInfo, cancellationToken);

    /// <summary>The newest first.</summary>
    public Task<Page<RolloutInfo>> ListRolloutsAsync(string? state = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query("api/v1/rollouts", ("state", state)), Json.PageRolloutInfo, cancellationToken);

    /// <summary>Forgets a rollout that is over, or a draft.</summary>
    public Task DeleteRolloutAsync(string id, CancellationToken cancellationToken = default) => SendAsync(HttpMethod.Delete, $"api/v1/rollouts/{Escape(id)}", null, cancellationToken);

    public Task<RolloutInfo> GetRolloutAsync(string id, CancellationToken cancellationToken = default) => GetAsync($"api/v1/rollouts/{Escape(id)}", Json.RolloutInfo, cancellationToken);

    public Task<Page<RolloutDeviceInfo>> ListRolloutDevicesAsync(string id, string? state = null, string? cursor = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query($"api/v1/rollouts/{Escape(id)}/devices", ("state", state), ("cursor", cursor), ("limit", limit)), Json.PageRolloutDeviceInfo, cancellationToken);

    /// <param name="step"><c>start</c>, <c>approve</c>, <c>pause</c>, <c>resume</c>, <c>abort</c>.</param>
    public Task<RolloutInfo> StepRolloutAsync(string id, string step, string? why = null, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"api/v1/rollouts/{Escape(id)}/{step}", Body(new RolloutReason(why), Json.RolloutReason), Json.RolloutInfo, cancellationToken);

    /// <summary>Those that failed are given the update once more.</summary>
    public Task<RolloutRetried> RetryRolloutAsync(string id, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"api/v1/rollouts/{Escape(id)}/retry", null, Json.RolloutRetried, cancellationToken);

    /// <param name="dryRun">Only says which devices would go back, and which cannot.</param>
    public Task<RolloutRollback> RollBackRolloutAsync(string id, bool dryRun, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, Query($"api/v1/rollouts/{Escape(id)}/rollback", ("dryRun", dryRun)), null, Json.RolloutRollback, cancellationToken);

    /// <summary>What a device has run, the newest first.</summary>
    public Task<Page<DeviceSoftware>> ListDeviceSoftwareAsync(string device, CancellationToken cancellationToken = default) =>
        GetAsync($"api/v1/devices/{Escape(device)}/software", Json.PageDeviceSoftware, cancellationToken);

    /// <summary>Devices whose software has a part, by its bill of materials.</summary>
    /// <param name="range">As <c>&gt;=1.0 &lt;1.2.3</c>; null for any version.</param>
    public Task<Page<AffectedDevice>> ListAffectedAsync(string component, string? range = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query("api/v1/rollouts/affected", ("component", component), ("range", range)), Json.PageAffectedDevice, cancellationToken);
}
