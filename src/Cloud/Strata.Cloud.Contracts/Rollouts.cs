using System.Text.Json;
using System.Text.Json.Serialization;

namespace Strata.Cloud.Contracts;

/// <summary>A rollout that is to be planned or drafted.</summary>
/// <param name="Artifact">Its id: <c>app/2.0/0123456789ab</c>. Null with <see cref="Configuration"/>.</param>
/// <param name="Query">Which devices, as in a list of devices; those that match later join. Null with <see cref="Devices"/>.</param>
/// <param name="Devices">These devices and no others.</param>
/// <param name="Mode"><c>soft</c> (unless given), <c>forced</c>, <c>downloadOnly</c>.</param>
/// <param name="BySite">Rings are whole places of <see cref="SiteDepth"/> segments.</param>
/// <param name="Rings">1 %, 10 %, 50 %, 100 % with 48, 72, 96, 120 hours unless given.</param>
/// <param name="NeedsApproval">True unless given.</param>
/// <param name="Configuration">What a layer of configuration is to say, or that it goes, in place of an artifact and of the devices: it is for whom the layer concerns.</param>
public sealed record CreateRollout(
    string? Artifact = null, string? Query = null, IReadOnlyList<string>? Devices = null, string? Name = null, string? Mode = null, bool BySite = false, int SiteDepth = 1, IReadOnlyList<RolloutRingPlan>? Rings = null,
    int? InFlight = null, int? PerMinute = null, int? PerGateway = null, bool? NeedsApproval = null, bool InWindows = false, bool RollBackOnAbort = false, double? InstallationLimit = null, double? FalseAlarms = null,
    TimeSpan? ConfirmWithin = null, RolloutConfiguration? Configuration = null);

/// <summary>A configuration that is to be rolled out.</summary>
/// <param name="Layer"><c>tenant</c>, <c>group/ID</c>, <c>site/PATH</c> or <c>device/ID</c>.</param>
/// <param name="Content">What it is to say, in place of what it says; null in it takes away what a weaker layer says. Null with <see cref="Delete"/>.</param>
/// <param name="Delete">The layer goes: in the end it is deleted.</param>
public sealed record RolloutConfiguration(string Layer, JsonElement? Content = null, bool Delete = false);

/// <param name="Share">Of the targets, with the rings before: above 0, at most 1.</param>
/// <param name="Minimum">Devices (or places) at least, with the rings before; 1 unless given.</param>
/// <param name="Soak">How long it is watched.</param>
public sealed record RolloutRingPlan(double Share, TimeSpan Soak, int? Minimum = null);

/// <param name="Artifact">Its id; of a configuration its layer.</param>
/// <param name="Version">Of the component; of a configuration the layer's version in the end, also of one that goes.</param>
/// <param name="Configuration">What is rolled out in place of an artifact; null for an artifact.</param>
public sealed record RolloutInfo(
    string Id, string Name, string State, string Artifact, string Component, string Version, string Mode, string? Query, IReadOnlyList<RolloutRingInfo> Rings, int? Ring, string? Why, string CreatedBy,
    DateTimeOffset Created, bool NeedsApproval, string? ApprovedBy, DateTimeOffset? Started, DateTimeOffset? SoakBegan, DateTimeOffset? Ended, string? Rollback, string? RollbackOf,
    RolloutLayerInfo? Configuration = null);

/// <summary>A configuration that is rolled out.</summary>
/// <param name="Version">Of the layer that it was drafted on; of one that was deleted the version that its end counted; 0 where there never was one.</param>
/// <param name="Before">What the layer said; null where there was none. Only of a rollout that is asked for by its id, for who may read devices everywhere.</param>
/// <param name="Content">What it is to say; as <see cref="Before"/>.</param>
/// <param name="Delete">It goes.</param>
public sealed record RolloutLayerInfo(string Layer, long Version, JsonElement? Before = null, JsonElement? Content = null, bool Delete = false);

