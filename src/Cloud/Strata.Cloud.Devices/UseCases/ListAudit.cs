using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Platform;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Devices.UseCases;

/// <summary><c>GET /api/v1/audit</c>: who changed what, newest first.</summary>
internal static class ListAudit
{
    public static async Task<IResult> HandleAsync(string? cursor, string? limit, HttpContext context, RegistryStore registry, CancellationToken cancellationToken)
    {
        var page = Paging.Parse(cursor, limit);
        if (!page.IsOk)
            return ProblemResults.Of(page.Problem);
        var before = long.MaxValue;
        if (page.Value.After is { } after && !long.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out before))
            return ProblemResults.Of(Paging.WrongCursor);
        await using var db = registry.CreateContext(context.Tenant());
        var rows = await db.Audit.Where(a => a.Id < before).OrderByDescending(a => a.Id).Take(page.Value.Limit + 1).ToListAsync(cancellationToken);
        var items = rows.Take(page.Value.Limit).Select(a => new AuditRecord(a.Time, a.Actor, a.Action, a.Kind, a.Subject, a.Detail));
        return Results.Json(
            new Page<AuditRecord>([.. items], rows.Count > page.Value.Limit ? Paging.Cursor($"{rows[page.Value.Limit - 1].Id}") : null), ContractsJson.Default.PageAuditRecord);
    }
}
