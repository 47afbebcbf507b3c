using Cronos;
using Strata.Core;

namespace Strata.Cloud.Commands.Schedules;

/// <summary>When a schedule is due. In the night in which clocks change, a time that there is not comes when the clock has jumped, and one that there is twice comes once (Cronos). Pure.</summary>
internal static class ScheduleTimes
{
    private const int MaxTextLength = 100;

    /// <summary>The first time after a moment; null when there is none.</summary>
    public static Outcome<DateTimeOffset?> Next(string? cron, string? timeZone, DateTimeOffset? at, DateTimeOffset after)
    {
        if (cron is null == at is null)
            return new Problem(ProblemKind.Invalid, "Say when: cron (five fields) or at (once).", "cron");
        if (at is { } once)
            return once > after ? once : (DateTimeOffset?)null;
        if (cron!.Length > MaxTextLength || (timeZone?.Length ?? 0) > MaxTextLength)
            return new Problem(ProblemKind.Invalid, $"cron and timeZone have at most {MaxTextLength} characters.", "cron");
        if (!CronExpression.TryParse(cron, CronFormat.Standard, out var expression))
            return new Problem(ProblemKind.Invalid, $"'{cron}' is no cron expression of five fields (minute, hour, day of month, month, day of week), as '30 2 * * 1-5'.", "cron");
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(timeZone ?? "UTC", out var zone))
            return new Problem(ProblemKind.Invalid, $"'{timeZone}' is no time zone; write one as Europe/Zurich.", "timeZone");
        return expression.GetNextOccurrence(after, zone)?.ToUniversalTime();
    }
}
