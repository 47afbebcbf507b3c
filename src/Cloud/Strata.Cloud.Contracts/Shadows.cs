using System.Text.Json;

namespace Strata.Cloud.Contracts;

/// <summary>What is known and wanted of a device.</summary>
/// <param name="State"><c>desired</c>, <c>reported</c>, <c>tags</c> as far as there are any, and <c>delta</c>: of desired, what is not reported just so.</param>
/// <param name="Metadata">Like the state; in place of a value its time in seconds and who wrote it.</param>
/// <param name="Version">Counts every update; the <c>ETag</c> of the same.</param>
/// <param name="Versions">Of each part.</param>
/// <param name="Timestamp">Of the last update, seconds since 1970 UTC.</param>
public sealed record ShadowInfo(JsonElement State, JsonElement Metadata, long Version, ShadowVersions Versions, long Timestamp);

/// <summary>How often each part was updated.</summary>
public sealed record ShadowVersions(long Desired, long Reported, long Tags);

/// <summary>A request to update: the fields of the state's parts are merged, null deletes, a part that is null is emptied.</summary>
/// <param name="State">With <c>desired</c> and <c>tags</c>.</param>
/// <param name="Version">The version that it was decided on; another by now is a conflict (409).</param>
/// <param name="Versions">The same for a part alone.</param>
/// <param name="Why">For the history; at most 500 characters.</param>
public sealed record ShadowUpdateBody(JsonElement State, long? Version = null, ShadowVersions? Versions = null, string? ClientToken = null, string? Why = null);

/// <summary>One change of a shadow.</summary>
/// <param name="Version">The shadow's after it.</param>
/// <param name="Change">What differs afterwards, by part; null for what is gone.</param>
public sealed record ShadowChangeInfo(long Version, DateTimeOffset Time, string Actor, string? Why, JsonElement Change);

/// <param name="From">Version.</param>
/// <param name="To">Version.</param>
public sealed record ShadowDiff(long From, long To, IReadOnlyList<ShadowDifferenceInfo> Differences);

/// <summary>One value that differs.</summary>
/// <param name="Part"><c>desired</c>, <c>reported</c>, <c>tags</c>, or <c>delta</c> (before: reported; after: desired).</param>
/// <param name="Path"><c>/a/b</c>.</param>
/// <param name="Before">Null where there was none.</param>
public sealed record ShadowDifferenceInfo(string Part, string Path, JsonElement? Before, JsonElement? After);

/// <summary>Takes a change back.</summary>
/// <param name="Version">The version that it led to; null for the newest change of desired or tags.</param>
public sealed record UndoShadow(long? Version = null, string? Why = null);

/// <summary>Why a device does not follow its shadow.</summary>
/// <param name="Converged">It does.</param>
public sealed record ShadowWhy(bool Converged, long Version, IReadOnlyList<ShadowReasonInfo> Reasons);

/// <param name="Path"><c>/a/b</c>; empty where it is about the whole device.</param>
/// <param name="Cause">A word for programs: <c>offline</c>, <c>neverFetched</c>, <c>fetchedOlder</c>, <c>rejected</c>, <c>reportedAnother</c>, <c>notYetReported</c>, <c>neverReported</c>, <c>unknownKey</c>.</param>
public sealed record ShadowReasonInfo(string Path, string Cause, string Text);
