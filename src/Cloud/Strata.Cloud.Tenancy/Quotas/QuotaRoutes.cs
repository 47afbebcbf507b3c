using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Tenancy.Rows;
using Strata.Core;
using Strata.Core.Metering;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Devices;
using Strata.Node.Metering;
using Strata.Node.Reads;
using Strata.Telemetry;

namespace Strata.Cloud.Tenancy.Quotas;

/// <summary>What the routes of quotas are.</summary>
internal static class QuotaRoutes
{
    public static void MapQuotas(this IEndpointRouteBuilder api)
    {
        api.MapGet("/quotas", ShowQuotas.HandleAsync).Requires(Permission.UsageRead).AcceptsOnly().WithName("GetQuotas").WithTags("Usage")
            .WithSummary("What the tenant may use, what is used of it, and the day each quota runs out").Produces<QuotaInfo>();
        api.MapPatch("/quotas", SetQuotas.HandleAsync).Requires(Permission.PlatformManage).AcceptsOnly().WithName("ChangeQuotas").WithTags("Usage")
            .WithSummary("Says what the tenant may use; holds at once").Accepts<ChangeQuotas>("application/json").Produces<QuotaInfo>();
        api.MapGet("/quotas/plans", ListQuotaPlans.Handle).Requires(Permission.PlatformManage).AcceptsOnly().WithName("ListQuotaPlans").WithTags("Usage")
            .WithSummary("Templates of quotas: built in, and the platform's own").Produces<Page<QuotaPlanInfo>>();
        api.MapPut("/quotas/plans/{name}", PutPlan.HandleAsync).Requires(Permission.PlatformManage).AcceptsOnly().WithName("PutQuotaPlan").WithTags("Usage")
            .WithSummary("Makes or replaces a plan; tenants that follow it have its values at once").Accepts<PutQuotaPlan>("application/json").Produces<QuotaPlanInfo>()
            .ProducesProblem(StatusCodes.Status409Conflict);
        api.MapDelete("/quotas/plans/{name}", DeletePlan.HandleAsync).Requires(Permission.PlatformManage).AcceptsOnly().WithName("DeleteQuotaPlan").WithTags("Usage")
            .WithSummary("Removes a plan that no tenant follows").Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict);
    }

    /// <summary>The first value that may not be.</summary>
    internal static Problem? Check(IEnumerable<KeyValuePair<string, long?>> values) =>
        values.Select(v => Core.Metering.Quotas.Check(v.Key, v.Value)).FirstOrDefault(p => p is not null);
}

/// <summary><c>GET /api/v1/quotas</c>.</summary>
internal static class ShowQuotas
{
    /// <summary>Days that a forecast is made from.</summary>
    private const int Days = 30;

    public static async Task<IResult> HandleAsync(
        HttpContext context, TenancyStore store, Meter meter, QuotaWatch watch, DeviceDirectory devices, ITelemetryStore telemetry, TimeProvider time, CancellationToken cancellationToken)
    {
        var access = context.Access();
        if (!access.IsWhole(Permission.UsageRead))
            return ProblemResults.Of(Access.Forbidden);
        return Results.Json(
            await DescribeAsync(access.Tenant, store, meter, watch, devices, telemetry, time.GetUtcNow(), cancellationToken), ContractsJson.Default.QuotaInfo);
    }