/// <param name="Targets">Devices in it, without those of the rings before.</param>
/// <param name="Decision"><c>wait</c>, <c>goOn</c>, <c>abort</c>; null before the ring began.</param>
/// <param name="Why">The decision in a sentence.</param>
/// <param name="States">How many stand where.</param>
/// <param name="Ill">Updated devices that fell ill since, by anything.</param>
public sealed record RolloutRingInfo(
    double Share, int Targets, int Updated, int Failed, [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Decision, [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Why, TimeSpan Soak, IReadOnlyDictionary<string, int> States, int Ill, RolloutGateInfo? Gate);

/// <summary>The figures of a decision.</summary>
/// <param name="Rule"><c>installation</c>, <c>health</c> or <c>soak</c>.</param>
/// <param name="Bound">Lower bound of the rate of failed installations.</param>
/// <param name="Evidence">Of the health rule; <see cref="Line"/> stops the ring.</param>
public sealed record RolloutGateInfo(
    DateTimeOffset At, string Rule, int Tried, int Failed, int RolledBack, int Unconfirmed, double Bound, double Limit, double Evidence, double Line, IReadOnlyList<RolloutMetricInfo> Health);

/// <param name="Expected">Of the updated, were they like those that are not updated.</param>
public sealed record RolloutMetricInfo(string Metric, int Updated, int UpdatedIll, int Control, int ControlIll, double Expected, double Evidence);

/// <param name="Ring">From 1.</param>
/// <param name="From">The version it ran before; null when nobody knows. Of a configuration the layer's.</param>
/// <param name="Reason">Why it stands where it stands, in its own words; of one that waits also which other rollout updates it now.</param>
/// <param name="Ill">By what it fell ill since the rollout began.</param>
public sealed record RolloutDeviceInfo(string Device, int Ring, string State, DateTimeOffset Since, int Attempt, string? From, string? Runs, string? Reason, double Progress, IReadOnlyList<string> Ill);

/// <summary>Why a rollout is paused or aborted.</summary>
public sealed record RolloutReason(string? Why = null);

/// <summary>How many wait for the update now.</summary>
public sealed record RolloutRetried(int Waiting);

/// <summary>A rollback, or what it would be.</summary>
/// <param name="Rollout">Null where it was only asked.</param>
/// <param name="Stranded">Devices that cannot go back, and why.</param>
public sealed record RolloutRollback(RolloutInfo? Rollout, int Devices, int Hurt, IReadOnlyList<RolloutStranded> Stranded);

public sealed record RolloutStranded(string Device, string Why);

/// <summary>What a rollout would be: nothing was sent.</summary>
/// <param name="Matched">Devices that the query finds.</param>
/// <param name="Excluded">Of them, those that the update is not for, by reason.</param>
/// <param name="Warnings">Of the targets: those that cannot be taken back, those that are not heard, whose battery is low, that another rollout has.</param>
/// <param name="Bytes">That are downloaded in all.</param>
/// <param name="Cost">At <see cref="CostPerMb"/>.</param>
/// <param name="AirtimeSeconds">Of the slowest kind of device, for one download.</param>
/// <param name="BatteryPercent">That the download takes of the weakest kind of battery.</param>
public sealed record RolloutRehearsal(
    string Artifact, int Matched, int Targets, IReadOnlyList<RehearsalReason> Excluded, IReadOnlyList<RehearsalReason> Warnings, long Bytes, double CostPerMb, double Cost, double AirtimeSeconds, double BatteryPercent,
    TimeSpan Expected, IReadOnlyList<RehearsalRing> Rings);

/// <param name="Devices">The first of them, at most 500.</param>
public sealed record RehearsalReason(string Why, int Count, IReadOnlyList<string> Devices);

/// <param name="Installing">How long giving it to the ring takes, from the devices' own intervals.</param>
/// <param name="Hit">Devices that a build has hit at most when it is stopped in this ring.</param>
public sealed record RehearsalRing(double Share, int Targets, TimeSpan Installing, TimeSpan Soak, int Hit);

/// <summary>What a device has run of a component since when.</summary>
/// <param name="Until">Null for what it runs now.</param>
public sealed record DeviceSoftware(string Component, string Version, DateTimeOffset Since, DateTimeOffset? Until, string? Rollout);

/// <summary>A device that carries a part of software.</summary>
/// <param name="Via">The artifact that has it.</param>
public sealed record AffectedDevice(string Device, string Component, string Version, string Part, string PartVersion, string Via);

/// <summary>What a device is to do; <c>{"job":null}</c> when nothing.</summary>
public sealed record JobInfo(
    string? Job, string? Kind = null, int? Attempt = null, string? Mode = null, string? Component = null, string? Version = null, string? Manifest = null, IReadOnlyList<JobSignature>? Signatures = null,
    JobArtifact? Artifact = null, JobDelta? Delta = null, int? ConfirmWithin = null);

public sealed record JobSignature(string Key, string Algorithm, string Signature);

public sealed record JobArtifact(string Sha256, long Size, string Url);

/// <param name="From">SHA-256 of what the patch is applied to.</param>
public sealed record JobDelta(string From, string Sha256, long Size, string Url, string Format);

/// <summary>What a device says of its job.</summary>
public sealed record JobReport(string? State = null, string? Reason = null, string? Version = null, double? Progress = null);
