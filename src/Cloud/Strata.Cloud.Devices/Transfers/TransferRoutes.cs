using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Decommissioning;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rows;
using Strata.Cloud.Devices.UseCases;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Reads;

namespace Strata.Cloud.Devices.Transfers;

/// <summary>
/// A device goes to another tenant when both want it: one offers, the other accepts. A platform owner, who may act for both, does both. Transfers are matters of whole tenants: who provisions a part of one neither sees nor makes them.
/// </summary>
internal static class TransferRoutes
{
    private static readonly TimeSpan DefaultValidity = TimeSpan.FromDays(7);
    private static readonly TimeSpan LongestValidity = TimeSpan.FromDays(90);

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapPost("/devices/{id}/transfer", OfferAsync).Requires(Permission.DevicesProvision).AcceptsOnly().WithName("OfferTransfer").WithTags("Transfers")
            .WithSummary("Offers a device to another tenant").Accepts<OfferTransfer>("application/json").Produces<TransferInfo>(StatusCodes.Status201Created)
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        api.MapGet("/transfers", ListAsync).Requires(Permission.DevicesProvision).AcceptsOnly("cursor", "limit").WithName("ListTransfers").WithTags("Transfers")
            .WithSummary("Devices given to other tenants and received from them, newest first").Produces<Page<TransferInfo>>();
        api.MapPost("/transfers/{id}/accept", AcceptAsync).Requires(Permission.DevicesProvision).AcceptsOnly().WithName("AcceptTransfer").WithTags("Transfers")
            .WithSummary("Takes a device that another tenant offers; it is registered without an identity").Accepts<AcceptTransfer>("application/json")
            .Produces<TransferInfo>(StatusCodes.Status202Accepted).ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        api.MapDelete("/transfers/{id}", EndAsync).Requires(Permission.DevicesProvision).AcceptsOnly().WithName("EndTransfer").WithTags("Transfers")
            .WithSummary("Declines what is offered, or withdraws an own offer").Produces(StatusCodes.Status204NoContent)
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static async Task<IResult> OfferAsync(
        string id, HttpContext context, TransferSteps steps, DecommissionSteps decommissions, DevicesOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.OfferTransfer, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        if (NotWhole(context) is { } forbidden)
            return forbidden;
        var (caller, now) = (Caller.Of(context), time.GetUtcNow());
        // Whether another tenant is there is not for everybody to find out by guessing: the offer simply waits for it.
        if (!TenantId.TryParse(request.Value.To, out var to) || to == caller.Tenant)
            return ProblemResults.Of(ProblemKind.Invalid, "The receiver is the id of another tenant.", "to");
        var (readings, validity) = (request.Value.Readings ?? TransferRow.Stay, request.Value.ValidFor ?? DefaultValidity);
        if (readings is not (TransferRow.Stay or TransferRow.Go))
            return ProblemResults.Of(ProblemKind.Invalid, "Readings 'stay' or 'go'.", "readings");
        if (validity <= TimeSpan.Zero || validity > LongestValidity)
            return ProblemResults.Of(ProblemKind.Invalid, "An offer may be accepted for more than no time and at most 90 days.", "validFor");
        var offer = TransferSteps.NewId(now);
        var outcome = await steps.DecideAsync(caller.Tenant, caller, offer, (change, _) =>
        {
            var found = GetDevice.Find(change.Image, id, Permission.DevicesProvision, context.Access());
            if (!found.IsOk)
                return found.Problem;
            if (!RegistryImage.IsInService(found.Value))
                return new Problem(ProblemKind.Conflict, $"Device '{id}' is decommissioned already.", "id");
            if (decommissions.IsOpen(caller.Tenant, id))
                return new Problem(ProblemKind.Conflict, $"Device '{id}' is on its way out of service.", "id");
            if (steps.IsOpen(caller.Tenant, id))
                return new Problem(ProblemKind.Conflict, $"Device '{id}' is offered already; withdraw that offer first.", "id");
            if (steps.OpenOf(caller.Tenant) >= options.MaxTransfers)
                return new Problem(ProblemKind.TooMuch, $"The tenant has {options.MaxTransfers:N0} transfers that are not done; withdraw some first.");
            return new TransferRow
            {
                TenantId = change.TenantId, Id = offer, IsGiven = true, Other = to.Value, Device = id, State = TransferRow.Offered, Readings = readings, Model = found.Value.Model, Serial = found.Value.Serial,
                Offers = now, Expires = now + validity, Actor = caller.Actor,
            };
        }, null, cancellationToken);
        return outcome.ToResult(row => Results.Json(ToInfo(row), ContractsJson.Default.TransferInfo, statusCode: StatusCodes.Status201Created));
    }

