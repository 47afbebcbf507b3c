using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Billing.Rows;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Audit;
using Strata.Core;
using Strata.Core.Metering.Billing;

namespace Strata.Cloud.Billing.Statements;

/// <summary>Closes months: writes the statement with all it was made of, its digest and signature. A month is closed once; whoever asks again gets what was written.</summary>
internal sealed class StatementCloser(BillingStore store, StatementMaker maker, AuditKey key)
{
    /// <summary>Before that the last hour may not be with the meter yet.</summary>
    public static readonly TimeSpan Earliest = TimeSpan.FromHours(1);

    public Task<Outcome<StatementRow>> CloseAsync(Caller caller, BillingMonth month, CancellationToken cancellationToken) =>
        store.ChangeAsync(caller, (db, now, token) => DecideAsync(db, caller, month, now, token), cancellationToken);

    private async Task<Outcome<DecidedChange<StatementRow>>> DecideAsync(BillingDbContext db, Caller caller, BillingMonth month, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (await StatementMaker.ClosedAsync(db, month, cancellationToken) is { } closed)
            return DecidedChange.None<StatementRow>(closed);
        if (now < month.End + Earliest)
            return new Problem(ProblemKind.Conflict, $"The month {month} can be closed from {month.End + Earliest:yyyy-MM-dd HH:mm} UTC on.", "month");
        var made = await maker.MakeAsync(db, month, now, cancellationToken);
        if (!made.IsOk)
            return made.Problem;
        var statement = made.Value.Statement;
        var usageDigest = StatementDigest.OfUsage(made.Value.Usage);
        var digest = StatementDigest.Of(statement, usageDigest);
        var row = new StatementRow
        {
            TenantId = db.Tenant.Value, Month = month.ToNumber(), Currency = statement.Plan.Currency.Code, TotalMinor = Money.ToMinor(statement.Total, statement.Plan.Currency),
            Document = ClosedStatement.Of(statement, made.Value.Credits).Write(), Usage = UsageText.Write(month, made.Value.Usage), UsageDigest = usageDigest, Digest = digest,
            Signature = StatementSignature.Of(key, db.Tenant, month, digest), Closed = now, ClosedBy = caller.Actor,
        };
        return new DecidedChange<StatementRow>(
            row, [(null, row)], "close", "statement", month.ToString(), null, new { statement.Total, row.Currency, row.Digest, row.UsageDigest });
    }
}

/// <summary>Closes what is due: months that ended longer than the grace ago, for every tenant that had a plan. What was not closed is tried again.</summary>
internal sealed partial class ClosingRunner(BillingStore store, StatementCloser closer, BillingOptions options, TimeProvider time, ILogger<ClosingRunner> logger) : BackgroundService
{
    /// <summary>Also called by tests in place of the clock.</summary>
    /// <returns>How many statements were closed.</returns>
    internal async Task<int> CloseDueAsync(CancellationToken cancellationToken)
    {
        var closed = 0;
        var last = BillingMonth.Of(time.GetUtcNow() - options.CloseAfter).Previous;
        foreach (var tenant in await store.TenantsAsync("closing the statements of months that are over", cancellationToken))
        {
            await using var db = store.Create(tenant);
            var first = await db.Assignments.OrderBy(a => a.FromMonth).Select(a => a.FromMonth).Take(1).ToListAsync(cancellationToken);
            var done = await db.Statements.OrderByDescending(s => s.Month).Select(s => s.Month).Take(1).ToListAsync(cancellationToken);
            if (first is not [var begin])
                continue;
            for (var month = done is [var newest] ? BillingMonth.FromNumber(newest).Next : BillingMonth.FromNumber(begin); month <= last; month = month.Next)
            {
                var outcome = await closer.CloseAsync(Caller.Node(tenant), month, cancellationToken);
                if (!outcome.IsOk)
                {
                    LogNotClosed(month.ToString(), outcome.Problem.Detail);
                    break;
                }
                closed++;
            }
        }
        return closed;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.CloseInterval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await TryAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            return; // The node stops.
        }
    }

    private async Task TryAsync(CancellationToken cancellationToken)
    {
        try
        {
            await CloseDueAsync(cancellationToken);
        }
#pragma warning disable CA1031 // The database or the meter may be away for a while; the months wait.
        catch (Exception failure) when (failure is not OperationCanceledException)
#pragma warning restore CA1031
        {
            LogFailed(failure);
        }
    }

    [LoggerMessage(5301, LogLevel.Warning, "A statement of {Month} was not closed; it is tried again: {Reason}")]
    private partial void LogNotClosed(string month, string reason);

    [LoggerMessage(5302, LogLevel.Error, "Statements could not be closed; it is tried again.")]
    private partial void LogFailed(Exception failure);
}
