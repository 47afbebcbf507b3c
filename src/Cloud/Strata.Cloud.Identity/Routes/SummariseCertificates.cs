using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Contracts;
using Strata.Core.Devices;
using Strata.Core.Identity;
using Strata.Core.Tenancy;
using Strata.Node.Auth;

namespace Strata.Cloud.Identity.Routes;

/// <summary><c>GET /api/v1/certificates/summary</c>.</summary>
internal static class SummariseCertificates
{
    public static async Task<IResult> HandleAsync(HttpContext context, IdentityStore store, TimeProvider time, CancellationToken cancellationToken)
    {
        var access = context.Access();
        var tally = new CertificateTally(time.GetUtcNow());
        await using var tables = store.Create(access.Tenant);
        var rows = tables.Certificates.Select(c => new { c.Device, c.NotBefore, c.NotAfter, c.Standing, c.Use });
        await foreach (var row in rows.AsAsyncEnumerable().WithCancellation(cancellationToken))
            if (DeviceId.TryParse(row.Device, out var device) && access.Sees(Permission.DevicesRead, device))
                tally.Add(row.Device, row.NotBefore, row.NotAfter, Enum.Parse<CertificateStanding>(row.Standing), row.Use == nameof(CertificateUse.Operational));
        return Results.Json(
            new CertificateSummary(
                tally.Good, tally.OnHold, tally.Revoked, tally.Expired, tally.Late,
                tally.EndWithin(TimeSpan.FromDays(7)), tally.EndWithin(TimeSpan.FromDays(30)), tally.EndWithin(TimeSpan.FromDays(90))), ContractsJson.Default.CertificateSummary);
    }
}