    internal static async Task<QuotaInfo> DescribeAsync(
        TenantId tenant, TenancyStore store, Meter meter, QuotaWatch watch, DeviceDirectory devices, ITelemetryStore telemetry, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var row = store.Find(tenant)?.Quota;
        var hours = await telemetry.UsageAsync(tenant, now.AddDays(-Days), now, cancellationToken);
        var today = DateOnly.FromDateTime(now.UtcDateTime);
        var days = hours.GroupBy(h => DateOnly.FromDateTime(h.Hour.UtcDateTime)).ToDictionary(g => g.Key, g => g.ToList());
        var there = watch.UsesOf(meter.Of(tenant), devices).ToDictionary(u => u.Name);
        var items = meter.Of(tenant).Quotas.Items.Select(item =>
        {
            var ofToday = QuotaForecast.UsedOf(item.Name, days.GetValueOrDefault(today) is { } hoursOfToday ? hoursOfToday : []);
            var seen = there.GetValueOrDefault(item.Name);
            var used = seen?.Used ?? ofToday;
            if (QuotaForecast.UsedOf(item.Name, hours) is null)
                used = null;
            if (item.Limit is not { } limit || used is not { } use)
                return new QuotaItem(item.Name, item.Limit, used, "ok", null);
            var known = days.Where(d => d.Key != today).Select(d => (d.Key, QuotaForecast.UsedOf(item.Name, d.Value) ?? 0)).Append((today, Core.Metering.Quotas.IsRate(item.Name) ? ofToday ?? 0 : use)).ToList();
            var quota = (seen ?? new QuotaUse(item.Name, limit, use, null)) with { Limit = limit, RunsOut = QuotaForecast.RunsOut(known, limit, today) };
            return new QuotaItem(quota.Name, quota.Limit, quota.Used, quota.State.ToString().ToLowerInvariant(), quota.RunsOut);
        });
        return new QuotaInfo(tenant.Value, row?.Plan ?? QuotaPlan.Default, QuotaBook.OwnValues(row), [.. items]);
    }
}

/// <summary><c>PATCH /api/v1/quotas</c>: the plan a tenant follows, and its own values.</summary>
internal static class SetQuotas
{
    public static async Task<IResult> HandleAsync(
        HttpContext context, TenancyStore store, QuotaBook book, Meter meter, QuotaWatch watch, DeviceDirectory devices, ITelemetryStore telemetry, TimeProvider time,
        CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.ChangeQuotas, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        var caller = Caller.Of(context);
        var outcome = await store.ChangeAsync(caller, (image, _) => Decide(image!, request.Value, book), cancellationToken);
        if (!outcome.IsOk)
            return ProblemResults.Of(outcome.Problem);
        return Results.Json(await ShowQuotas.DescribeAsync(caller.Tenant, store, meter, watch, devices, telemetry, time.GetUtcNow(), cancellationToken), ContractsJson.Default.QuotaInfo);
    }

    private static Outcome<TenancyChange<QuotaRow>> Decide(TenancyImage image, ChangeQuotas request, QuotaBook book)
    {
        var before = image.Quota;
        var plan = request.Plan ?? before?.Plan ?? QuotaPlan.Default;
        if (book.FindPlan(plan) is null)
            return new Problem(ProblemKind.NotFound, $"There is no plan '{(plan.Length > 64 ? plan[..64] : plan)}'; there are {string.Join(", ", book.Plans.Select(p => p.Name))}.", "plan");
        var own = QuotaBook.OwnValues(before);
        if (QuotaRoutes.Check((request.Own ?? new Dictionary<string, long?>()).Concat((request.Follow ?? []).Select(n => KeyValuePair.Create(n, (long?)null)))) is { } wrong)
            return wrong;
        foreach (var (name, value) in request.Own ?? new Dictionary<string, long?>())
            own[name] = value;
        foreach (var name in request.Follow ?? [])
            own.Remove(name);
        var after = new QuotaRow { TenantId = image.Tenant.TenantId, Plan = plan, Own = JsonSerializer.Serialize(own) };
        return new TenancyChange<QuotaRow>(
            after, image with { Quota = after }, [(before, after)], "change", "quotas", image.Tenant.TenantId, before is null ? null : new { before.Plan, own = QuotaBook.OwnValues(before) },
            new { after.Plan, own });
    }
}

/// <summary><c>GET /api/v1/quotas/plans</c>.</summary>
internal static class ListQuotaPlans
{
    public static IResult Handle(QuotaBook book) => Results.Json(new Page<QuotaPlanInfo>([.. book.Plans.Select(Info)], null), ContractsJson.Default.PageQuotaPlanInfo);

