using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Contracts;
using Strata.Cloud.Identity.Rows;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Identity;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Identity;
using Strata.Node.Reads;

namespace Strata.Cloud.Identity.Routes;

/// <summary><c>GET /api/v1/certificates</c>.</summary>
internal static class ListCertificates
{
    private const string SharedKey = "shared-key";
    private const string TwoAddresses = "two-addresses";
    private const int MaxSharedKeys = 10_000;

    public static async Task<IResult> HandleAsync(
        HttpContext context, IdentityStore store, CertificateSightings sightings, string? device, string? standing, string? expiresBefore, string? problem, string? cursor, string? limit, TimeProvider time,
        CancellationToken cancellationToken)
    {
        var page = Paging.Parse(cursor, limit);
        if (!page.IsOk)
            return ProblemResults.Of(page.Problem);
        if (standing is not (null or "good" or "hold" or "revoked" or "expired"))
            return ProblemResults.Of(ProblemKind.Invalid, "'standing' is good, hold, revoked or expired.", "standing");
        if (problem is not (null or "any" or SharedKey or TwoAddresses))
            return ProblemResults.Of(ProblemKind.Invalid, $"'problem' is any, {SharedKey} or {TwoAddresses}.", "problem");
        var until = TimeParameter.Parse("expiresBefore", expiresBefore);
        if (!until.IsOk)
            return ProblemResults.Of(until.Problem);
        var (access, now) = (context.Access(), time.GetUtcNow());
        await using var tables = store.Create(access.Tenant);
        var query = After(Filter(tables.Certificates, device, standing, until.Value, now), page.Value.After);
        var shared = problem is "any" or SharedKey ? await SharedKeys(tables.Certificates, now).Take(MaxSharedKeys).ToHashSetAsync(cancellationToken) : null;
        var items = new List<CertificateInfo>();
        await foreach (var row in query.OrderBy(c => c.NotAfter).ThenBy(c => c.Serial).AsAsyncEnumerable().WithCancellation(cancellationToken))
        {
            if (!DeviceId.TryParse(row.Device, out var id) || !access.Sees(Permission.DevicesRead, id))
                continue;
            var problems = ProblemsOf(row, shared, sightings);
            if (problem is not null && !(problem == "any" ? problems.Count > 0 : problems.Contains(problem)))
                continue;
            items.Add(CertificateRoutes.Info(row, now) with { Problems = problems });
            if (items.Count > page.Value.Limit)
                break;
        }
        if (shared is null)
        {
            var keys = items.Select(i => i.KeyHash).ToHashSet();
            shared = await SharedKeys(tables.Certificates.Where(c => keys.Contains(c.KeyHash)), now).ToHashSetAsync(cancellationToken);
            items = items.ConvertAll(i => shared.Contains(i.KeyHash) ? i with { Problems = [SharedKey, .. i.Problems ?? []] } : i);
        }
        return Results.Json(Paging.ToPage(items, page.Value.Limit, static c => $"{EventTime.From(c.NotAfter)} {c.Serial}"), ContractsJson.Default.PageCertificateInfo);
    }

    /// <summary>Keys of which more than one device has a certificate that could be shown now.</summary>
    private static IQueryable<string> SharedKeys(IQueryable<CertificateRow> rows, DateTimeOffset now) =>
        rows.Where(c => c.NotAfter > now && c.Standing == nameof(CertificateStanding.Good) && c.Use != nameof(CertificateUse.Claim)).GroupBy(c => c.KeyHash)
            .Where(g => g.Select(c => c.Device).Distinct().Count() > 1).Select(g => g.Key);

    /// <param name="shared">Null when it is not known yet.</param>
    private static List<string> ProblemsOf(CertificateRow row, HashSet<string>? shared, CertificateSightings sightings)
    {
        var problems = new List<string>();
        if (shared?.Contains(row.KeyHash) == true)
            problems.Add(SharedKey);
        if (sightings.TwoAddresses(row.Authority, row.Serial) is not null)
            problems.Add(TwoAddresses);
        return problems;
    }

    private static IQueryable<CertificateRow> After(IQueryable<CertificateRow> rows, string? key)
    {
        if (key?.Split(' ') is not [var time, var serial] || !long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out var micros))
            return rows;
        var at = EventTime.ToDateTimeOffset(micros);
        return rows.Where(c => c.NotAfter > at || (c.NotAfter == at && string.Compare(c.Serial, serial) > 0));
    }

    private static IQueryable<CertificateRow> Filter(IQueryable<CertificateRow> rows, string? device, string? standing, DateTimeOffset? until, DateTimeOffset now)
    {
        if (device is not null)
            rows = rows.Where(c => c.Device == device);
        if (until is not null)
            rows = rows.Where(c => c.NotAfter <= until && c.NotAfter > now);
        return standing switch
        {
            null => rows,
            "expired" => rows.Where(c => c.NotAfter <= now),
            "hold" => rows.Where(c => c.NotAfter > now && c.Standing == nameof(CertificateStanding.OnHold)),
            "revoked" => rows.Where(c => c.NotAfter > now && c.Standing == nameof(CertificateStanding.Revoked)),
            _ => rows.Where(c => c.NotAfter > now && c.Standing == nameof(CertificateStanding.Good)),
        };
    }
}
