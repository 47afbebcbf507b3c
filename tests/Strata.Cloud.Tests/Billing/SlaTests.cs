using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Strata.Cloud.Billing.Sla;
using Strata.Cloud.Contracts;
using Strata.Core.Metering.Billing;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Tests.Billing;

/// <summary>Promises, what is measured, and reports, by the API of a real node.</summary>
public sealed class SlaTests(MeteredCloud cloud) : IClassFixture<MeteredCloud>, IAsyncLifetime
{
    private readonly TenantId tenant = TenantId.Parse($"s{Guid.NewGuid():N}"[..16]);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private StrataClient Client => new(cloud.Http, null, tenant.Value);

    private ServiceRecorder Recorder => cloud.Node.Services.GetRequiredService<ServiceRecorder>();

    private static BillingMonth Month => BillingMonth.Of(TimeProvider.System.GetUtcNow());

    public async ValueTask InitializeAsync() => await cloud.Client.CreateTenantAsync(new CreateTenant(tenant.Value), Cancel);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_promise_holds_from_now_on_and_is_changed_from_the_next_month_on()
    {
        var first = await Client.SetObjectiveAsync("ingest-availability", new SetObjective(99.9m), Cancel);
        Assert.Equal(($"{Month}", 8.76), (first.From, Math.Round(first.AllowedPerYear!.Value.TotalHours, 6)));
        Assert.Equal([new CreditStepInfo(99.9m, 10), new CreditStepInfo(99m, 25)], first.Credits);
        Assert.True(first.Since > TimeProvider.System.GetUtcNow().AddMinutes(-1) && first.Since <= TimeProvider.System.GetUtcNow().AddMinutes(1));
        var second = await Client.SetObjectiveAsync("ingest-availability", new SetObjective(99.95m), Cancel);
        Assert.Equal(($"{Month.Next}", 4.38), (second.From, Math.Round(second.AllowedPerYear!.Value.TotalHours, 6)));
        Assert.Equal([99.9m, 99.95m], (await Client.ListObjectivesAsync(Cancel)).Items.Select(o => o.Target));
        await Client.RemoveObjectiveAsync("ingest-availability", Cancel);
        Assert.Equal([99.9m], (await Client.ListObjectivesAsync(Cancel)).Items.Select(o => o.Target));
        var refused = await Assert.ThrowsAsync<StrataApiException>(() => Client.RemoveObjectiveAsync("ingest-availability", Cancel));
        Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);
        Assert.Equal(3, (await Client.ListAuditAsync(cancellationToken: Cancel)).Items.Count(a => a.Kind == "sla-objective"));
    }

    [Fact]
    public async Task What_cannot_be_measured_is_refused_with_the_reason()
    {
        var tight = await Assert.ThrowsAsync<StrataApiException>(() => Client.SetObjectiveAsync("api-availability", new SetObjective(99.999m), Cancel));
        Assert.Equal((HttpStatusCode.BadRequest, "target"), (tight.StatusCode, tight.Field));
        Assert.Contains("whole minutes", tight.Message, StringComparison.Ordinal);
        var alerts = await Assert.ThrowsAsync<StrataApiException>(() => Client.SetObjectiveAsync("alert-response", new SetObjective(95m, 1_000), Cancel));
        Assert.Equal((HttpStatusCode.BadRequest, "limitMs"), (alerts.StatusCode, alerts.Field));
        var unknown = await Assert.ThrowsAsync<StrataApiException>(() => Client.SetObjectiveAsync("happiness", new SetObjective(95m), Cancel));
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    [Fact]
    public async Task The_probe_stores_a_reading_through_the_listener_and_reads_it_back_and_touches_nobody()
    {
        var probe = cloud.Node.Services.GetRequiredService<ServiceProbe>();
        var before = await cloud.Client.CountReadingsAsync(null, Cancel);
        var result = await probe.RunAsync(Cancel);
        Assert.True(result is { Ingest: true, Api: true, IngestMs: > 0 }, $"{result}");
        Assert.Equal(before, await cloud.Client.CountReadingsAsync(null, Cancel));
        Assert.DoesNotContain((await cloud.Client.ListTenantsAsync(cancellationToken: Cancel)).Items, t => t.Id == ServiceProbe.Name);
    }

    [Fact]
    public async Task Probes_at_once_do_not_take_each_other_s_reading_for_a_loss()
    {
        var probe = cloud.Node.Services.GetRequiredService<ServiceProbe>();
        Assert.All(await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => probe.RunAsync(Cancel))), r => Assert.True(r is { Ingest: true, Api: true }, $"{r}"));
    }

    [Fact]
    public async Task A_minute_has_what_devices_and_programs_got()
    {
        await Client.SetObjectiveAsync("ingest-availability", new SetObjective(99m), Cancel);
        var minute = Minute(1);
        await Recorder.RecordAsync(Minute(0), null, Cancel); // What was counted before.
        var device = await Client.CreateDeviceAsync(new CreateDevice("t-1"), Cancel);
        using (var http = cloud.NewClient())
        {
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{tenant}/t-1:{device.Secret}")));
            for (var i = 0; i < 3; i++)
                (await http.PostAsync("/api/v1/devices/t-1/telemetry", new StringContent($$"""{"x":{{i}}}""", Encoding.UTF8, "application/json"), Cancel)).EnsureSuccessStatusCode();
        }
        await Client.ListDevicesAsync(cancellationToken: Cancel);
        await Recorder.RecordAsync(minute, new ProbeResult(true, 5m, false), Cancel);
        await using var db = cloud.Node.Services.GetRequiredService<Strata.Cloud.Billing.BillingStore>().Create(tenant);
        // The node records by itself too, at the turn of a real minute: what was counted is in one of the rows.
        var rows = db.Minutes.AsEnumerable().Where(m => m.Minute != ServiceMinutes.Number(Minute(0))).ToList();
        var row = Assert.Single(rows, m => m.Minute == ServiceMinutes.Number(minute));
        Assert.Equal((true, false), (row.ProbeIngest, row.ProbeApi));
        Assert.Equal((3, 0), (rows.Sum(r => r.IngestAcknowledged), rows.Sum(r => r.IngestFailed)));
        Assert.InRange(rows.Sum(r => r.ApiCalls), 2, 4);
        Assert.Equal(0, rows.Sum(r => r.ApiFailed));
        Assert.InRange(rows.Max(r => r.IngestP95Micros)!.Value, 1, 60_000_000);
        // What was said of a minute stays.
        await Recorder.RecordAsync(minute, new ProbeResult(true, 5m, true), Cancel);
        await using var again = cloud.Node.Services.GetRequiredService<Strata.Cloud.Billing.BillingStore>().Create(tenant);
        Assert.Equal(row, again.Minutes.AsEnumerable().Single(m => m.Minute == row.Minute));
    }

    [Fact]
    public async Task A_report_counts_missing_minutes_leaves_out_announced_ones_and_gives_credit_on_the_statement()
    {
        var last = Month.Previous;
        await PromiseSinceAsync(last, ("ingest-availability", 99.9m), ("api-availability", 99m));
        var total = last.Hours * 60;
        // Not measured: 100 minutes, of which 40 were announced; the API's probe failed in 10 more.
        await FillAsync(last, i => i is >= 1_000 and < 1_100 ? null : new ProbeResult(true, 4m, i is < 5_000 or >= 5_010));
        await AnnounceBackAsync(last.Start.AddMinutes(1_060), last.Start.AddMinutes(1_100));
        var report = await Client.GetSlaReportAsync($"{last}", Cancel);
        var ingest = report.Objectives.Single(o => o.Kind == "ingest-availability");
        Assert.Equal(("over", total - 40, 60, 40, 60m), (report.State, ingest.Minutes, ingest.Missing, ingest.Excluded, ingest.Spent));
        Assert.Equal((false, 10m, 1), (ingest.Met, ingest.Credit, ingest.BreachCount));
        Assert.Equal(decimal.Round((total - 100m) * 100m / (total - 40), 4, MidpointRounding.ToZero), ingest.Measured);
        Assert.Equal((70m, true), (report.Objectives.Single(o => o.Kind == "api-availability").Spent, report.Objectives.Single(o => o.Kind == "api-availability").Met));
        await Client.SetPricePlanAsync($"p-{tenant}", new SetPricePlan("USD", [], 200m, $"{last}"), Cancel);
        await Client.AssignPlanAsync(new AssignPlan($"p-{tenant}", $"{last}"), Cancel);
        var closed = await Client.CloseStatementAsync($"{last}", Cancel);
        var credit = Assert.Single(closed.Lines, l => l.Kind == "service-credit");
        Assert.Equal((-20m, 180m), (credit.Amount, closed.Total));
        Assert.Contains("Availability of ingest", credit.Text, StringComparison.Ordinal);
        Assert.True((await Client.VerifyStatementAsync($"{last}", Cancel)).Whole);
        Assert.Contains("ingest-availability,breach", await Client.GetSlaReportTextAsync($"{last}", "csv", Cancel), StringComparison.Ordinal);
        var page = await Client.GetSlaReportTextAsync($"{last}", "html", Cancel);
        Assert.Contains("missed", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Maintenance_is_announced_before_it_begins_and_taken_back_before_too()
    {
        var now = TimeProvider.System.GetUtcNow();
        var past = await Assert.ThrowsAsync<StrataApiException>(() => Client.AnnounceMaintenanceAsync(new AnnounceMaintenance(now.AddMinutes(-1), now.AddHours(1), "too late"), Cancel));
        Assert.Equal("from", past.Field);
        var announced = await Client.AnnounceMaintenanceAsync(new AnnounceMaintenance(now.AddDays(1), now.AddDays(1).AddHours(2), "new disks"), Cancel);
        Assert.Equal(announced, Assert.Single((await Client.ListMaintenanceAsync(Cancel)).Items));
        await Client.CancelMaintenanceAsync(announced.Id, Cancel);
        Assert.Empty((await Client.ListMaintenanceAsync(Cancel)).Items);
    }

    [Fact]
    public async Task Old_minutes_go_and_the_others_stay()
    {
        await Client.SetObjectiveAsync("api-availability", new SetObjective(99m), Cancel);
        var now = ServiceMinutes.Floor(TimeProvider.System.GetUtcNow());
        await Recorder.RecordAsync(now.AddDays(-402), null, Cancel); // The first of a tenant is of no minute.
        await Recorder.RecordAsync(now.AddDays(-401), null, Cancel);
        await Recorder.RecordAsync(now.AddDays(-399), null, Cancel);
        await using (var before = cloud.Node.Services.GetRequiredService<Strata.Cloud.Billing.BillingStore>().Create(tenant))
            Assert.Contains(before.Minutes.AsEnumerable(), m => m.Minute == ServiceMinutes.Number(now.AddDays(-401)));
        await Recorder.RetainAsync(Cancel);
        await using var db = cloud.Node.Services.GetRequiredService<Strata.Cloud.Billing.BillingStore>().Create(tenant);
        Assert.Equal(ServiceMinutes.Number(now.AddDays(-399)), db.Minutes.AsEnumerable().Min(m => m.Minute));
    }

    /// <summary>Long ago, so that the node's own minutes are others.</summary>
    private static DateTimeOffset Minute(int index) => Month.Previous.Previous.Start.AddMinutes(index);

    /// <summary>As if it had been promised before: what the API does not allow.</summary>
    private async Task PromiseSinceAsync(BillingMonth month, params (string Kind, decimal Target)[] promises)
    {
        await using var db = cloud.Node.Services.GetRequiredService<Strata.Cloud.Billing.BillingStore>().Create(tenant);
        foreach (var (kind, target) in promises)
        {
            db.Add(new Strata.Cloud.Billing.Rows.ObjectiveRow
            {
                TenantId = tenant.Value, Kind = kind, FromMonth = month.ToNumber(), Target = (int)(target * 10_000m), LimitMicros = null,
                Credits = kind.StartsWith("api", StringComparison.Ordinal) ? "[]" : """[{"below":99.9,"percent":10},{"below":99,"percent":25}]""", Since = month.Start, Created = month.Start, CreatedBy = "test",
            });
        }
        db.Add(Audit());
        await db.SaveChangesAsync(Cancel);
    }

    private async Task AnnounceBackAsync(DateTimeOffset from, DateTimeOffset to)
    {
        await using var db = cloud.Node.Services.GetRequiredService<Strata.Cloud.Billing.BillingStore>().Create(tenant);
        db.Add(new Strata.Cloud.Billing.Rows.MaintenanceRow { TenantId = tenant.Value, Id = "m1", Begins = from, Ends = to, Reason = "new disks <fast>", Announced = from.AddDays(-3), AnnouncedBy = "test" });
        db.Add(Audit());
        await db.SaveChangesAsync(Cancel);
    }

    private async Task FillAsync(BillingMonth month, Func<int, ProbeResult?> measured)
    {
        await using var db = cloud.Node.Services.GetRequiredService<Strata.Cloud.Billing.BillingStore>().Create(tenant);
        for (var i = 0; i < month.Hours * 60; i++)
        {
            if (measured(i) is { } probe)
                db.Add(new Strata.Cloud.Billing.Rows.ServiceMinuteRow { TenantId = tenant.Value, Minute = ServiceMinutes.Number(month.Start) + i, ProbeIngest = probe.Ingest, ProbeApi = probe.Api, IngestP95Micros = 4_000 });
        }
        await db.SaveChangesAsync(Cancel);
    }

    private Strata.Cloud.Platform.Audit.AuditRow Audit() => new()
    {
        TenantId = tenant.Value, Id = cloud.Node.Services.GetRequiredService<Strata.Cloud.Platform.Audit.AuditNumbers>().Next(tenant), Time = TimeProvider.System.GetUtcNow(), Actor = "test",
        Action = "test", Kind = "test", Subject = "test",
    };
}
