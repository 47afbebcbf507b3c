using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Identity.Authorities;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node;

namespace Strata.Cloud.Identity.Routes;

/// <summary>
/// The roll-over of the installation's intermediate, and with it of the root, if what was signed says so: asked for, signed off the node, taken into use, ended once every device has been given
/// the new root. Each step is one file's or one transaction's; asked again, it goes on after whatever interrupted it.
/// </summary>
internal sealed class InstallationRollover(InstallationAuthority authority, IdentityStore store, RootsGiven given)
{
    private const int MaxListed = 100;

    /// <summary><c>GET /api/v1/ca/installation/rollover</c>.</summary>
    public static async Task<IResult> StatusAsync(InstallationRollover rollover, CancellationToken cancellationToken) =>
        Results.Json(await rollover.ReadAsync(cancellationToken), ContractsJson.Default.InstallationRolloverInfo);

    /// <summary><c>POST /api/v1/ca/installation/rollover</c>: the next step, if it can be made.</summary>
    public static async Task<IResult> RunAsync(HttpContext context, InstallationRollover rollover, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.RunInstallationRollover, cancellationToken, 128 * 1024);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        var ran = await rollover.StepAsync(Caller.Of(context) with { Tenant = TenantId.Main }, request.Value, cancellationToken);
        return ran.ToResult(info => Results.Json(info, ContractsJson.Default.InstallationRolloverInfo));
    }

    /// <summary>Does what an interrupted step has left; at the start, before the node listens.</summary>
    public async Task GoOnAsync(CancellationToken cancellationToken)
    {
        if ((await authority.ViewAsync(cancellationToken)).State.Begun is null)
            return;
        var done = await CertifyAgainAsync(cancellationToken);
        if (!done.IsOk)
            throw new InvalidDataException($"The roll-over of the installation's authority cannot go on: {done.Problem.Detail}");
    }

    private async Task<Outcome<InstallationRolloverInfo>> StepAsync(Caller caller, RunInstallationRollover step, CancellationToken cancellationToken)
    {
        var view = await authority.ViewAsync(cancellationToken);
        var problem = step.Certificates is { } signed ? await BeginAsync(caller, signed, cancellationToken)
            : !view.IsRolling ? await AskAsync(caller, cancellationToken)
            : await EndAsync(caller, view, step.EndNow, cancellationToken);
        return problem is { } p ? p : await ReadAsync(cancellationToken);
    }

    private async Task<Problem?> AskAsync(Caller caller, CancellationToken cancellationToken)
    {
        var known = authority.Known!.State.Next;
        var request = await authority.RequestAsync(cancellationToken);
        if (!request.IsOk)
            return request.Problem;
        return known is null ? await NoteAsync(caller, "request", authority.Known!.State.Next!, cancellationToken) : null;
    }

    private async Task<Problem?> BeginAsync(Caller caller, string signed, CancellationToken cancellationToken)
    {
        var begun = await authority.BeginAsync(signed, cancellationToken);
        if (!begun.IsOk)
            return begun.Problem;
        if (await NoteAsync(caller, "begin", begun.Value.Signing.Id, cancellationToken) is { } unknown)
            return unknown;
        var done = await CertifyAgainAsync(cancellationToken);
        return done.IsOk ? null : done.Problem;
    }

    private async Task<Problem?> EndAsync(Caller caller, InstallationView view, bool endNow, CancellationToken cancellationToken)
    {
        var done = await CertifyAgainAsync(cancellationToken);
        if (!done.IsOk)
            return done.Problem;
        if (view.IsRootRolling && !endNow && (await given.CountAsync(view, 0, cancellationToken)).Waiting > 0)
            return null;
        if (await NoteAsync(caller, endNow ? "end-now" : "end", view.Signing.Id, cancellationToken) is { } unknown)
            return unknown;
        await authority.EndAsync(cancellationToken);
        return null;
    }

    /// <summary>All authorities that the intermediate before has certified.</summary>
    private async Task<Outcome<int>> CertifyAgainAsync(CancellationToken cancellationToken)
    {
        var all = 0;
        foreach (var tenant in await store.TenantsAsync("which authorities are to be certified anew", cancellationToken))
        {
            var done = await store.CertifyAuthoritiesAgainAsync(Caller.Node(tenant), cancellationToken);
            if (!done.IsOk)
                return done.Problem;
            all += done.Value;
        }
        return all;
    }

    private async Task<Problem?> NoteAsync(Caller caller, string action, string what, CancellationToken cancellationToken)
    {
        var noted = await store.NoteAsync(caller, action, "installation-rollover", what, cancellationToken);
        return noted.IsOk ? null : noted.Problem;
    }

    private async Task<InstallationRolloverInfo> ReadAsync(CancellationToken cancellationToken)
    {
        var view = await authority.ViewAsync(cancellationToken);
        var state = view.IsRolling ? InstallationRolloverStates.Renewing : view.State.Next is not null ? InstallationRolloverStates.Requested : InstallationRolloverStates.None;
        var request = state == InstallationRolloverStates.Requested && await authority.RequestAsync(cancellationToken) is { IsOk: true } asked ? asked.Value : null;
        var told = await given.CountAsync(view, MaxListed, cancellationToken);
        return new InstallationRolloverInfo(
            state, Fingerprint(view.PreviousRoot ?? view.Root), view.IsRootRolling ? Fingerprint(view.Root) : null, view.Previous is { } old ? CertificateMaker.KeyIdOf(old) : view.Signing.Id,
            view.IsRolling ? view.Signing.Id : null, request, told.Moved, told.Waiting, told.Listed, view.IsRolling ? view.State.Begun : null, view.IsRolling ? told.Expected : null);
    }

    private static string Fingerprint(X509Certificate2 certificate) => Convert.ToHexStringLower(certificate.GetCertHash(HashAlgorithmName.SHA256));
}
