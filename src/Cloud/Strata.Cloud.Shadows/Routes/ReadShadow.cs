using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Shadows.Store;
using Strata.Core;
using Strata.Core.Shadows;
using Strata.Core.Tenancy;
using Strata.Node;

namespace Strata.Cloud.Shadows.Routes;

/// <summary>Reads of <c>/api/v1/devices/{id}/shadow</c>.</summary>
internal static class ReadShadow
{
    public static async Task<IResult> GetAsync(string id, string? name, string? version, string? at, HttpContext context, ShadowStore store, IFleet fleet, CancellationToken cancellationToken)
    {
        var found = await CurrentAsync(context, id, name, store, fleet, cancellationToken);
        if (!found.IsOk)
            return ProblemResults.Of(found.Problem);
        var (key, current) = found.Value;
        if (version is null && at is null)
            return current.IsDeleted ? ProblemResults.Of(ShadowRoute.NoShadow(key)) : ShadowRoute.Show(context, current);
        var moment = Moment(version, at);
        if (!moment.IsOk)
            return ProblemResults.Of(moment.Problem);
        var past = await store.AtAsync(key, current, moment.Value.Version, moment.Value.At, cancellationToken);
        if (past is { IsOk: true, Value.IsDeleted: true } && moment.Value.At is { } then && await store.HistoryAsync(key, current, cancellationToken) is [.., var first])
            return ProblemResults.Of(ShadowRoute.NoShadowAt(key, then, first.Time));
        return past.ToResult(shadow => shadow.IsDeleted ? ProblemResults.Of(ShadowRoute.NoShadow(key)) : ShadowRoute.Show(context, shadow));
    }

    public static async Task<IResult> NamesAsync(string id, HttpContext context, ShadowStore store, IFleet fleet, CancellationToken cancellationToken)
    {
        var found = ShadowRoute.Find(context, id, null, Permission.DevicesRead, fleet);
        return found.IsOk
            ? Results.Json(new Page<string>(await store.NamesAsync(found.Value.Key, cancellationToken), null), ContractsJson.Default.PageString)
            : ProblemResults.Of(found.Problem);
    }

    /// <param name="version">Only the change that led to this version.</param>
    public static async Task<IResult> HistoryAsync(string id, string? name, string? version, string? cursor, string? limit, HttpContext context, ShadowStore store, IFleet fleet, CancellationToken cancellationToken)
    {
        var page = Paging.Parse(cursor, limit);
        if (!page.IsOk)
            return ProblemResults.Of(page.Problem);
        long after = long.MaxValue;
        if (page.Value.After is { } last && !long.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out after))
            return ProblemResults.Of(Paging.WrongCursor);
        var only = version is null ? default : Moment(version, null);
        if (!only.IsOk)
            return ProblemResults.Of(only.Problem);
        var found = await CurrentAsync(context, id, name, store, fleet, cancellationToken);
        if (!found.IsOk)
            return ProblemResults.Of(found.Problem);
        var history = await store.HistoryAsync(found.Value.Key, found.Value.Current, cancellationToken);
        var items = history.Where(e => e.Version < after && e.Version == (only.Value.Version ?? e.Version)).Take(page.Value.Limit + 1)
            .Select(e => new ShadowChangeInfo(e.Version, DateTimeOffset.FromUnixTimeMilliseconds(e.Time), e.Actor, e.Why, Element(e.Change.Write()))).ToList();
        return Results.Json(Paging.ToPage(items, page.Value.Limit, e => e.Version.ToString(CultureInfo.InvariantCulture)), ContractsJson.Default.PageShadowChangeInfo);
    }

    /// <summary>Between two moments (a version or a time each; the second is now unless given); with neither, between what is reported and what is desired.</summary>
    public static async Task<IResult> DiffAsync(string id, string? name, string? from, string? to, HttpContext context, ShadowStore store, IFleet fleet, CancellationToken cancellationToken)
    {
        var found = await CurrentAsync(context, id, name, store, fleet, cancellationToken);
        if (!found.IsOk)
            return ProblemResults.Of(found.Problem);
        var (key, current) = found.Value;
        if (from is null && to is null)
            return Results.Json(
                new ShadowDiff(current.Version, current.Version, [.. ShadowMath.Diff(current.Reported.Root, current.Desired.Root).Where(d => d.After is not null).Select(d => Info("delta", d))]), ContractsJson.Default.ShadowDiff);
        var (one, other) = (await PointAsync(key, current, from, "from", store, cancellationToken), await PointAsync(key, current, to, "to", store, cancellationToken));
        if (!one.IsOk)
            return ProblemResults.Of(one.Problem);
        if (!other.IsOk)
            return ProblemResults.Of(other.Problem);
        var differences = new[] { ShadowSection.Desired, ShadowSection.Reported, ShadowSection.Tags }
            .SelectMany(s => ShadowMath.Diff(one.Value[s].Root, other.Value[s].Root).Select(d => Info(s.ToString().ToLowerInvariant(), d)));
        return Results.Json(new ShadowDiff(one.Value.Version, other.Value.Version, [.. differences]), ContractsJson.Default.ShadowDiff);
    }

    internal static async Task<Outcome<(ShadowKey Key, Shadow Current)>> CurrentAsync(HttpContext context, string id, string? name, ShadowStore store, IFleet fleet, CancellationToken cancellationToken)
    {
        var found = ShadowRoute.Find(context, id, name, Permission.DevicesRead, fleet);
        if (!found.IsOk)
            return found.Problem;
        var read = await store.ReadAsync(found.Value.Key, cancellationToken);
        return read.Problem is { } problem ? problem : (found.Value.Key, read.Shadow!);
    }

    private static async Task<Outcome<Shadow>> PointAsync(ShadowKey key, Shadow current, string? text, string field, ShadowStore store, CancellationToken cancellationToken)
    {
        if (text is null)
            return current;
        var moment = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _) ? Moment(text, null) : Moment(null, text);
        return moment.IsOk
            ? await store.AtAsync(key, current, moment.Value.Version, moment.Value.At, cancellationToken)
            : new Problem(ProblemKind.Invalid, $"'{field}' is a version (7) or a time (2026-11-27T09:00:00Z).", field);
    }

    private static Outcome<(long? Version, long? At)> Moment(string? version, string? at)
    {
        if (version is not null && at is not null)
            return new Problem(ProblemKind.Invalid, "Give 'version' or 'at', not both.", "at");
        if (version is not null)
            return long.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? (number, null) : new Problem(ProblemKind.Invalid, "'version' is a whole number.", "version");
        return DateTimeOffset.TryParse(at, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? (null, time.ToUnixTimeMilliseconds())
            : new Problem(ProblemKind.Invalid, "'at' is a time, for example 2026-11-27T09:00:00Z.", "at");
    }

    private static ShadowDifferenceInfo Info(string part, ShadowDifference difference) => new(part, difference.Path, ElementOf(difference.Before), ElementOf(difference.After));

    private static JsonElement? ElementOf(ShadowLeaf? leaf) => leaf is null ? null : Element(leaf.Json.ToArray());

    private static JsonElement Element(byte[] json)
    {
        using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 128 });
        return document.RootElement.Clone();
    }
}
