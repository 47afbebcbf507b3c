using System.Data.Common;
using System.Globalization;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Strata.Cloud.Billing.Statements;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform.Isolation;
using Strata.Core.Metering;
using Strata.Core.Metering.Billing;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Tests.Billing;

/// <summary>Plans, statements, their close and their corrections, by the API of a real node; the meter's hours are given by the test.</summary>
public abstract class BillingTests(RunningCloud cloud, GivenMeter meter) : IAsyncLifetime
{
    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    protected RunningCloud Cloud { get; } = cloud;

    /// <summary>Another one in each test.</summary>
    protected TenantId Tenant { get; } = TenantId.Parse($"t{Guid.NewGuid():N}"[..16]);

    /// <summary>The platform's owner, acting for the tenant.</summary>
    private StrataClient Client => new(Cloud.Http, null, Tenant.Value);

    private string Standard => $"standard-{Tenant}";

    private string Other => $"other-{Tenant}";

    /// <summary>The current month, and the two that are over.</summary>
    private static BillingMonth Now => BillingMonth.Of(TimeProvider.System.GetUtcNow());

    private static BillingMonth Last => Now.Previous;

    public async ValueTask InitializeAsync() => await Cloud.Client.CreateTenantAsync(new CreateTenant(Tenant.Value), Cancel);

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    /// <summary>As the node's own right to the database.</summary>
    protected abstract Task AttackAsync(string sql);

    /// <summary>As somebody who has the database itself.</summary>
    protected abstract Task ForceAsync(string sql);

    [Fact]
    public async Task An_open_month_is_counted_as_it_stands_and_itemised_to_the_hour()
    {
        await PlanAsync(Last);
        Use(Last, 10, h => h with { BytesIn = 2_160_000_000 / 24, StorageBytes = 64_800_000_000, MessagesIn = 600_000 });
        var statement = await Client.GetStatementAsync($"{Last}", hours: true, Cancel);
        Assert.Equal(("open", Standard, 0m), (statement.State, statement.Plan.Name, statement.Credited));
        Assert.Equal(10 * 0.09m, Line(statement, "gb").Amount);
        Assert.Equal([0m, 4m], statement.Lines.Where(l => l.Unit == "million-messages").Select(l => l.Amount)); // 6 M, 2 M of them included, at $1.
        foreach (var line in statement.Lines.Where(l => l.Kind == "usage"))
            Assert.Equal(line.Exact, statement.Hours!.Where(h => h.Unit == line.Unit && h.Tier == line.Tier).Sum(h => h.Amount));
        Assert.Equal(statement.Lines.Sum(l => l.Amount), statement.Total);
        Assert.Equal(10m, statement.Total); // The minimum.
        Use(Last, 11, h => h with { BytesIn = 20_000_000_000 }, from: 10);
        Assert.Equal(20.90m, Line(await Client.GetStatementAsync($"{Last}", cancellationToken: Cancel), "gb").Amount);
        Assert.Contains((await Client.ListStatementsAsync(Cancel)).Items, s => s.Month == $"{Last}" && s.State == "open");
    }

    [Fact]
    public async Task A_closed_month_stays_as_it_is_and_verifies_to_the_last_digit()
    {
        await PlanAsync(Last);
        Use(Last, 100, h => h with { BytesIn = 123_456_789, StorageBytes = 9_876_543_210, MessagesIn = 33_333, ApiCalls = 7, Devices = 3 });
        var open = await Client.GetStatementAsync($"{Last}", hours: true, Cancel);
        var closed = await Client.CloseStatementAsync($"{Last}", Cancel);
        Assert.Equal((open.Total, open.UsageDigest), (closed.Total, closed.UsageDigest));
        Assert.Equal(("closed", 64), (closed.State, closed.Digest!.Length));
        var verified = await Client.VerifyStatementAsync($"{Last}", Cancel);
        Assert.True(verified.Whole, string.Join("; ", verified.Checks));
        Assert.All(verified.Checks, c => Assert.True(c.Holds));
        // Closing again, more use, other prices: nothing changes it.
        Use(Last, 101, h => h with { BytesIn = 5_000_000_000 }, from: 100);
        var again = await Client.CloseStatementAsync($"{Last}", Cancel);
        Assert.Equal((closed.Digest, closed.Closed, closed.Total), (again.Digest, again.Closed, again.Total));
        var later = await Client.GetStatementAsync($"{Last}", hours: true, Cancel);
        Assert.Equal(open.Hours, later.Hours);
        var meterMoved = await Client.VerifyStatementAsync($"{Last}", Cancel);
        Assert.False(meterMoved.Whole);
        Assert.Equal("meter", Assert.Single(meterMoved.Checks, c => c.Holds == false).Name);
        meter.Forget(Tenant);
        var forgotten = await Client.VerifyStatementAsync($"{Last}", Cancel);
        Assert.True(forgotten.Whole);
        Assert.Null(forgotten.Checks.Single(c => c.Name == "meter").Holds);
    }

