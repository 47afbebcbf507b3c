using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Contracts;
using Strata.Cloud.Health.Book;
using Strata.Cloud.Health.Rows;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Health;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Health.Policy;

/// <summary><c>GET /api/v1/fleet/policy</c>.</summary>
internal static class GetPolicy
{
    public static IResult Handle(HttpContext context, HealthBook book) => Results.Json(PolicyText.Info(book.PolicyOf(context.Tenant())), ContractsJson.Default.HealthPolicyInfo);
}

/// <summary><c>PATCH /api/v1/fleet/policy</c>: thresholds of the whole tenant; what is not said stays.</summary>
internal static class ChangePolicy
{
    private const int MaxRanges = 200;

    public static async Task<IResult> HandleAsync(HttpContext context, HealthStore store, HealthBook book, CancellationToken cancellationToken)
    {
        if (!context.Access().IsWhole(Permission.DevicesWrite))
            return ProblemResults.Of(Access.Forbidden);
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.HealthPolicyInfo, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        if (CheckRanges(request.Value) is { } wrong)
            return ProblemResults.Of(wrong);
        var caller = Caller.Of(context);
        var outcome = await store.ChangeAsync(caller, async (db, now, token) => await DecideAsync(db, request.Value, now, token), cancellationToken, policy => book.SetPolicy(caller.Tenant, policy));
        return outcome.ToResult(p => Results.Json(PolicyText.Info(p), ContractsJson.Default.HealthPolicyInfo));
    }

    private static async Task<Outcome<DecidedChange<HealthPolicy>>> DecideAsync(HealthDbContext db, HealthPolicyInfo said, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var row = (await db.Policies.AsNoTracking().ToListAsync(cancellationToken)).SingleOrDefault();
        var before = row is null ? HealthPolicy.Default : PolicyText.Read(row.Policy);
        var after = PolicyText.Apply(before, said);
        if (after.Check() is { } problem)
            return problem;
        var next = new HealthPolicyRow { TenantId = db.Tenant.Value, Policy = PolicyText.Write(after), Changed = now };
        return new DecidedChange<HealthPolicy>(after, [(row, next)], "change", "health-policy", db.Tenant.Value, PolicyText.Info(before), PolicyText.Info(after));
    }

    private static Problem? CheckRanges(HealthPolicyInfo said)
    {
        if (said.Ranges is not { } ranges)
            return null;
        if (ranges.Count > MaxRanges)
            return new Problem(ProblemKind.TooMuch, $"There are at most {MaxRanges} ranges.", "ranges");
        foreach (var (metric, range) in ranges)
        {
            if (!MetricName.TryParse(metric, out _) || range is not [var least, var most] || !(least < most))
                return new Problem(ProblemKind.Invalid, "A range is the name of a metric with the least and the greatest value it may have, for example \"temperature\": [-40, 85].", "ranges");
        }
        return null;
    }
}
