using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Contracts;
using Strata.Cloud.Installer.Rows;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Architecture;
using Strata.Core.Provisioning;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Installer.Mountings;

/// <summary><c>GET /api/v1/mountings</c> and <c>GET /api/v1/mountings/{id}/photo</c>, for who sees the place.</summary>
internal static class ReadMountings
{
    public static async Task<IResult> ListAsync(string? device, string? cursor, string? limit, HttpContext context, InstallerStore store, CancellationToken cancellationToken)
    {
        var page = Paging.Parse(cursor, limit);
        if (!page.IsOk)
            return ProblemResults.Of(page.Problem);
        var after = page.Value.After is { } key ? KeyOf(key) : null;
        if (page.Value.After is not null && after is null)
            return ProblemResults.Of(Paging.WrongCursor);
        var reach = context.Access().ReachOf(Permission.DevicesRead);
        await using var db = store.Create(context.Tenant());
        var rows = db.Mountings.AsNoTracking().Where(m => device == null || m.Device == device);
        if (after is var (at, last))
            rows = rows.Where(m => m.Received < at || (m.Received == at && string.Compare(m.Id, last) > 0));
        var found = new List<MountingInfo>();
        await foreach (var row in rows.OrderByDescending(m => m.Received).ThenBy(m => m.Id).AsAsyncEnumerable().WithCancellation(cancellationToken))
        {
            if (reach.Covers(SiteId.Parse(row.Site)))
                found.Add(ToInfo(row));
            if (found.Count > page.Value.Limit)
                break;
        }
        return Results.Json(Paging.ToPage(found, page.Value.Limit, m => $"{m.Received.UtcTicks} {m.Id}"), ContractsJson.Default.PageMountingInfo);
    }

    public static async Task<IResult> PhotoAsync(string id, HttpContext context, InstallerStore store, CancellationToken cancellationToken)
    {
        var unknown = new Problem(ProblemKind.NotFound, "There is no such photo.", "id");
        await using var db = store.Create(context.Tenant());
        if (await db.Mountings.AsNoTracking().FirstOrDefaultAsync(m => m.Id == id, cancellationToken) is not { } row)
            return ProblemResults.Of(unknown);
        if (Access.Refusal(context.Access().Decide(Permission.DevicesRead, SiteId.Parse(row.Site)), () => unknown) is { } refusal)
            return ProblemResults.Of(refusal);
        if ((await db.Photos.AsNoTracking().FirstOrDefaultAsync(p => p.Mounting == id, cancellationToken))?.Content is not { } content || PhotoFormat.Of(content) is not { } type)
            return ProblemResults.Of(unknown);
        var headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers.ContentSecurityPolicy = "default-src 'none'; sandbox";
        headers.CacheControl = "private, max-age=3600";
        return Results.Bytes(content, type);
    }

    public static MountingInfo ToInfo(MountingRow row) => new(row.Id, row.Device, row.Site, row.FromSite, row.Note, row.Done, row.Received, row.DoneBy, row.PhotoBytes);

    private static (DateTimeOffset At, string Id)? KeyOf(string key) =>
        key.IndexOf(' ') is var space and > 0 && long.TryParse(key.AsSpan(0, space), NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) && ticks <= DateTimeOffset.MaxValue.Ticks
            ? (new DateTimeOffset(ticks, TimeSpan.Zero), key[(space + 1)..])
            : null;
}