    [Fact]
    public async Task The_node_cannot_change_what_is_closed_and_who_can_is_found_out()
    {
        await PlanAsync(Last);
        Use(Last, 3, h => h with { BytesIn = 1_000_000_000 });
        await Client.CloseStatementAsync($"{Last}", Cancel);
        await Client.CreditAsync($"{Last}", new CreateCreditNote(1m, "an outage"), Cancel);
        foreach (var attack in (string[])
            [
                "UPDATE statements SET total_minor = 1", "DELETE FROM statements", "UPDATE credit_notes SET amount_minor = 0", "DELETE FROM credit_notes",
            ])
            await Assert.ThrowsAnyAsync<DbException>(() => AttackAsync(attack));
        Assert.True((await Client.VerifyStatementAsync($"{Last}", Cancel)).Whole);
        await ForceAsync($"UPDATE statements SET document = replace(document, '\"total\":10', '\"total\":11') {Own}");
        Assert.Equal("content, arithmetic", Broken(await Client.VerifyStatementAsync($"{Last}", Cancel)));
        await ForceAsync($"UPDATE statements SET document = replace(document, '\"total\":11', '\"total\":10') {Own}");
        Assert.True((await Client.VerifyStatementAsync($"{Last}", Cancel)).Whole);
        await ForceAsync($"UPDATE credit_notes SET amount_minor = 900 {Own}");
        Assert.Equal("credit notes", Broken(await Client.VerifyStatementAsync($"{Last}", Cancel)));
        await ForceAsync($"UPDATE credit_notes SET amount_minor = 100 {Own}; UPDATE statements SET digest = replace(digest, substr(digest, 1, 4), '0000') {Own}");
        Assert.Contains("signature", (await Client.VerifyStatementAsync($"{Last}", Cancel)).Checks.Where(c => c.Holds == false).Select(c => c.Name));
        await ForceAsync($"UPDATE statements SET document = 'nonsense' {Own}");
        Assert.False((await Client.VerifyStatementAsync($"{Last}", Cancel)).Whole);
    }

    [Fact]
    public async Task A_tenant_whose_rows_go_leaves_its_closed_months()
    {
        await PlanAsync(Last);
        var closed = await Client.CloseStatementAsync($"{Last}", Cancel);
        await Cloud.Node.Services.GetRequiredService<TenantRows>().RemoveAsync(Tenant, Cancel);
        Assert.Empty((await Client.ListPlanAssignmentsAsync(Cancel)).Items);
        Assert.Equal(closed.Digest, (await Client.GetStatementAsync($"{Last}", cancellationToken: Cancel)).Digest);
        Assert.True((await Client.VerifyStatementAsync($"{Last}", Cancel)).Whole);
    }