    private static async Task<IResult> AcceptAsync(string id, HttpContext context, RegistryStore registry, TransferSteps steps, TimeProvider time, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.AcceptTransfer, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        if (NotWhole(context) is { } forbidden)
            return forbidden;
        var caller = Caller.Of(context);
        if (await FindAsync(registry, caller.Tenant, id, cancellationToken) is not { IsGiven: false } told)
            return ProblemResults.Of(Unknown(id));
        if (told.State != TransferRow.Offered || time.GetUtcNow() >= told.Expires)
            return ProblemResults.Of(NotOffered(told));
        var giver = TenantId.Parse(told.Other);
        var outcome = await steps.DecideAsync(giver, new Caller(giver, $"tenant {caller.Tenant}"), id, (change, row) =>
        {
            if (row is not { State: TransferRow.Offered })
                return NotOffered(row ?? told);
            return change.Image.Devices.TryGetValue(row.Device, out var device) && RegistryImage.IsInService(device)
                ? row with { State = TransferRow.Accepted, NewId = request.Value.Id ?? row.Device, Site = request.Value.Site, Actor = caller.Actor }
                : new Problem(ProblemKind.Conflict, "The device is not in the giver's service any more.");
        }, context.Access(), cancellationToken);
        if (!outcome.IsOk)
            return ProblemResults.Of(outcome.Problem);
        return Results.Json(ToInfo((await FindAsync(registry, caller.Tenant, id, cancellationToken))!), ContractsJson.Default.TransferInfo, statusCode: StatusCodes.Status202Accepted);
    }

    private static async Task<IResult> EndAsync(string id, HttpContext context, RegistryStore registry, TransferSteps steps, CancellationToken cancellationToken)
    {
        if (NotWhole(context) is { } forbidden)
            return forbidden;
        var caller = Caller.Of(context);
        if (await FindAsync(registry, caller.Tenant, id, cancellationToken) is not { } known)
            return ProblemResults.Of(Unknown(id));
        var giver = known.IsGiven ? caller.Tenant : TenantId.Parse(known.Other);
        var outcome = await steps.DecideAsync(giver, known.IsGiven ? caller : new Caller(giver, $"tenant {caller.Tenant}"), id, (_, row) => row is { State: TransferRow.Offered }
            ? row with { State = known.IsGiven ? TransferRow.Withdrawn : TransferRow.Declined }
            : NotOffered(row ?? known), null, cancellationToken);
        return outcome.ToResult(_ => Results.NoContent());
    }

    private static async Task<IResult> ListAsync(string? cursor, string? limit, HttpContext context, RegistryStore registry, CancellationToken cancellationToken)
    {
        var page = Paging.Parse(cursor, limit);
        if (!page.IsOk)
            return ProblemResults.Of(page.Problem);
        if (NotWhole(context) is { } forbidden)
            return forbidden;
        await using var rows = registry.CreateContext(context.Tenant());
        var before = page.Value.After;
        var found = await rows.Transfers.Where(t => before == null || t.Id.CompareTo(before) < 0).OrderByDescending(t => t.Id).Take(page.Value.Limit + 1).ToListAsync(cancellationToken);
        return Results.Json(Paging.ToPage([.. found.Select(ToInfo)], page.Value.Limit, t => t.Id), ContractsJson.Default.PageTransferInfo);
    }

    private static IResult? NotWhole(HttpContext context) => context.Access().IsWhole(Permission.DevicesProvision)
        ? null
        : ProblemResults.Of(ProblemKind.Forbidden, "Whether a device goes to another tenant is the whole tenant's matter; only who provisions devices in all of it may decide.");

    private static async Task<TransferRow?> FindAsync(RegistryStore registry, TenantId tenant, string id, CancellationToken cancellationToken)
    {
        await using var rows = registry.CreateContext(tenant);
        return await rows.Transfers.FirstOrDefaultAsync(t => t.Id == id, cancellationToken);
    }

    private static Problem Unknown(string id) => new(ProblemKind.NotFound, $"There is no transfer '{(id.Length > 64 ? id[..64] + "..." : id)}'.", "id");

    private static Problem NotOffered(TransferRow row) => new(ProblemKind.Conflict, $"The transfer of '{row.Device}' is {(row.State == TransferRow.Offered ? TransferRow.Expired : row.State)}: only what is offered can be accepted, declined or withdrawn.", "id");

    private static TransferInfo ToInfo(TransferRow row) => new(
        row.Id, row.IsGiven ? "given" : "received", row.Other, row.Device, row.State, row.Readings, row.Model, row.Serial, row.Offers, row.Expires, row.Actor, row.NewId, row.Site, row.Copied, row.Finished);
}
