using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Audit;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Reads;

namespace Strata.Cloud.Tenancy.Audit;

/// <summary><c>GET /api/v1/audit</c>: who changed what, newest first. Of the whole tenant: it is for who may read all of it.</summary>
internal static class ListAudit
{
    public static async Task<IResult> HandleAsync(
        string? kind, string? id, string? actor, string? action, string? from, string? to, string? cursor, string? limit, HttpContext context, AuditTrail trail,
        CancellationToken cancellationToken)
    {
        if (Refused(context) is { } refused)
            return refused;
        var page = Paging.Parse(cursor, limit);
        if (!page.IsOk)
            return ProblemResults.Of(page.Problem);
        var before = long.MaxValue;
        if (page.Value.After is { } after && !long.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out before))
            return ProblemResults.Of(Paging.WrongCursor);
        var (since, until) = (TimeParameter.Parse("from", from), TimeParameter.Parse("to", to));
        if (!since.IsOk || !until.IsOk)
            return ProblemResults.Of(since.Problem ?? until.Problem!);
        var (first, end) = (since.Value ?? DateTimeOffset.MinValue, until.Value ?? DateTimeOffset.MaxValue);
        await using var db = trail.CreateContext(context.Tenant());
        if ((id ?? actor) is not null && trail.MayBeSealed(context.Tenant()))
            return await SearchSealedAsync(db, new Search(kind, id, actor), before, page.Value.Limit, cancellationToken);
        var rows = await db.Audit
            .Where(a => a.Id < before && (kind == null || a.Kind == kind) && (id == null || a.Subject == id) && (actor == null || a.Actor == actor) && (action == null || a.Action == action))
            .Where(a => a.Time >= first && a.Time < end)
            .OrderByDescending(a => a.Id).Take(page.Value.Limit + 1).ToListAsync(cancellationToken);
        var shown = rows.Take(page.Value.Limit).ToList();
        var seals = await SealsAsync(db, shown, cancellationToken);
        return Results.Json(
            new Page<AuditRecord>([.. shown.Select(a => Record(a, seals.GetValueOrDefault(a.Id)))], rows.Count > page.Value.Limit ? Paging.Cursor($"{shown[^1].Id}") : null),
            ContractsJson.Default.PageAuditRecord);
    }

    /// <summary>
    /// The database cannot compare what is sealed, so records are opened and looked at here, at most <see cref="MaxLookedAt"/> for a page: a page may hold less than asked for and
    /// have a next one.
    /// </summary>
    private static async Task<IResult> SearchSealedAsync(AuditDbContext db, Search search, long before, int limit, CancellationToken cancellationToken)
    {
        const int batch = 1_000;
        var found = new List<AuditRow>();
        long? next = null;
        for (var looked = 0; ;)
        {
            var from = before;
            var rows = await db.Audit.Where(a => a.Id < from && (search.Kind == null || a.Kind == search.Kind)).OrderByDescending(a => a.Id).Take(batch).ToListAsync(cancellationToken);
            foreach (var row in rows.Where(r => search.Fits(r)))
            {
                if (found.Count == limit)
                    next = found[^1].Id;
                else
                    found.Add(row);
                if (next is not null)
                    break;
            }
            if (rows.Count < batch || next is not null)
                break;
            before = rows[^1].Id;
            if ((looked += rows.Count) >= MaxLookedAt)
            {
                next = before;
                break;
            }
        }
        var seals = await SealsAsync(db, found, cancellationToken);
        return Results.Json(
            new Page<AuditRecord>([.. found.Select(a => Record(a, seals.GetValueOrDefault(a.Id)))], next is null ? null : Paging.Cursor($"{next}")), ContractsJson.Default.PageAuditRecord);
    }

    /// <summary>Sealed records that are opened for one page.</summary>
    private const int MaxLookedAt = 50_000;

    private sealed record Search(string? Kind, string? Subject, string? Actor)
    {
        public bool Fits(AuditRow row) => (Subject is null || row.Subject == Subject) && (Actor is null || row.Actor == Actor);
    }

    internal static IResult? Refused(HttpContext context) =>
        context.Access().IsWhole(Permission.AuditRead) ? null : ProblemResults.Of(Access.Forbidden);

    internal static AuditRecord Record(AuditRow row, AuditSealRow? seal) => new(
        row.Time, row.Actor, row.Action, row.Kind, row.Subject, row.Detail, row.Before, row.After, row.Origin, row.Result, seal?.Number, seal?.Hash);

    internal static async Task<Dictionary<long, AuditSealRow>> SealsAsync(AuditDbContext db, IReadOnlyList<AuditRow> rows, CancellationToken cancellationToken)
    {
        if (rows.Count == 0)
            return [];
        var (least, most) = (rows.Min(r => r.Id), rows.Max(r => r.Id));
        return await db.AuditSeals.Where(s => s.AuditId >= least && s.AuditId <= most).ToDictionaryAsync(s => s.AuditId, cancellationToken);
    }
}

/// <summary><c>GET /api/v1/audit/verification</c>: reads the tenant's chain against its records.</summary>
internal static class VerifyAudit
{
    public static async Task<IResult> HandleAsync(HttpContext context, AuditTrail trail, CancellationToken cancellationToken)
    {
        if (ListAudit.Refused(context) is { } refused)
            return refused;
        var verdict = await trail.VerifyAsync(context.Tenant(), cancellationToken);
        return Results.Json(new AuditVerification(verdict.Problem is null, verdict.Records, verdict.Broken, verdict.Problem), ContractsJson.Default.AuditVerification);
    }
}

/// <summary><c>GET /api/v1/audit/export</c>: all records, oldest first, one JSON document a line.</summary>
internal static class ExportAudit
{
    private const int Batch = 1_000;
    private static readonly byte[] NewLine = "\n"u8.ToArray();

    public static IResult Handle(HttpContext context, AuditTrail trail)
    {
        if (ListAudit.Refused(context) is { } refused)
            return refused;
        var tenant = context.Tenant();
        return Results.Stream(stream => WriteAsync(stream, tenant, trail, context.RequestAborted), "application/x-ndjson");
    }

    private static async Task WriteAsync(Stream output, TenantId tenant, AuditTrail trail, CancellationToken cancellationToken)
    {
        var after = 0L;
        while (true)
        {
            await using var db = trail.CreateContext(tenant);
            var from = after;
            var rows = await db.Audit.Where(a => a.Id > from).OrderBy(a => a.Id).Take(Batch).ToListAsync(cancellationToken);
            if (rows.Count == 0)
                return;
            var seals = await ListAudit.SealsAsync(db, rows, cancellationToken);
            foreach (var row in rows)
            {
                await JsonSerializer.SerializeAsync(output, ListAudit.Record(row, seals.GetValueOrDefault(row.Id)), ContractsJson.Default.AuditRecord, cancellationToken);
                await output.WriteAsync(NewLine, cancellationToken);
            }
            after = rows[^1].Id;
        }
    }
}