    [Fact]
    public async Task Credit_notes_are_the_only_correction_and_give_back_no_more_than_is_due()
    {
        await PlanAsync(Last);
        await RefusedAsync(HttpStatusCode.Conflict, () => Client.CreditAsync($"{Last}", new CreateCreditNote(1m, "too early"), Cancel));
        await Client.CloseStatementAsync($"{Last}", Cancel); // The minimum: $10.
        var first = await Client.CreditAsync($"{Last}", new CreateCreditNote(2.50m, "an outage"), Cancel);
        var second = await Client.CreditAsync($"{Last}", new CreateCreditNote(7.50m, "another"), Cancel);
        Assert.Equal((1, 2), (first.Number, second.Number));
        await RefusedAsync(HttpStatusCode.Conflict, () => Client.CreditAsync($"{Last}", new CreateCreditNote(0.01m, "more"), Cancel));
        await RefusedAsync(HttpStatusCode.BadRequest, () => Client.CreditAsync($"{Last}", new CreateCreditNote(0.001m, "less than a cent"), Cancel));
        await RefusedAsync(HttpStatusCode.BadRequest, () => Client.CreditAsync($"{Last}", new CreateCreditNote(-1m, "a debit"), Cancel));
        var statement = await Client.GetStatementAsync($"{Last}", cancellationToken: Cancel);
        Assert.Equal((10m, 10m, 0m, 2), (statement.Total, statement.Credited, statement.Due, statement.CreditNotes.Count));
        Assert.True((await Client.VerifyStatementAsync($"{Last}", Cancel)).Whole);
        var audit = await Client.ListAuditAsync(cancellationToken: Cancel);
        Assert.Equal(2, audit.Items.Count(a => a.Kind == "statement" && a.Action == "credit"));
        Assert.Contains(statement.Digest!, Assert.Single(audit.Items, a => a.Kind == "statement" && a.Action == "close").After, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_runner_closes_what_is_due_once_and_nothing_else()
    {
        await PlanAsync(Last.Previous);
        var runner = Cloud.Node.Services.GetRequiredService<ClosingRunner>();
        var due = BillingMonth.Of(TimeProvider.System.GetUtcNow() - TimeSpan.FromDays(2)).Previous;
        Assert.True(await runner.CloseDueAsync(Cancel) >= (due == Last ? 2 : 1));
        Assert.Equal(0, await runner.CloseDueAsync(Cancel));
        var statement = await Client.GetStatementAsync($"{Last.Previous}", cancellationToken: Cancel);
        Assert.Equal(("closed", "node"), (statement.State, statement.ClosedBy));
        Assert.Equal("open", (await Client.GetStatementAsync($"{Now}", cancellationToken: Cancel)).State);
        await RefusedAsync(HttpStatusCode.Conflict, () => Client.CloseStatementAsync($"{Now}", Cancel));
    }

    [Fact]
    public async Task Prices_change_from_a_later_month_on_only_and_a_closed_month_keeps_its_plan()
    {
        await PlanAsync(Last);
        await RefusedAsync(HttpStatusCode.Conflict, () => Client.SetPricePlanAsync(Standard, new SetPricePlan("USD", [Rate("gb", 9m)], 0, $"{Now}"), Cancel));
        await RefusedAsync(HttpStatusCode.Conflict, () => Client.SetPricePlanAsync(Standard, new SetPricePlan("EUR", [Rate("gb", 9m)], 0, $"{Now.Next}"), Cancel));
        Assert.Equal($"{Now.Next}", (await Client.SetPricePlanAsync(Standard, new SetPricePlan("USD", [Rate("gb", 9m)]), Cancel)).From);
        Assert.Equal(2, (await Client.ListPricePlansAsync(Cancel)).Items.Count(p => p.Name == Standard));
        Assert.Equal($"{Last}", (await Client.GetStatementAsync($"{Now}", cancellationToken: Cancel)).Plan.From);
        await Client.CloseStatementAsync($"{Last}", Cancel);
        await Client.SetPricePlanAsync(Other, new SetPricePlan("EUR", [Rate("gb", 1m)], 0, $"{Last.Previous}"), Cancel);
        await RefusedAsync(HttpStatusCode.Conflict, () => Client.AssignPlanAsync(new AssignPlan(Other, $"{Last}"), Cancel));
        await RefusedAsync(HttpStatusCode.NotFound, () => Client.AssignPlanAsync(new AssignPlan("nosuch"), Cancel));
        await Client.AssignPlanAsync(new AssignPlan(Other), Cancel);
        Assert.Equal([Other, Standard], (await Client.ListPlanAssignmentsAsync(Cancel)).Items.Select(a => a.Plan));
        Assert.Equal(("EUR", "USD"), ((await Client.GetStatementAsync($"{Now}", cancellationToken: Cancel)).Plan.Currency, (await Client.GetStatementAsync($"{Last}", cancellationToken: Cancel)).Plan.Currency));
    }

    [Fact]
    public async Task A_tenants_administrator_sees_its_own_statement_and_sets_no_prices()
    {
        await PlanAsync(Last);
        Use(Last, 2, h => h with { BytesIn = 20_000_000_000 });
        var admin = await AsAsync("tenant-admin", null);
        Assert.Equal(40m, (await admin.GetStatementAsync($"{Last}", cancellationToken: Cancel)).Total);
        await RefusedAsync(HttpStatusCode.NotFound, () => Cloud.Client.GetStatementAsync($"{Last}", cancellationToken: Cancel));
        await RefusedAsync(HttpStatusCode.Forbidden, () => admin.ListPricePlansAsync(Cancel));
        await RefusedAsync(HttpStatusCode.Forbidden, () => admin.AssignPlanAsync(new AssignPlan(Standard), Cancel));
        await RefusedAsync(HttpStatusCode.Forbidden, () => admin.CloseStatementAsync($"{Last}", Cancel));
        await Client.ApplyAsync("apiVersion: strata/v1\nsite: hq\n", false, false, cancellationToken: Cancel);
        var scoped = await AsAsync("tenant-admin", "hq");
        await RefusedAsync(HttpStatusCode.Forbidden, () => scoped.GetStatementAsync($"{Last}", cancellationToken: Cancel));
        await RefusedAsync(HttpStatusCode.Forbidden, () => scoped.GetSlaReportAsync($"{Last}", Cancel));
        var viewer = await AsAsync("viewer", null);
        await RefusedAsync(HttpStatusCode.Forbidden, () => viewer.GetStatementAsync($"{Last}", cancellationToken: Cancel));
    }

    [Fact]
    public async Task A_statement_is_told_as_CSV_whose_amounts_sum_to_the_total_and_as_a_page_without_script()
    {
        await PlanAsync(Last);
        Use(Last, 30, h => h with { BytesIn = 777_777_777, StorageBytes = 9_876_543_210 });
        await Client.CloseStatementAsync($"{Last}", Cancel);
        await Client.CreditAsync($"{Last}", new CreateCreditNote(1m, "=cmd|'/c calc'!A1, \"<script>\""), Cancel);
        var statement = await Client.GetStatementAsync($"{Last}", cancellationToken: Cancel);
        var csv = (await Client.GetStatementTextAsync($"{Last}", "csv", cancellationToken: Cancel)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(statement.Due, csv.Skip(1).Sum(l => decimal.Parse(l.Split(',')[^2], CultureInfo.InvariantCulture)));
        Assert.Contains(csv, l => l.Contains("\"'=cmd", StringComparison.Ordinal));
        using var response = await GetAsync($"/api/v1/billing/statements/{Last}?format=html&hours=true");
        var page = await response.Content.ReadAsStringAsync(Cancel);
        Assert.Equal("text/html", response.Content.Headers.ContentType!.MediaType);
        Assert.Contains("default-src 'none'", response.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("&lt;script&gt;", page, StringComparison.Ordinal);
        Assert.Contains(statement.Digest!, page, StringComparison.Ordinal);
        Assert.Contains(statement.Due.ToString("0.00", CultureInfo.InvariantCulture), page, StringComparison.Ordinal);
        using var wrong = await GetAsync($"/api/v1/billing/statements/{Last}?format=pdf");
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
    }

    [Fact]
    public async Task What_is_no_month_has_no_plan_or_lies_ahead_is_refused_with_the_reason()
    {
        Assert.Contains("2026-11", (await RefusedAsync(HttpStatusCode.BadRequest, () => Client.GetStatementAsync("2026-1", cancellationToken: Cancel))).Message, StringComparison.Ordinal);
        Assert.Contains("no price plan", (await RefusedAsync(HttpStatusCode.NotFound, () => Client.GetStatementAsync($"{Last}", cancellationToken: Cancel))).Message, StringComparison.Ordinal);
        Assert.Contains("has not begun", (await RefusedAsync(HttpStatusCode.NotFound, () => Client.GetStatementAsync($"{Now.Next}", cancellationToken: Cancel))).Message, StringComparison.Ordinal);
        Assert.Contains("no unit", (await RefusedAsync(HttpStatusCode.BadRequest, () => Client.SetPricePlanAsync("p", new SetPricePlan("USD", [Rate("barrels", 1m)]), Cancel))).Message, StringComparison.Ordinal);
        Assert.Contains("ISO 4217", (await RefusedAsync(HttpStatusCode.BadRequest, () => Client.SetPricePlanAsync("p", new SetPricePlan("dollars", []), Cancel))).Message, StringComparison.Ordinal);
    }

    protected static async Task<StrataApiException> RefusedAsync(HttpStatusCode status, Func<Task> ask)
    {
        var refused = await Assert.ThrowsAsync<StrataApiException>(ask);
        Assert.Equal((status, refused.Message), (refused.StatusCode, refused.Message));
        return refused;
    }

    private string Own => $"WHERE tenant_id = '{Tenant}'";

    private async Task<HttpResponseMessage> GetAsync(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { "Strata-Tenant", Tenant.Value } } };
        return await Cloud.Http.SendAsync(request, Cancel);
    }

    private static string Broken(StatementVerification verification) => string.Join(", ", verification.Checks.Where(c => c.Holds == false).Select(c => c.Name));

    private static PriceRateInfo Rate(string unit, decimal price, decimal included = 0) => new(unit, [new PriceTierInfo(price)], included);

    private static StatementLineInfo Line(StatementInfo statement, string unit) => Assert.Single(statement.Lines, l => l.Unit == unit);

    private async Task PlanAsync(BillingMonth from)
    {
        await Client.SetPricePlanAsync(Standard, new SetPricePlan("USD", [Rate("gb", 1m), Rate("gb-month", 0.023m), Rate("million-messages", 1m, 2m), Rate("thousand-api-calls", 0.4m), Rate("device-month", 0.1m)], 10m, $"{from}"), Cancel);
        await Client.AssignPlanAsync(new AssignPlan(Standard, $"{from}"), Cancel);
    }

    private void Use(BillingMonth month, int hours, Func<UsageHour, UsageHour> use, int from = 0) =>
        meter.Add(Enumerable.Range(from, hours - from).Select(h => use(new UsageHour(Tenant, month.Start.AddHours(h), h % 2 == 0 ? "" : "th-1"))));

    private async Task<StrataClient> AsAsync(string role, string? site)
    {
        var created = await Client.CreateTokenAsync(new CreateToken([new GrantInfo(role, site is null ? null : [site])]), Cancel);
        return new StrataClient(Cloud.NewClient(), created.Token);
    }
}
