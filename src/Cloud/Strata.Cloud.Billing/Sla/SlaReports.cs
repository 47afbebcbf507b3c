using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Billing.Rows;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform.Fleet;
using Strata.Core.Metering.Billing;
using Strata.Core.Metering.Sla;

namespace Strata.Cloud.Billing.Sla;

/// <summary>What is promised in a month and from when on.</summary>
internal sealed record PromisedObjective(ServiceObjective Objective, DateTimeOffset From, ObjectiveRow Row);

/// <summary>Judges a tenant's months by what is promised, measured and announced.</summary>
internal sealed class SlaReports(IAlertLog alerts)
{
    /// <summary>A minute is written soon after its end; until then it is not counted as missing.</summary>
    private static readonly TimeSpan WrittenWithin = TimeSpan.FromMinutes(1);

    /// <summary>Objectives of the month, as they fared; in the order of their kinds.</summary>
    public async Task<IReadOnlyList<ObjectiveReport>> MakeAsync(BillingDbContext db, BillingMonth month, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var promised = await PromisedAsync(db, month, cancellationToken);
        if (promised.Count == 0)
            return [];
        var upTo = UpTo(month, now);
        var (first, last) = (ServiceMinutes.Number(month.Start), ServiceMinutes.Number(upTo));
        var minutes = (await db.Minutes.Where(m => m.Minute >= first && m.Minute < last).ToListAsync(cancellationToken)).ConvertAll(ServiceMinutes.Read);
        var spans = (await MaintenanceAsync(db, month, cancellationToken)).Select(m => new MaintenanceSpan(m.Begins, m.Ends)).ToList();
        var raised = promised.Any(p => p.Objective.Kind == ObjectiveKind.AlertResponse) ? await alerts.RaisedAsync(db.Tenant, month.Start, upTo, cancellationToken) : [];
        return
        [
            .. promised.Select(p => p.Objective.Kind == ObjectiveKind.AlertResponse
                ? SlaMath.Report(p.Objective, p.From, upTo, month.End, raised, spans)
                : SlaMath.Report(p.Objective, p.From, upTo, month.End, minutes, spans)),
        ];
    }

    /// <summary>The versions that hold in a month: of each kind the latest that began by then, unless it ends the promise.</summary>
    public static async Task<IReadOnlyList<PromisedObjective>> PromisedAsync(BillingDbContext db, BillingMonth month, CancellationToken cancellationToken)
    {
        var number = month.ToNumber();
        var rows = await db.Objectives.Where(o => o.FromMonth <= number).ToListAsync(cancellationToken);
        return
        [
            .. rows.GroupBy(r => r.Kind).Select(g => g.MaxBy(r => r.FromMonth)!).Where(r => r.Target is not null)
                .Select(r => new PromisedObjective(ObjectiveText.Read(r), r.Since > month.Start ? r.Since : month.Start, r)).OrderBy(p => p.Objective.Kind),
        ];
    }

    public static Task<List<MaintenanceRow>> MaintenanceAsync(BillingDbContext db, BillingMonth month, CancellationToken cancellationToken)
    {
        var (start, end) = (month.Start, month.End);
        return db.Maintenance.Where(m => m.Begins < end && m.Ends > start).OrderBy(m => m.Begins).ToListAsync(cancellationToken);
    }

    /// <summary>Up to when the month can be judged.</summary>
    public static DateTimeOffset UpTo(BillingMonth month, DateTimeOffset now)
    {
        var measured = ServiceMinutes.Floor(now - WrittenWithin);
        return measured < month.Start ? month.Start : measured > month.End ? month.End : measured;
    }

    /// <summary>What was measured as it is shown: rounded down, so that nothing looks better than it is.</summary>
    public static decimal? Shown(decimal? measured) => measured is { } value ? decimal.Round(value, 4, MidpointRounding.ToZero) : null;
}

/// <summary>Objectives as rows and the API write them.</summary>
internal static class ObjectiveText
{
    public static ServiceObjective Read(ObjectiveRow row)
    {
        if (!ObjectiveKinds.TryParse(row.Kind, out var kind))
            throw new InvalidDataException($"The objective '{row.Kind}' is none; was the table sla_objectives changed by hand?");
        var credits = JsonSerializer.Deserialize<CreditStepInfo[]>(row.Credits, JsonSerializerOptions.Web)!;
        return new ServiceObjective(kind, row.Target!.Value / 10_000m, row.LimitMicros / 1_000m, [.. credits.Select(c => new CreditStep(c.Below, c.Percent))]);
    }

    public static ObjectiveInfo Info(ObjectiveRow row)
    {
        var objective = Read(row);
        return new ObjectiveInfo(
            row.Kind, ObjectiveKinds.TitleOf(objective.Kind), objective.Target, BillingMonth.FromNumber(row.FromMonth).ToString(), row.Since,
            [.. objective.Credits.Select(c => new CreditStepInfo(c.Below, c.Percent))], row.CreatedBy,
            ObjectiveKinds.IsOfTime(objective.Kind) ? ServiceObjective.Allowed(objective.Target, TimeSpan.FromDays(365)) : null, objective.LimitMs);
    }
}

/// <summary>Minutes as rows: numbered since 1970.</summary>
internal static class ServiceMinutes
{
    public static int Number(DateTimeOffset time) => (int)(time.ToUnixTimeSeconds() / 60);

    public static DateTimeOffset Floor(DateTimeOffset time) => DateTimeOffset.FromUnixTimeSeconds(Number(time) * 60L);

    public static ServiceMinute Read(ServiceMinuteRow row) => new(DateTimeOffset.FromUnixTimeSeconds(row.Minute * 60L))
    {
        ProbeIngest = row.ProbeIngest, ProbeApi = row.ProbeApi, IngestAcknowledged = row.IngestAcknowledged, IngestFailed = row.IngestFailed,
        IngestP95Ms = row.IngestP95Micros / 1_000m, ApiCalls = row.ApiCalls, ApiFailed = row.ApiFailed, Owed = row.Owed, Delivered = row.Delivered,
    };
}
