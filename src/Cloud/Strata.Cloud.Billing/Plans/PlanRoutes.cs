using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Billing.Rows;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Metering.Billing;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Billing.Plans;

/// <summary><c>GET /api/v1/billing/plans</c>: all versions of all plans, by name and month.</summary>
internal static class ListPlans
{
    public static async Task<IResult> HandleAsync(BillingStore store, CancellationToken cancellationToken)
    {
        await using var db = store.Create(TenantId.Main);
        var rows = await db.Plans.OrderBy(p => p.Name).ThenBy(p => p.FromMonth).ToListAsync(cancellationToken);
        return Results.Json(new Page<PricePlanInfo>(rows.ConvertAll(PlanText.Info), null), ContractsJson.Default.PagePricePlanInfo);
    }
}

/// <summary><c>PUT /api/v1/billing/plans/{name}</c>: a version of a plan. One that has begun is not changed: nobody's prices change under way.</summary>
internal static class SetPlan
{
    public static async Task<IResult> HandleAsync(string name, HttpContext context, BillingStore store, BillingOptions options, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.SetPricePlan, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        // Plans are the installation's: their changes stand in the audit trail of its first tenant.
        var caller = Caller.Of(context) with { Tenant = TenantId.Main };
        var outcome = await store.ChangeAsync(caller, (db, now, token) => DecideAsync(db, caller.Actor, name, request.Value, options, now, token), cancellationToken);
        return outcome.ToResult(plan => Results.Json(plan, ContractsJson.Default.PricePlanInfo));
    }

    private static async Task<Outcome<DecidedChange<PricePlanInfo>>> DecideAsync(
        BillingDbContext db, string actor, string name, SetPricePlan request, BillingOptions options, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var versions = await db.Plans.Where(p => p.Name == name).OrderBy(p => p.FromMonth).ToListAsync(cancellationToken);
        var current = BillingMonth.Of(now);
        var plan = PlanText.Parse(name, request.From ?? (versions.Count == 0 ? current : current.Next).ToString(), request.Currency, request.Minimum, request.Rates);
        if (!plan.IsOk)
            return plan.Problem;
        if (versions.Count > 0 && plan.Value.From <= current)
            return new Problem(ProblemKind.Conflict, $"The plan '{name}' is in use: a change holds from {current.Next} at the earliest, so that no prices change under way.", "from");
        if (versions.Count > 0 && PlanText.Read(versions[0]).Currency != plan.Value.Currency)
            return new Problem(ProblemKind.Conflict, $"The plan '{name}' is in {PlanText.Read(versions[0]).Currency}; make another plan for another currency.", "currency");
        var before = versions.Find(v => v.FromMonth == plan.Value.From.ToNumber());
        if (before is null && await db.Plans.CountAsync(cancellationToken) >= options.MaxPlanVersions)
            return new Problem(ProblemKind.TooMuch, $"There are {options.MaxPlanVersions:N0} versions of price plans, which is all there may be.");
        var row = new PricePlanRow { Name = name, FromMonth = plan.Value.From.ToNumber(), Document = PlanText.Write(plan.Value), Created = now, CreatedBy = actor };
        return new DecidedChange<PricePlanInfo>(
            PlanText.Info(row), [(before, row)], before is null ? "create" : "change", "price-plan", name, before is null ? null : PlanText.Info(before), PlanText.Info(row));
    }
}

/// <summary><c>GET /api/v1/billing/assignments</c>: which plans the tenant has had, the newest first.</summary>
internal static class ListAssignments
{
    public static async Task<IResult> HandleAsync(HttpContext context, BillingStore store, CancellationToken cancellationToken)
    {
        await using var db = store.Create(context.Tenant());
        var rows = await db.Assignments.OrderByDescending(a => a.FromMonth).ToListAsync(cancellationToken);
        return Results.Json(new Page<PlanAssignmentInfo>(rows.ConvertAll(Info), null), ContractsJson.Default.PagePlanAssignmentInfo);
    }

    internal static PlanAssignmentInfo Info(PlanAssignmentRow row) => new(row.Plan, BillingMonth.FromNumber(row.FromMonth).ToString(), row.Assigned, row.AssignedBy);
}

/// <summary><c>POST /api/v1/billing/assignments</c>: a plan for the tenant from a month on that is not closed.</summary>
internal static class GivePlan
{
    public static async Task<IResult> HandleAsync(HttpContext context, BillingStore store, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.AssignPlan, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        var caller = Caller.Of(context);
        var outcome = await store.ChangeAsync(caller, (db, now, token) => DecideAsync(db, caller, request.Value, now, token), cancellationToken);
        return outcome.ToResult(assignment => Results.Json(assignment, ContractsJson.Default.PlanAssignmentInfo, statusCode: StatusCodes.Status201Created));
    }

    private static async Task<Outcome<DecidedChange<PlanAssignmentInfo>>> DecideAsync(
        BillingDbContext db, Caller caller, AssignPlan request, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var from = BillingRequests.Month(request.From ?? BillingMonth.Of(now).ToString(), "from");
        if (!from.IsOk)
            return from.Problem;
        var month = from.Value.ToNumber();
        if (await db.Statements.Where(s => s.Month >= month).OrderByDescending(s => s.Month).Select(s => s.Month).Take(1).ToListAsync(cancellationToken) is [var closed])
            return new Problem(ProblemKind.Conflict, $"The month {BillingMonth.FromNumber(closed)} is closed; a plan can change from {BillingMonth.FromNumber(closed).Next} on.", "from");
        if (await PlanOf.VersionAsync(db, request.Plan, from.Value, cancellationToken) is null)
            return new Problem(ProblemKind.NotFound, $"There is no plan '{BillingRequests.Short(request.Plan)}' in {from.Value}; 'strata billing plans list' shows what there is.", "plan");
        var before = (await db.Assignments.Where(a => a.FromMonth == month).ToListAsync(cancellationToken)).SingleOrDefault();
        var row = new PlanAssignmentRow { TenantId = db.Tenant.Value, FromMonth = month, Plan = request.Plan, Assigned = now, AssignedBy = caller.Actor };
        return new DecidedChange<PlanAssignmentInfo>(
            ListAssignments.Info(row), [(before, row)], "assign", "plan-assignment", from.Value.ToString(), before is null ? null : new { before.Plan }, new { row.Plan });
    }
}

/// <summary>Which prices a tenant has in a month.</summary>
internal static class PlanOf
{
    /// <summary>The plan and version that hold; null when none was given for the month.</summary>
    public static async Task<PricePlan?> FindAsync(BillingDbContext db, BillingMonth month, CancellationToken cancellationToken)
    {
        var number = month.ToNumber();
        var assigned = await db.Assignments.Where(a => a.FromMonth <= number).OrderByDescending(a => a.FromMonth).Select(a => a.Plan).Take(1).ToListAsync(cancellationToken);
        return assigned is [var plan] && await VersionAsync(db, plan, month, cancellationToken) is { } row ? PlanText.Read(row) : null;
    }

    public static async Task<PricePlanRow?> VersionAsync(BillingDbContext db, string plan, BillingMonth month, CancellationToken cancellationToken)
    {
        var number = month.ToNumber();
        return (await db.Plans.Where(p => p.Name == plan && p.FromMonth <= number).OrderByDescending(p => p.FromMonth).Take(1).ToListAsync(cancellationToken)).SingleOrDefault();
    }
}
