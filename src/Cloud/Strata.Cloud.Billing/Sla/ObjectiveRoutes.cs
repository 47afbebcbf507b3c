using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Billing.Rows;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Metering.Billing;
using Strata.Core.Metering.Sla;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Billing.Sla;

/// <summary><c>GET /api/v1/sla/objectives</c>: what holds now and what will from later months on.</summary>
internal static class ListObjectives
{
    public static async Task<IResult> HandleAsync(HttpContext context, BillingStore store, TimeProvider time, CancellationToken cancellationToken)
    {
        await using var db = store.Create(context.Tenant());
        var current = BillingMonth.Of(time.GetUtcNow());
        var now = await SlaReports.PromisedAsync(db, current, cancellationToken);
        var number = current.ToNumber();
        var later = await db.Objectives.Where(o => o.FromMonth > number && o.Target != null).OrderBy(o => o.FromMonth).ToListAsync(cancellationToken);
        return Results.Json(new Page<ObjectiveInfo>([.. now.Select(p => ObjectiveText.Info(p.Row)), .. later.Select(ObjectiveText.Info)], null), ContractsJson.Default.PageObjectiveInfo);
    }
}

/// <summary><c>PUT /api/v1/sla/objectives/{kind}</c>: promises something. A month that has begun with a promise of the kind keeps it.</summary>
internal static class PromiseObjective
{
    public static async Task<IResult> HandleAsync(string kind, HttpContext context, BillingStore store, MeasuredTenants measured, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.SetObjective, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        if (!ObjectiveKinds.TryParse(kind, out var which))
            return ProblemResults.Of(Unknown(kind));
        var wanted = request.Value;
        var objective = new ServiceObjective(
            which, wanted.Target, wanted.LimitMs, wanted.Credits is { } steps ? [.. steps.Select(s => new CreditStep(s.Below, s.Percent))] : ServiceObjective.UsualCredits(wanted.Target));
        if (objective.Check() is { } problem)
            return ProblemResults.Of(problem);
        var caller = Caller.Of(context);
        var outcome = await store.ChangeAsync(caller, (db, now, token) => DecideAsync(db, caller, objective, now, token), cancellationToken);
        if (outcome.IsOk)
            measured.Add(caller.Tenant);
        return outcome.ToResult(o => Results.Json(o, ContractsJson.Default.ObjectiveInfo));
    }

    internal static Problem Unknown(string kind) =>
        new(ProblemKind.NotFound, $"There is no objective '{BillingRequests.Short(kind)}'; there are {string.Join(", ", ObjectiveKinds.All.Select(ObjectiveKinds.NameOf))}.", "kind");

    private static async Task<Outcome<DecidedChange<ObjectiveInfo>>> DecideAsync(
        BillingDbContext db, Caller caller, ServiceObjective objective, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var current = BillingMonth.Of(now);
        var holds = (await SlaReports.PromisedAsync(db, current, cancellationToken)).Any(p => p.Objective.Kind == objective.Kind);
        var from = holds ? current.Next : current;
        var before = await FindAsync(db, ObjectiveKinds.NameOf(objective.Kind), from, cancellationToken);
        var row = new ObjectiveRow
        {
            TenantId = db.Tenant.Value, Kind = ObjectiveKinds.NameOf(objective.Kind), FromMonth = from.ToNumber(), Target = (int)(objective.Target * 10_000m),
            LimitMicros = objective.LimitMs is { } ms ? (long)(ms * 1_000m) : null, Credits = JsonSerializer.Serialize(objective.Credits.Select(c => new CreditStepInfo(c.Below, c.Percent)), JsonSerializerOptions.Web),
            Since = holds ? from.Start : ServiceMinutes.Floor(now).AddMinutes(1), Created = now, CreatedBy = caller.Actor,
        };
        return new DecidedChange<ObjectiveInfo>(
            ObjectiveText.Info(row), [(before, row)], before is null ? "create" : "change", "sla-objective", row.Kind, before is null ? null : new { before.Target, before.FromMonth }, ObjectiveText.Info(row));
    }

    internal static async Task<ObjectiveRow?> FindAsync(BillingDbContext db, string kind, BillingMonth from, CancellationToken cancellationToken)
    {
        var number = from.ToNumber();
        return (await db.Objectives.Where(o => o.Kind == kind && o.FromMonth == number).ToListAsync(cancellationToken)).SingleOrDefault();
    }
}

/// <summary><c>DELETE /api/v1/sla/objectives/{kind}</c>: ends a promise with the current month.</summary>
internal static class EndObjective
{
    public static async Task<IResult> HandleAsync(string kind, HttpContext context, BillingStore store, CancellationToken cancellationToken)
    {
        if (!ObjectiveKinds.TryParse(kind, out _))
            return ProblemResults.Of(PromiseObjective.Unknown(kind));
        var caller = Caller.Of(context);
        var outcome = await store.ChangeAsync(caller, (db, now, token) => DecideAsync(db, caller, kind, now, token), cancellationToken);
        return outcome.ToResult(_ => Results.NoContent());
    }

    private static async Task<Outcome<DecidedChange<string>>> DecideAsync(BillingDbContext db, Caller caller, string kind, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var next = BillingMonth.Of(now).Next;
        var promised = (await SlaReports.PromisedAsync(db, next, cancellationToken)).FirstOrDefault(p => p.Row.Kind == kind);
        if (promised is null)
            return new Problem(ProblemKind.NotFound, $"Nothing is promised of {kind} from {next} on.", "kind");
        var before = await PromiseObjective.FindAsync(db, kind, next, cancellationToken);
        var row = promised.Row with { FromMonth = next.ToNumber(), Target = null, LimitMicros = null, Credits = "[]", Since = next.Start, Created = now, CreatedBy = caller.Actor };
        return new DecidedChange<string>(kind, [(before, row)], "remove", "sla-objective", kind, ObjectiveText.Info(promised.Row), null);
    }
}