    internal static QuotaPlanInfo Info(QuotaPlan plan) =>
        new(plan.Name, plan.IsBuiltIn, plan.Quotas.Items.Where(i => i.Limit is not null).ToDictionary(i => i.Name, i => i.Limit!.Value, StringComparer.Ordinal));
}

/// <summary><c>PUT /api/v1/quotas/plans/{name}</c>.</summary>
internal static class PutPlan
{
    public static async Task<IResult> HandleAsync(string name, HttpContext context, TenancyStore store, TenancyOptions options, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.PutQuotaPlan, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        var outcome = await store.ChangeAsync(
            Caller.Of(context) with { Tenant = TenantId.Main }, (image, _) => Decide(image!, name, request.Value, options.MaxQuotaPlans), cancellationToken);
        return outcome.ToResult(row => Results.Json(ListQuotaPlans.Info(QuotaBook.Read(row)), ContractsJson.Default.QuotaPlanInfo));
    }

    private static Outcome<TenancyChange<QuotaPlanRow>> Decide(TenancyImage image, string name, PutQuotaPlan request, int maxPlans)
    {
        if (!Role.IsName(name))
            return new Problem(ProblemKind.Invalid, "A plan's name is a letter or digit, then letters, digits and . _ : -, at most 64.", "name");
        if (QuotaPlan.BuiltIn.Any(p => p.Name == name))
            return new Problem(ProblemKind.Conflict, $"The plan '{name}' is built in; make one of another name.", "name");
        if (QuotaRoutes.Check((request.Quotas ?? new Dictionary<string, long>()).Select(q => KeyValuePair.Create(q.Key, (long?)q.Value))) is { } wrong)
            return wrong;
        image.QuotaPlans.TryGetValue(name, out var before);
        if (before is null && image.QuotaPlans.Count >= maxPlans)
            return new Problem(ProblemKind.TooMuch, $"There are {maxPlans:N0} plans; delete some first.");
        var after = new QuotaPlanRow { TenantId = image.Tenant.TenantId, Name = name, Quotas = JsonSerializer.Serialize(request.Quotas ?? new Dictionary<string, long>()) };
        return new TenancyChange<QuotaPlanRow>(
            after, image with { QuotaPlans = image.QuotaPlans.SetItem(name, after) }, [(before, after)], before is null ? "create" : "change", "quota-plan", name,
            before is null ? null : new { before.Quotas }, new { after.Quotas });
    }
}

/// <summary><c>DELETE /api/v1/quotas/plans/{name}</c>.</summary>
internal static class DeletePlan
{
    public static async Task<IResult> HandleAsync(string name, HttpContext context, TenancyStore store, CancellationToken cancellationToken)
    {
        var outcome = await store.ChangeAsync(Caller.Of(context) with { Tenant = TenantId.Main }, (image, _) => Decide(image!, store, name), cancellationToken);
        return outcome.ToResult(_ => Results.NoContent());
    }

    private static Outcome<TenancyChange<string>> Decide(TenancyImage image, TenancyStore store, string name)
    {
        if (QuotaPlan.BuiltIn.Any(p => p.Name == name))
            return new Problem(ProblemKind.Conflict, $"The plan '{name}' is built in.", "name");
        if (!image.QuotaPlans.TryGetValue(name, out var row))
            return new Problem(ProblemKind.NotFound, $"There is no plan '{(name.Length > 64 ? name[..64] : name)}'.", "name");
        if (store.All.FirstOrDefault(t => t.Quota?.Plan == name && t.Tenant.State != TenantState.Deleted) is { } follower)
            return new Problem(ProblemKind.Conflict, $"The tenant '{follower.Tenant.TenantId}' follows the plan '{name}'; give it another one first.", "name");
        return new TenancyChange<string>(name, image with { QuotaPlans = image.QuotaPlans.Remove(name) }, [(row, null)], "remove", "quota-plan", name, new { row.Quotas }, null);
    }
}
