using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Tenancy.People;
using Strata.Cloud.Tenancy.Rows;
using Strata.Core.Tenancy;
using Strata.Node.Auth;

namespace Strata.Cloud.Tenancy.Mail;

/// <summary>
/// Writes the day's digest of the fleet to each member who asked for it, of what he may see. Once a day and member: the mail's id is of both, and it is kept for a day after it was sent, so that a
/// start again sends nothing twice. A day on which the node was away at the hour is made good until midnight.
/// </summary>
internal sealed partial class DigestRunner(
    PeopleStore people, PeopleDirectory directory, TenantDirectory tenants, AccessMap access, IFleetDigest fleet, Outbox outbox, SmtpOptions options, TimeProvider time, ILogger<DigestRunner> logger)
    : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMinutes(1);

    /// <summary>Writes what is due. Called by tests in place of the clock.</summary>
    internal async Task WriteDueAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        foreach (var old in people.Mails.Where(m => m.Until <= now && m.State != MailState.Waiting).ToList())
            await people.ChangeAsync<string>(Caller.Node(TenantId.Parse(old.TenantId)), _ => new PeopleChange<string>("", people.FindMail(old.Id) is { } there ? [(there, null)] : [], null), cancellationToken);
        if (now.Hour < options.DigestHour)
            return;
        foreach (var member in people.Memberships.Where(m => m is { Digest: true, Enabled: true }).ToList())
        {
            var tenant = TenantId.Parse(member.TenantId);
            if (tenants.IsActive(tenant) && people.FindUser(member.UserId) is { } user && people.FindMail(Outbox.DigestId(member, now)) is null)
                await WriteAsync(tenant, member, user, now, cancellationToken);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(LookEvery, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await TryAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What is due is written after the next start.
        }
    }

    private async Task WriteAsync(TenantId tenant, MembershipRow member, UserRow user, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var principal = new Principal(tenant, PrincipalKind.Person, user.Id, user.Email, [.. directory.GrantsIn(tenant, user.Id)]);
        if (fleet.Make(tenant, access.Of(principal, tenant).ReachOf(Permission.DevicesRead)) is not { } digest)
            return;
        var outcome = await people.ChangeAsync<string>(
            Caller.Node(tenant),
            _ =>
            {
                var mail = outbox.Draft(member, user, digest, now);
                return mail.IsOk ? new PeopleChange<string>("", [(null, mail.Value)], null) : mail.Problem;
            },
            cancellationToken);
        if (!outcome.IsOk)
            LogNotWritten(tenant, outcome.Problem.Detail);
    }

    private async Task TryAsync(CancellationToken cancellationToken)
    {
        try
        {
            await WriteDueAsync(cancellationToken);
        }
#pragma warning disable CA1031 // What was not written is written at the next look.
        catch (Exception failure) when (failure is not OperationCanceledException)
#pragma warning restore CA1031
        {
            LogFailed(failure);
        }
    }

    [LoggerMessage(5232, LogLevel.Warning, "A digest for a member of {Tenant} was not written, it is tried again within the day: {Problem}")]
    private partial void LogNotWritten(TenantId tenant, string problem);

    [LoggerMessage(5233, LogLevel.Error, "The digests could not be written; it is tried again.")]
    private partial void LogFailed(Exception failure);
}
