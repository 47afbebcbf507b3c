using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Provisioning.Admission;
using Strata.Cloud.Provisioning.Rows;
using Strata.Core;
using Strata.Core.Architecture;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Provisioning.Enrolment;

/// <summary>The routes of devices that wait for a person's yes. Who may provision where a device would come sees it and decides.</summary>
internal static class Approvals
{
    public static async Task<IResult> ListAsync(HttpContext context, ProvisioningStore store, string? state, CancellationToken cancellationToken)
    {
        if (state is not (null or ApprovalStates.Pending or ApprovalStates.Approved or ApprovalStates.Denied))
            return ProblemResults.Of(ProblemKind.Invalid, "'state' is pending, approved or denied.", "state");
        var access = context.Access();
        await using var tables = store.Create(access.Tenant);
        var rows = await tables.Approvals.AsNoTracking().Where(a => a.State == (state ?? ApprovalStates.Pending)).OrderBy(a => a.Asked).ToListAsync(cancellationToken);
        return Results.Json(new Page<ApprovalInfo>([.. rows.Where(r => May(access, r)).Select(Info)], null), ContractsJson.Default.PageApprovalInfo);
    }

    public static async Task<IResult> DecideAsync(string id, HttpContext context, ProvisioningStore store, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.DecideApproval, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        if (request.Value.Decision is not ("approve" or "deny"))
            return ProblemResults.Of(ProblemKind.Invalid, "'decision' is approve or deny.", "decision");
        var (access, caller) = (context.Access(), Caller.Of(context));
        var outcome = await store.ChangeAsync<ApprovalRow>(caller, async (tables, now, stop) =>
        {
            var row = await tables.Approvals.AsNoTracking().FirstOrDefaultAsync(a => a.Id == id, stop);
            if (row is null || !May(access, row))
                return new Problem(ProblemKind.NotFound, "There is no such device that waits.", "id");
            var after = row with { State = request.Value.Decision == "approve" ? ApprovalStates.Approved : ApprovalStates.Denied, Decided = now, DecidedBy = caller.Actor };
            return new DecidedChange<ApprovalRow>(after, [(row, after)], request.Value.Decision, "approval", row.Device, new { row.State }, new { after.State, row.Template, row.Facts });
        }, cancellationToken);
        return outcome.ToResult(row => Results.Json(Info(row), ContractsJson.Default.ApprovalInfo));
    }

    private static bool May(Access access, ApprovalRow row) => access.Decide(Permission.DevicesProvision, row.Site is null ? null : SiteId.Parse(row.Site)) == AccessDecision.Allowed;

    private static ApprovalInfo Info(ApprovalRow row) => new(row.Id, row.Device, row.Site, row.Template, row.Facts, row.State, row.Asked, row.Decided, row.DecidedBy);
}
