using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Contracts;
using Strata.Cloud.Identity.Rows;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Identity;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Identity;

namespace Strata.Cloud.Identity.Routes;

/// <summary><c>/api/v1/certificates/policy</c>: what a tenant asks of its devices' identities.</summary>
internal static class PolicyRoutes
{
    private const string Allowed = "allowed";
    private const string Refused = "refused";

    public static IResult Get(HttpContext context, CertificateDirectory directory) => Results.Json(Info(directory.PolicyOf(context.Access().Tenant)), ContractsJson.Default.CertificatePolicyInfo);

    public static async Task<IResult> SetAsync(HttpContext context, IdentityStore store, CertificateDirectory directory, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.CertificatePolicyInfo, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        if (request.Value.Secrets is not (Allowed or Refused))
            return ProblemResults.Of(ProblemKind.Invalid, "'secrets' is allowed or refused.", "secrets");
        var policy = new CertificatePolicy { Lifetime = Whole(request.Value.Lifetime), Grace = Whole(request.Value.Grace), AllowsSecrets = request.Value.Secrets == Allowed };
        if (policy.Check() is { } wrong)
            return ProblemResults.Of(wrong);
        var tenant = context.Access().Tenant;
        var outcome = await store.ChangeAsync<CertificatePolicyRow>(Caller.Of(context), async (tables, _, stop) =>
        {
            var before = await tables.Policies.AsNoTracking().FirstOrDefaultAsync(stop);
            var next = new CertificatePolicyRow { TenantId = tenant.Value, LifetimeSeconds = (long)policy.Lifetime.TotalSeconds, GraceSeconds = (long)policy.Grace.TotalSeconds, AllowsSecrets = policy.AllowsSecrets };
            return next == before
                ? DecidedChange.None(next)
                : new DecidedChange<CertificatePolicyRow>(next, [(before, next)], "set", "certificate-policy", tenant.Value, before is null ? null : Info(before.ToPolicy()), Info(policy));
        }, cancellationToken, row => directory.SetPolicy(tenant, row.ToPolicy()));
        return outcome.ToResult(row => Results.Json(Info(row.ToPolicy()), ContractsJson.Default.CertificatePolicyInfo));
    }

    private static TimeSpan Whole(TimeSpan time) => TimeSpan.FromSeconds(Math.Floor(time.TotalSeconds));

    private static CertificatePolicyInfo Info(CertificatePolicy policy) => new(policy.Lifetime, policy.Grace, policy.AllowsSecrets ? Allowed : Refused);
}
