using CsCheck;
using Strata.Core.Metering.Sla;

namespace Strata.Core.Tests.Metering;

public sealed class SlaMathTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset End = Start.AddMonths(1);
    private static readonly ServiceObjective Availability = new(ObjectiveKind.IngestAvailability, 99.9m, null, ServiceObjective.UsualCredits(99.9m));

    [Fact]
    public void A_month_of_good_minutes_is_all_available_and_spends_nothing()
    {
        var report = Report(Availability, Minutes(0, 43_200));
        Assert.Equal((100m, 43_200, 0, 43.2m, 0m, 0m), (report.Measured, report.Minutes, report.Missing, report.Budget, report.Spent, report.Credit));
        Assert.True(report.IsMet);
        Assert.Empty(report.Breaches);
    }

    [Fact]
    public void Minutes_that_are_missing_count_as_unavailable_unless_announced()
    {
        var minutes = Minutes(0, 1_000).Concat(Minutes(1_044, 43_200)).ToList();
        var report = Report(Availability, minutes);
        Assert.Equal((44, 44m, false, 10m), (report.Missing, report.Spent, report.IsMet, report.Credit));
        Assert.Equal(new Breach(Start.AddMinutes(1_000), Start.AddMinutes(1_044), 44, Missing: true), Assert.Single(report.Breaches));
        var announced = Report(Availability, minutes, new MaintenanceSpan(Start.AddMinutes(1_000), Start.AddMinutes(1_044)));
        Assert.Equal((0, 44, 0m, true, 43_156), (announced.Missing, announced.Excluded, announced.Spent, announced.IsMet, announced.Minutes));
        Assert.Equal(43.156m, announced.Budget);
    }

    [Fact]
    public void A_failed_probe_loses_the_minute_and_failed_requests_their_share()
    {
        var minutes = Minutes(0, 43_200).ToList();
        minutes[10] = minutes[10] with { ProbeIngest = false };
        minutes[11] = minutes[11] with { IngestAcknowledged = 75, IngestFailed = 25 };
        minutes[500] = minutes[500] with { IngestAcknowledged = 1, IngestFailed = 1 };
        var report = Report(Availability, minutes);
        Assert.Equal(1.75m, report.Spent);
        Assert.Equal([(10, 1.25m), (500, 0.5m)], report.Breaches.Select(b => ((int)(b.From - Start).TotalMinutes, b.Lost)));
    }

    [Fact]
    public void Below_99_percent_the_greater_credit_is_given() =>
        Assert.Equal(25m, Report(Availability, Minutes(0, 43_200 - 433)).Credit);

    [Fact]
    public void Latency_counts_minutes_within_the_limit_and_passes_over_those_without_traffic()
    {
        var objective = new ServiceObjective(ObjectiveKind.IngestLatency, 99m, 100m, []);
        var minutes = Minutes(0, 100).Select((m, i) => m with { IngestP95Ms = i < 50 ? 20m : i < 52 ? 101m : null }).ToList();
        var report = SlaMath.Report(objective, Start, Start.AddMinutes(100), End, minutes, []);
        Assert.Equal(5_000m / 52, report.Measured);
        Assert.Equal(2m, report.Spent);
        Assert.Equal(432m, report.Budget);
    }

    [Fact]
    public void Delivery_counts_messages_not_minutes()
    {
        var objective = new ServiceObjective(ObjectiveKind.DeliveryRatio, 99.9m, null, [new(99.9m, 5)]);
        var minutes = Minutes(0, 3).Select((m, i) => m with { Owed = 10_000, Delivered = i == 1 ? 9_950 : 10_000 }).ToList();
        var report = SlaMath.Report(objective, Start, Start.AddMinutes(3), End, minutes, []);
        Assert.Equal((50m, 30m, 5m), (report.Spent, report.Budget, report.Credit));
        Assert.Equal(Start.AddMinutes(1), Assert.Single(report.Breaches).From);
        Assert.Null(Report(objective, []).Measured);
    }

    [Fact]
    public void Alerts_count_when_they_are_answered_or_their_limit_is_over()
    {
        var objective = new ServiceObjective(ObjectiveKind.AlertResponse, 90m, 15 * 60_000, [new(90m, 5)]);
        AlertResponse Alert(int raised, int? answered) => new(Start.AddMinutes(raised), answered is { } a ? Start.AddMinutes(a) : null);
        // In time, just in time, too late, never, still to be answered, before the promise; two in one minute.
        AlertResponse[] alerts = [Alert(0, 3), Alert(0, 15), Alert(100, 116), Alert(200, null), Alert(990, null), Alert(-10, null)];
        var report = SlaMath.Report(objective, Start, Start.AddMinutes(1_000), End, alerts, []);
        Assert.Equal((50m, 2m, 0.4m, 5m, 0), (report.Measured, report.Spent, report.Budget, report.Credit, report.Missing));
        Assert.Equal([100, 200], report.Breaches.Select(b => (int)(b.From - Start).TotalMinutes));
        // An answer that comes after what is reported is none yet.
        Assert.Equal(1m, SlaMath.Report(objective, Start, Start.AddMinutes(110), End, alerts, []).Breaches.Length + SlaMath.Report(objective, Start, Start.AddMinutes(116), End, alerts, []).Breaches.Length);
        Assert.Equal(100m, SlaMath.Report(objective, Start, Start.AddMinutes(1_000), End, alerts, [new MaintenanceSpan(Start.AddMinutes(100), Start.AddMinutes(201))]).Measured);
        Assert.Null(SlaMath.Report(objective, Start, Start.AddMinutes(1_000), End, Array.Empty<AlertResponse>(), []).Measured);
    }

    [Fact]
    public void The_budget_burns_as_fast_as_the_last_hours_lose()
    {
        // One minute in ten of the last hour fails: 0.1 lost where 0.001 is allowed.
        var minutes = Minutes(0, 600).Select((m, i) => m with { ProbeIngest = i < 540 || i % 10 != 0 }).ToList();
        var report = SlaMath.Report(Availability, Start, Start.AddMinutes(600), End, minutes, []);
        Assert.Equal(100m, report.Burn.Single(b => b.Window == TimeSpan.FromHours(1)).Rate);
        Assert.Equal(decimal.Round(6m / 360 / 0.001m, 4), report.Burn.Single(b => b.Window == TimeSpan.FromHours(6)).Rate);
    }

    [Fact]
    public void Order_does_not_matter_and_what_is_lost_and_kept_is_all_there_was() =>
        Gen.Select(Gen.Select(Gen.Int[0, 1_999], Gen.Int[0, 10], Gen.Int[0, 10], Gen.Bool).Array[0, 200], Gen.Int[0, 2_000], Gen.Int[0, 2_000], Gen.Int[1, 2_000]).Sample((rows, a, b, length) =>
        {
            var minutes = rows.DistinctBy(r => r.Item1).Select(r => new ServiceMinute(Start.AddMinutes(r.Item1)) { IngestAcknowledged = r.Item2, IngestFailed = r.Item3, ProbeIngest = r.Item4 }).ToList();
            var span = new MaintenanceSpan(Start.AddMinutes(Math.Min(a, b)), Start.AddMinutes(Math.Max(a, b)));
            var report = SlaMath.Report(Availability, Start, Start.AddMinutes(length), End, minutes, [span]);
            var reversed = SlaMath.Report(Availability, Start, Start.AddMinutes(length), End, Enumerable.Reverse(minutes), [span]);
            Assert.Equal((report.Measured, report.Spent, report.BreachCount), (reversed.Measured, reversed.Spent, reversed.BreachCount));
            Assert.Equal(length, report.Minutes + report.Excluded);
            Assert.Equal(report.Spent, report.Breaches.Sum(x => x.Lost));
            Assert.True(report.Measured is not { } percent || Math.Abs((percent / 100m * report.Minutes) + report.Spent - report.Minutes) < 0.000001m);
            Assert.All(report.Breaches.Zip(report.Breaches.Skip(1)), p => Assert.True(p.First.To <= p.Second.From));
            // One more failed minute never makes it better.
            var worse = SlaMath.Report(Availability, Start, Start.AddMinutes(length), End, minutes.Select(m => m with { ProbeIngest = false }), [span]);
            Assert.True(worse.Spent >= report.Spent && worse.Credit >= report.Credit);
        });

    private static IEnumerable<ServiceMinute> Minutes(int from, int to) => Enumerable.Range(from, to - from).Select(m => new ServiceMinute(Start.AddMinutes(m)) { ProbeIngest = true });

    private static ObjectiveReport Report(ServiceObjective objective, IEnumerable<ServiceMinute> minutes, params MaintenanceSpan[] maintenance) =>
        SlaMath.Report(objective, Start, End, End, minutes, maintenance);
}
