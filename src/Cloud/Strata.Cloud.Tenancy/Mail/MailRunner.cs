using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MailKit.Net.Smtp;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using MimeKit;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Audit;
using Strata.Cloud.Tenancy.People;
using Strata.Cloud.Tenancy.Rows;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node.Auth;
using Strata.Node.Operations;

namespace Strata.Cloud.Tenancy.Mail;

/// <summary>
/// Sends what waits in the outbox. A server that is away is tried again later, each time later; a mail that it does not take just now as well; one that it refuses for good, or
/// that has grown too old, is given up. Each mail's end is in the audit trail. One that was taken just before a crash is sent once more, with the same Message-ID.
/// </summary>
internal sealed partial class MailRunner : BackgroundService, INodeCheck
{
    private const int MaxProblem = 300;

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);

    private readonly PeopleStore people;
    private readonly TenancyStore tenancy;
    private readonly TenantDirectory tenants;
    private readonly Outbox outbox;
    private readonly PublicAddress address;
    private readonly SmtpOptions options;
    private readonly MailMetrics metrics;
    private readonly TimeProvider time;
    private readonly ILogger<MailRunner> logger;
    private readonly X509ChainPolicy? trusted;
    private readonly Dictionary<string, (MailState State, string? Problem)> unrecorded = new(StringComparer.Ordinal);
    private (int Failures, DateTimeOffset Until, string Why) away;
    private long sent;

    public MailRunner(
        PeopleStore people, TenancyStore tenancy, TenantDirectory tenants, Outbox outbox, PublicAddress address, SmtpOptions options, MailMetrics metrics, TimeProvider time, ILogger<MailRunner> logger)
    {
        (this.people, this.tenancy, this.tenants, this.outbox, this.address, this.options, this.metrics, this.time, this.logger) = (people, tenancy, tenants, outbox, address, options, metrics, time, logger);
        trusted = SmtpConnection.Trust(options);
        metrics.Watch(() => Waiting);
    }

    private int Waiting => people.Mails.Count(m => m.State == MailState.Waiting);

    public ValueTask<HealthCheck> CheckAsync(CancellationToken cancellationToken)
    {
        var (failures, until, why) = away;
        return ValueTask.FromResult(failures == 0
            ? new HealthCheck("mail", HealthStates.Ok, $"{Interlocked.Read(ref sent)} sent by {options.Host} since the start, {Waiting} wait.")
            : new HealthCheck("mail", HealthStates.Degraded, $"{options.Host}:{options.Port} takes no mail: {why} {Waiting} wait and are tried again at {until:HH:mm:ss} UTC; see the --smtp options."));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(LookEvery, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await SendDueAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What waits is sent after the next start.
        }
    }

    private async Task SendDueAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        foreach (var mail in people.Mails.Where(m => unrecorded.ContainsKey(m.Id)).ToList())
            await EndAsync(mail, unrecorded[mail.Id].State, unrecorded[mail.Id].Problem, cancellationToken);
        var waiting = people.Mails.Where(m => m.State == MailState.Waiting && !unrecorded.ContainsKey(m.Id)).ToList();
        foreach (var old in waiting.Where(m => !(Until(m) > now)))
            await EndAsync(old, MailState.Failed, old.Problem ?? (away.Failures > 0 ? away.Why : "It grew too old before it could be sent."), cancellationToken);
        var due = waiting.Where(m => m.Due <= now && Until(m) > now && tenants.IsActive(TenantId.Parse(m.TenantId))).OrderBy(m => m.Due).ToList();
        if (due.Count == 0 || now < away.Until)
            return;
        try
        {
            await using var connection = await SmtpConnection.OpenAsync(options, trusted, cancellationToken);
            foreach (var mail in due)
                await SendAsync(connection, mail, cancellationToken);
        }
        catch (Exception e) when (SmtpConnection.IsOfServer(e, cancellationToken) || e is SmtpCommandException)
        {
            var why = OneLine(e is OperationCanceledException ? $"it did not answer within {options.Timeout.TotalSeconds:0} s." : e.Message);
            away = (away.Failures + 1, time.GetUtcNow() + Wait(away.Failures), why);
            metrics.TriesAgain();
            LogAway(options.Host, options.Port, away.Failures, why);
        }
    }

    private async Task SendAsync(SmtpConnection connection, MailRow mail, CancellationToken cancellationToken)
    {
        if (people.FindMail(mail.Id) is not { State: MailState.Waiting } || Until(mail) is null)
            return; // Withdrawn in the meantime.
        try
        {
            var tenant = tenancy.Find(TenantId.Parse(mail.TenantId))!.Tenant.Name;
            using var message = mail.Digest is null
                ? MailText.Make(options, mail, people.FindInvitation(mail.Id)!, tenant, outbox.LinkOf(mail))
                : MailText.Make(options, mail, outbox.DigestOf(mail), tenant, address.Of("/fleet"));
            await connection.SendAsync(message, cancellationToken);
            away = default;
            Interlocked.Increment(ref sent);
            await EndAsync(mail, MailState.Sent, null, cancellationToken);
        }
        catch (Exception e) when (e is NotSupportedException or ParseException or FormatException)
        {
            await EndAsync(mail, MailState.Failed, OneLine(e.Message), cancellationToken); // An address of other letters, which this server does not know.
        }
        catch (CryptographicException)
        {
            await EndAsync(mail, MailState.Failed, "The key that sealed it is gone; invite again.", cancellationToken);
        }
        catch (SmtpCommandException e) when (!SmtpConnection.IsOfServer(e, cancellationToken))
        {
            away = default;
            var why = OneLine($"{(int)e.StatusCode} {e.Message}");
            if ((int)e.StatusCode >= 500)
            {
                await EndAsync(mail, MailState.Failed, why, cancellationToken);
                return;
            }
            metrics.TriesAgain();
            await ChangeAsync(mail, m => m with { Attempts = m.Attempts + 1, Due = time.GetUtcNow() + Wait(m.Attempts), Problem = why }, null, cancellationToken);
        }
    }

    /// <summary>A database that cannot write just now is asked again with the next look: what was sent is not sent again because of it.</summary>
    private async Task EndAsync(MailRow mail, MailState state, string? problem, CancellationToken cancellationToken)
    {
        if (unrecorded.TryAdd(mail.Id, (state, problem)))
            (state == MailState.Sent ? (Action)metrics.Sent : metrics.Failed)();
        var recorded = await ChangeAsync(
            mail, m => m with { State = state, Link = null, Digest = null, Problem = problem, Attempts = m.Attempts + 1 },
            new PeopleAudit("send", "mail", mail.Recipient, null, new { mail.Id, problem }) { Result = state == MailState.Sent ? AuditRow.Done : AuditRow.Failed }, cancellationToken);
        if (recorded.IsOk)
            unrecorded.Remove(mail.Id);
    }

    private Task<Outcome<string>> ChangeAsync(MailRow mail, Func<MailRow, MailRow> change, PeopleAudit? audit, CancellationToken cancellationToken) => people.ChangeAsync<string>(
        Caller.Node(TenantId.Parse(mail.TenantId)),
        _ => new PeopleChange<string>("", people.FindMail(mail.Id) is { State: MailState.Waiting } before ? [(before, change(before))] : [], audit), // Gone: withdrawn while it was sent.
        cancellationToken);

    /// <summary>Until when it is of use; null when what it tells of is gone.</summary>
    private DateTimeOffset? Until(MailRow mail) => mail.UserId is null
        ? people.FindInvitation(mail.Id)?.Expires
        : people.FindMembership(TenantId.Parse(mail.TenantId), mail.UserId) is { Enabled: true, Digest: true } ? mail.Until : null;

    private TimeSpan Wait(int failures) => TimeSpan.FromTicks(Math.Min(options.LongestRetry.Ticks, options.FirstRetry.Ticks << Math.Min(failures, 16)));

    private static string OneLine(string text) => MailText.OneLine(text) is { Length: > MaxProblem } long_ ? long_[..MaxProblem] : MailText.OneLine(text);

    [LoggerMessage(5263, LogLevel.Warning, "The mail server {Host}:{Port} takes no mail (try {Attempt}): {Reason} It is tried again; see the --smtp options.")]
    private partial void LogAway(string host, int port, int attempt, string reason);
}
