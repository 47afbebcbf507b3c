using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Contracts;
using Strata.Cloud.Identity.Rows;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Identity;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Identity.Routes;

/// <summary><c>POST /api/v1/certificates/revocations</c>.</summary>
internal static class RevokeThem
{
    public static async Task<IResult> HandleAsync(HttpContext context, IdentityStore store, TimeProvider time, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.RevokeCertificates, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        var (serial, device, why) = (request.Value.Serial?.ToLowerInvariant(), request.Value.Device, request.Value.Reason ?? "unspecified");
        if (new[] { serial, device, request.Value.Batch, request.Value.Issuer }.Count(n => n is not null) != 1)
            return ProblemResults.Of(ProblemKind.Invalid, "Name one: 'serial', 'device', 'batch' or 'issuer'.", "serial");
        if (!Revocation.TryParse(why, out var reason))
            return ProblemResults.Of(ProblemKind.Invalid, $"'reason' is one of {string.Join(", ", Revocation.Names)}.", "reason");
        var access = context.Access();
        if (request.Value.Batch is not null || request.Value.Issuer is not null)
            return await RevokeAuthority.RunAsync(request.Value, reason, context, store, time, cancellationToken);
        var outcome = await store.ChangeAsync<IReadOnlyList<CertificateRow>>(
            Caller.Of(context), (tables, now, stop) => DecideAsync(tables, access, serial, device, reason, now, stop), cancellationToken, rows => rows.ToList().ForEach(store.Follow));
        return outcome.ToResult(rows => Results.Json(new RevokedCertificates([.. rows.Select(r => CertificateRoutes.Info(r, time.GetUtcNow()))]), ContractsJson.Default.RevokedCertificates));
    }

    private static async Task<Outcome<DecidedChange<IReadOnlyList<CertificateRow>>>> DecideAsync(
        IdentityDbContext tables, Access access, string? serial, string? device, RevocationReason reason, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var found = serial is not null
            ? await tables.Certificates.AsNoTracking().Where(c => c.Serial == serial).ToListAsync(cancellationToken)
            : await tables.Certificates.AsNoTracking().Where(c => c.Device == device && c.NotAfter > now && c.Standing != nameof(CertificateStanding.Revoked)).ToListAsync(cancellationToken);
        Problem Nothing() => serial is not null
            ? CertificateRoutes.Unknown(serial)
            : new Problem(ProblemKind.NotFound, $"The device '{CertificateRoutes.Short(device!)}' has no certificate that could be revoked.", "device");
        if (CertificateRoutes.Check(access, found.Count > 0 ? found[0].Device : device ?? "", Nothing) is { } refusal)
            return refusal;
        if (found.Count == 0)
            return Nothing();
        var rows = new List<(object?, object?)>();
        var after = new List<CertificateRow>();
        foreach (var row in found)
        {
            var standing = Revocation.Revoke(Enum.Parse<CertificateStanding>(row.Standing), reason);
            if (!standing.IsOk)
                return standing.Problem;
            var next = row.Standing == standing.Value.ToString() ? row : row with { Standing = standing.Value.ToString(), Reason = (int)reason, Since = now };
            if (next != row)
                rows.Add((row, next));
            after.Add(next);
        }
        return new DecidedChange<IReadOnlyList<CertificateRow>>(
            after, rows, reason == RevocationReason.CertificateHold ? "hold" : "revoke", "certificate", serial ?? $"device {device}", null,
            new { reason = Revocation.NameOf(reason), certificates = after.Select(r => r.Serial).Take(20), count = after.Count });
    }
}

/// <summary><c>POST /api/v1/certificates/{serial}/reinstatement</c>.</summary>
internal static class Reinstate
{
    public static async Task<IResult> HandleAsync(string serial, HttpContext context, IdentityStore store, TimeProvider time, CancellationToken cancellationToken)
    {
        var access = context.Access();
        var wanted = serial.ToLowerInvariant();
        var outcome = await store.ChangeAsync<CertificateRow>(Caller.Of(context), async (tables, _, stop) =>
        {
            var row = await tables.Certificates.AsNoTracking().FirstOrDefaultAsync(c => c.Serial == wanted, stop);
            if (CertificateRoutes.Check(access, row?.Device ?? "", () => CertificateRoutes.Unknown(serial)) is { } refusal)
                return refusal;
            var standing = Revocation.Reinstate(Enum.Parse<CertificateStanding>(row!.Standing));
            if (!standing.IsOk)
                return standing.Problem;
            var next = row with { Standing = nameof(CertificateStanding.Good), Reason = null, Since = null };
            return new DecidedChange<CertificateRow>(next, [(row, next)], "reinstate", "certificate", row.Serial, new { row.Standing }, new { next.Standing });
        }, cancellationToken, store.Follow);
        return outcome.ToResult(row => Results.Json(CertificateRoutes.Info(row, time.GetUtcNow()), ContractsJson.Default.CertificateInfo));
    }
}
