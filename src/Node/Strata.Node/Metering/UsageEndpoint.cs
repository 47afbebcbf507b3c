using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Cloud.Contracts;
using Strata.Core;
using Strata.Core.Metering;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Node.Auth;
using Strata.Node.Reads;
using Strata.Telemetry;

namespace Strata.Node.Metering;

/// <summary><c>GET /api/v1/usage</c>: what the tenant used, for whoever may ask about all of it.</summary>
public static class UsageEndpoint
{
    /// <summary>Longest span of one answer.</summary>
    private const int MaxDays = 400;

    /// <summary>Periods of one answer at most.</summary>
    private const int MaxPeriods = 10_000;

    public static IEndpointRouteBuilder MapUsage(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v1/usage", HandleAsync).Requires(Permission.UsageRead).AcceptsOnly("from", "to", "every", "by").WithName("GetUsage").WithTags("Usage")
            .WithSummary("What the tenant used: messages, bytes, readings, API calls, devices, connections, storage")
            .WithDescription($"From the hour of 'from' (the start of this month unless said) to before 'to' (now), at most {MaxDays} days; 'every' is hour, day or month, 'by' is class.")
            .Produces<UsageInfo>().ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status403Forbidden);
        return routes;
    }

    private static async Task<IResult> HandleAsync(
        string? from, string? to, string? every, string? by, HttpContext context, ITelemetryStore store, TimeProvider time, CancellationToken cancellationToken)
    {
        var access = context.Access();
        if (!access.IsWhole(Permission.UsageRead))
            return ProblemResults.Of(Access.Forbidden);
        var span = Span(from, to, time.GetUtcNow());
        if (!span.IsOk)
            return ProblemResults.Of(span.Problem);
        UsagePeriod? period = null;
        if (every is not null)
        {
            if (!Enum.TryParse<UsagePeriod>(every, ignoreCase: true, out var said) || !Enum.IsDefined(said) || char.IsAsciiDigit(every[0]))
                return ProblemResults.Of(Parameter.Wrong("every", every, "hour, day or month"));
            period = said;
        }
        if (by is not null and not "class")
            return ProblemResults.Of(Parameter.Wrong("by", by, "class"));
        var hours = await store.UsageAsync(access.Tenant, span.Value.From, span.Value.To, cancellationToken);
        IReadOnlyList<UsageHour>? periods = period is { } length ? UsageSums.Of(hours, length, byClass: by is not null) : by is not null ? UsageSums.Classes(hours) : null;
        if (periods?.Count > MaxPeriods)
            return ProblemResults.Of(ProblemKind.TooMuch, $"The answer has {periods.Count} periods; {MaxPeriods} are the most. Ask for a shorter span or longer periods.", "every");
        var start = UsageSums.HourOf(span.Value.From);
        var sum = UsageSums.Total(access.Tenant, start, hours);
        return Results.Json(
            new UsageInfo(
                access.Tenant.Value, start, span.Value.To, sum.MessagesIn, sum.BytesIn, sum.MessagesOut, sum.BytesOut, sum.ReadingsStored, sum.BytesStored, sum.ApiCalls, sum.Devices,
                sum.Connections, sum.StorageBytes, periods is null ? null : [.. periods.Select(p => Info(p, by is not null))]),
            ContractsJson.Default.UsageInfo);
    }

    private static Outcome<(DateTimeOffset From, DateTimeOffset To)> Span(string? from, string? to, DateTimeOffset now)
    {
        var (begin, end) = (Parameter.Time("from", from), Parameter.Time("to", to));
        if (!begin.IsOk)
            return begin.Problem!;
        if (!end.IsOk)
            return end.Problem!;
        var until = end.Value is { } e ? EventTime.ToDateTimeOffset(e) : now;
        var since = begin.Value is { } b ? EventTime.ToDateTimeOffset(b) : UsageSums.StartOf(UsagePeriod.Month, until);
        if (since >= until)
            return new Problem(ProblemKind.Invalid, "'from' must lie before 'to'.", "from");
        return until - since <= TimeSpan.FromDays(MaxDays) ? (since, until) : new Problem(ProblemKind.Invalid, $"'from' and 'to' lie more than {MaxDays} days apart.", "from");
    }

    private static UsagePeriodInfo Info(UsageHour p, bool byClass) => new(
        p.Hour, byClass ? p.DeviceClass : null, p.MessagesIn, p.BytesIn, p.MessagesOut, p.BytesOut, p.ReadingsStored, p.BytesStored, p.ApiCalls, p.Devices, p.Connections, p.StorageBytes);
}
