using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Contracts;
using Strata.Cloud.Identity.Rows;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Identity;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Identity.Routes;

/// <summary>Revokes an authority: nobody is let in by it any more, for good, and what was opened by it ends. The tenant's own can be replaced only by a roll-over, not revoked while it is its last.</summary>
internal static class RevokeAuthority
{
    public static async Task<IResult> RunAsync(
        RevokeCertificates request, RevocationReason reason, HttpContext context, IdentityStore store, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!context.Access().IsWhole(Permission.TenantManage))
            return ProblemResults.Of(Access.Forbidden);
        if (reason == RevocationReason.CertificateHold)
            return ProblemResults.Of(ProblemKind.Invalid, "An authority is revoked for good; only a certificate can be put on hold.", "reason");
        var issuer = request.Issuer?.ToLowerInvariant();
        var outcome = await store.ChangeAsync<AuthorityRow>(Caller.Of(context), async (tables, now, stop) =>
        {
            var row = await tables.Authorities.AsNoTracking().FirstOrDefaultAsync(a => issuer != null ? a.Id == issuer : a.Kind == AuthorityKinds.Batch && a.Name == request.Batch, stop);
            if (row is null)
                return new Problem(ProblemKind.NotFound, issuer is not null ? $"There is no authority '{CertificateRoutes.Short(issuer)}'." : $"There is no batch '{CertificateRoutes.Short(request.Batch!)}'.", issuer is not null ? "issuer" : "batch");
            if (row.Kind == AuthorityKinds.Tenant && !await tables.Authorities.AnyAsync(a => a.Kind == AuthorityKinds.Tenant && a.IsTrusted && a.Id != row.Id, stop))
                return new Problem(ProblemKind.Conflict, "It is the tenant's only authority: begin a roll-over first (strata ca rollover plan), so that devices have another one to enrol with.", "issuer");
            if (row is { IsTrusted: false, Challenge: null })
                return DecidedChange.None(row);
            var next = row with { IsTrusted = false, Challenge = null, Reason = (int)reason, Since = now };
            return new DecidedChange<AuthorityRow>(next, [(row, next)], "revoke", "authority", row.Id, null, new { row.Kind, row.Name, reason = Revocation.NameOf(reason) });
        }, cancellationToken, store.Follow);
        return outcome.ToResult(row => Results.Json(new RevokedCertificates([], AuthorityRoutes.Info(row, time.GetUtcNow())), ContractsJson.Default.RevokedCertificates));
    }
}
