using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Contracts;
using Strata.Cloud.Identity.Rows;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Identity;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Identity;

namespace Strata.Cloud.Identity.Routes;

/// <summary>
/// The roll-over of a tenant's authority: a new one issues from its begin on, both are trusted while devices renew, then the old one is revoked as superseded. Where it stands is what the tables
/// say, so that it goes on after whatever interrupted it.
/// </summary>
internal static class Rollover
{
    /// <summary><c>GET /api/v1/ca/rollover</c>.</summary>
    public static async Task<IResult> StatusAsync(HttpContext context, IdentityStore store, CertificateDirectory directory, TimeProvider time, CancellationToken cancellationToken)
    {
        await using var tables = store.Create(context.Access().Tenant);
        return Results.Json(await ReadAsync(tables, directory.PolicyOf(context.Access().Tenant), time.GetUtcNow(), cancellationToken), ContractsJson.Default.RolloverInfo);
    }

    /// <summary><c>POST /api/v1/ca/rollover</c>: the next step, if it can be made.</summary>
    public static async Task<IResult> RunAsync(HttpContext context, IdentityStore store, CertificateDirectory directory, TimeProvider time, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.RunRollover, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        var caller = Caller.Of(context);
        var policy = directory.PolicyOf(caller.Tenant);
        RolloverInfo before;
        await using (var tables = store.Create(caller.Tenant))
            before = await ReadAsync(tables, policy, time.GetUtcNow(), cancellationToken);
        var step = before.State switch
        {
            RolloverStates.None => await BeginAsync(caller, store, cancellationToken),
            RolloverStates.Renewing when before.Waiting == 0 || request.Value.EndNow => await EndAsync(caller, store, before, request.Value.EndNow, cancellationToken),
            _ => null,
        };
        if (step is { } problem)
            return ProblemResults.Of(problem);
        await using var after = store.Create(caller.Tenant);
        return Results.Json(await ReadAsync(after, policy, time.GetUtcNow(), cancellationToken), ContractsJson.Default.RolloverInfo);
    }

    private static async Task<Problem?> BeginAsync(Caller caller, IdentityStore store, CancellationToken cancellationToken)
    {
        var old = await store.AuthorityAsync(caller, cancellationToken);
        if (!old.IsOk)
            return old.Problem;
        var made = await store.CreateAuthorityAsync(
            caller, AuthorityKinds.Tenant, "", null, all => all.Where(a => a.Kind == AuthorityKinds.Tenant && a.IsTrusted && a.Id != old.Value.Id), cancellationToken);
        return made.IsOk ? null : made.Problem;
    }

    private static async Task<Problem?> EndAsync(Caller caller, IdentityStore store, RolloverInfo before, bool endNow, CancellationToken cancellationToken)
    {
        var ended = await store.ChangeAsync<AuthorityRow>(caller, async (tables, now, stop) =>
        {
            var row = await tables.Authorities.AsNoTracking().FirstAsync(a => a.Id == before.Old, stop);
            if (!endNow && await WaitingAsync(tables, row.Id, before.New, now, stop) is var waiting && waiting > 0)
                return new Problem(ProblemKind.Conflict, $"{waiting:N0} devices have a certificate of the old authority only.");
            var next = row with { IsTrusted = false, Reason = (int)RevocationReason.Superseded, Since = now };
            return new DecidedChange<AuthorityRow>(next, [(row, next)], "revoke", "authority", row.Id, null, new { row.Kind, reason = Revocation.NameOf(RevocationReason.Superseded), successor = before.New, endNow });
        }, cancellationToken, store.Follow);
        return ended.IsOk ? null : ended.Problem;
    }

    private static async Task<RolloverInfo> ReadAsync(IdentityDbContext tables, CertificatePolicy policy, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var trusted = await tables.Authorities.Where(a => a.Kind == AuthorityKinds.Tenant && a.IsTrusted).OrderBy(a => a.Created).Select(a => new { a.Id, a.Created, a.NotAfter }).ToListAsync(cancellationToken);
        if (trusted.Count == 0)
            return new RolloverInfo(RolloverStates.None, null, null, 0, 0, null, null);
        var (old, next) = (trusted[0], trusted.Count > 1 ? trusted[^1] : null);
        var moved = next is null ? 0 : await OperationalOf(tables, next.Id, now).Select(c => c.Device).Distinct().CountAsync(cancellationToken);
        var waiting = await WaitingAsync(tables, old.Id, next?.Id, now, cancellationToken);
        // Who is connected renews at two thirds of the life of what it has, which was issued before the roll-over began.
        var expected = next is null ? (DateTimeOffset?)null : next.Created + policy.Lifetime * (2 / 3.0);
        return new RolloverInfo(next is null ? RolloverStates.None : RolloverStates.Renewing, old.Id, next?.Id, moved, waiting, expected, old.NotAfter);
    }

    /// <summary>Devices that have a good operational certificate of the authority, and none of its successor.</summary>
    private static Task<int> WaitingAsync(IdentityDbContext tables, string old, string? successor, DateTimeOffset now, CancellationToken cancellationToken) => OperationalOf(tables, old, now)
        .Where(c => !tables.Certificates.Any(n => n.Device == c.Device && n.Authority == successor && n.Use == nameof(CertificateUse.Operational) && n.Standing == nameof(CertificateStanding.Good) && n.NotAfter > now))
        .Select(c => c.Device).Distinct().CountAsync(cancellationToken);

    private static IQueryable<CertificateRow> OperationalOf(IdentityDbContext tables, string authority, DateTimeOffset now) =>
        tables.Certificates.Where(c => c.Authority == authority && c.Use == nameof(CertificateUse.Operational) && c.Standing == nameof(CertificateStanding.Good) && c.NotAfter > now);
}
