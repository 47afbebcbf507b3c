using System.Globalization;
using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Devices;

namespace Strata.Cloud.Devices.UseCases;

/// <summary><c>GET /api/v1/devices/rejected</c>: who was refused and why, newest first, by this node and by gateways.</summary>
internal static class ListRejections
{
    public static IResult Handle(string? cursor, string? limit, HttpContext context, IRejectionLog log)
    {
        var page = Paging.Parse(cursor, limit);
        if (!page.IsOk)
            return ProblemResults.Of(page.Problem);
        var skip = 0;
        if (page.Value.After is { } after && !int.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out skip))
            return ProblemResults.Of(Paging.WrongCursor);
        // The list is short and bounded, and an entry that is refused again moves to its top: a cursor is a count here.
        var access = context.Access();
        var entries = log.Newest(access.Tenant).Where(e => access.SeesSource(Permission.DevicesRead, e.Subject)).Skip(skip).Take(page.Value.Limit + 1).ToList();
        var items = entries.Take(page.Value.Limit).Select(e => new Rejection(
            e.Subject, e.Gateway?.Value, e.Kind.ToString().ToLowerInvariant(), e.Reason, e.Count, e.First, e.Last));
        return Results.Json(
            new Page<Rejection>([.. items], entries.Count > page.Value.Limit ? Paging.Cursor($"{skip + page.Value.Limit}") : null), ContractsJson.Default.PageRejection);
    }
}
