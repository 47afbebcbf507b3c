using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rows;
using Strata.Cloud.Devices.Transfers;
using Strata.Cloud.Devices.UseCases;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Reads;

namespace Strata.Cloud.Devices.Decommissioning;

/// <summary>The orderly way out of service, and the proof of it.</summary>
internal static class DecommissionRoutes
{
    private const string ArchiveType = "application/vnd.apache.parquet";
    private static readonly TimeSpan Longest = TimeSpan.FromDays(30);
    private static readonly TimeSpan DefaultWipe = TimeSpan.FromMinutes(1);

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapPost("/devices/{id}/decommission", BeginAsync).Requires(Permission.DevicesProvision).AcceptsOnly().WithName("BeginDecommission").WithTags("Devices")
            .WithSummary("Drains, has the device wipe itself, revokes what it shows and signs what was done").Accepts<BeginDecommission>("application/json")
            .Produces<DecommissionInfo>(StatusCodes.Status202Accepted).ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        api.MapGet("/devices/{id}/decommission", OneAsync).Requires(Permission.DevicesRead).AcceptsOnly().WithName("GetDecommission").WithTags("Devices")
            .WithSummary("How far a device is on its way out of service, or how it went").Produces<DecommissionInfo>().ProducesProblem(StatusCodes.Status404NotFound);
        api.MapGet("/devices/{id}/erasure", ErasureAsync).Requires(Permission.DevicesRead).AcceptsOnly().WithName("GetErasure").WithTags("Devices")
            .WithSummary("The signed certificate of a device's decommissioning").Produces<string>(StatusCodes.Status200OK, "application/jose+json").ProducesProblem(StatusCodes.Status404NotFound);
    }

    public static void MapPolicy(IEndpointRouteBuilder api)
    {
        api.MapGet("/devices/{id}/archive", ArchiveAsync).Requires(Permission.ReadingsRead).AcceptsOnly().WithName("GetDeviceArchive").WithTags("Devices")
            .WithSummary("The readings of a device that is gone, where they were archived").Produces<string>(StatusCodes.Status200OK, ArchiveType).ProducesProblem(StatusCodes.Status404NotFound);
        api.MapGet("/decommissioning/policy", GetPolicyAsync).Requires(Permission.DevicesRead).AcceptsOnly().WithName("GetDecommissionPolicy").WithTags("Devices")
            .WithSummary("What becomes of readings of devices that are taken out of service").Produces<DecommissionPolicy>();
        api.MapPut("/decommissioning/policy", PutPolicyAsync).Requires(Permission.TenantManage).AcceptsOnly().WithName("PutDecommissionPolicy").WithTags("Devices")
            .WithSummary("Says what becomes of readings where the request does not: keep, archive or erase").Accepts<DecommissionPolicy>("application/json").Produces<DecommissionPolicy>();
    }

    public static void MapKey(IEndpointRouteBuilder routes) =>
        routes.MapGet("/pki/erasure.pem", static (ErasureKey key) => Results.Text(key.PublicPem, "application/x-pem-file")).IsOpen("a public key").WithName("GetErasureKey").WithTags("Devices")
            .WithSummary("The public key of certificates of erasure").Produces<string>(StatusCodes.Status200OK, "application/x-pem-file");

    private static async Task<IResult> BeginAsync(string id, HttpContext context, RegistryStore registry, DecommissionSteps steps, TransferSteps transfers, TimeProvider time, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.BeginDecommission, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        var (drain, wipe) = (request.Value.Drain ?? TimeSpan.Zero, request.Value.WipeWithin ?? DefaultWipe);
        if (drain < TimeSpan.Zero || drain > Longest || wipe < TimeSpan.Zero || wipe > Longest)
            return ProblemResults.Of(ProblemKind.Invalid, "Waits lie between 0 and 30 days.", "drain");
        var caller = Caller.Of(context);
        var cause = request.Value.Cause ?? $"asked for by {caller.Actor}";
        if (cause.Length is 0 or > DeviceTransition.MaxCauseLength || cause.Any(char.IsControl))
            return ProblemResults.Of(ProblemKind.Invalid, $"A cause has 1 to {DeviceTransition.MaxCauseLength} characters and no control characters.", "cause");
        var data = request.Value.Readings ?? (await PolicyAsync(registry, caller.Tenant, cancellationToken))?.Readings ?? DecommissionRow.Keep;
        if (!DecommissionRow.Policies.Contains(data))
            return ProblemResults.Of(NotAPolicy);
        var outcome = await registry.ChangeAsync<DecommissionRow>(caller, change =>
        {
            var found = GetDevice.Find(change.Image, id, Permission.DevicesProvision, context.Access());
            if (!found.IsOk)
                return found.Problem;
            if (EntityTag.Check(context, found.Value) is { } outdated)
                return outdated;
            if (!RegistryImage.IsInService(found.Value))
                return new Problem(ProblemKind.Conflict, $"Device '{id}' is decommissioned already.", "id");
            if (steps.IsOpen(caller.Tenant, id))
                return new Problem(ProblemKind.Conflict, $"Device '{id}' is on its way out of service already.", "id");
            if (transfers.IsOpen(caller.Tenant, id))
                return new Problem(ProblemKind.Conflict, $"Device '{id}' is offered to another tenant; withdraw the offer first.", "id");
            // It may still connect, answer and hand in what it holds back; it is in nobody's service any more.
            if (found.Value.State is DeviceState.Active or DeviceState.Degraded)
                change.Put(found.Value with { State = DeviceState.Maintenance, StateSince = change.Now, StateCause = Short($"being decommissioned: {cause}") }, "state");
            var now = time.GetUtcNow();
            var row = new DecommissionRow
            {
                TenantId = change.TenantId, Id = DecommissionRow.NewId(now), Device = id,
                State = DecommissionRow.Draining, Cause = cause, Actor = caller.Actor, Started = now, Deadline = now + drain, WipeWithin = wipe, Data = data,
            };
            change.Beside(null, row, "begin", "decommission", id);
            return row;
        }, cancellationToken);
        if (!outcome.IsOk)
            return ProblemResults.Of(outcome.Problem);
        steps.Begun(outcome.Value);
        return Results.Json(ToInfo(outcome.Value), ContractsJson.Default.DecommissionInfo, statusCode: StatusCodes.Status202Accepted);
    }

    private static async Task<IResult> OneAsync(string id, HttpContext context, RegistryStore registry, CancellationToken cancellationToken)
    {
        var row = await FindAsync(id, context, registry, cancellationToken);
        return row.ToResult(r => Results.Json(ToInfo(r), ContractsJson.Default.DecommissionInfo));
    }

    private static async Task<IResult> ErasureAsync(string id, HttpContext context, RegistryStore registry, CancellationToken cancellationToken)
    {
        var row = await FindAsync(id, context, registry, cancellationToken);
        if (!row.IsOk)
            return ProblemResults.Of(row.Problem);
        return row.Value.Certificate is { } certificate
            ? Results.Text(certificate, "application/jose+json")
            : ProblemResults.Of(ProblemKind.NotFound, $"Device '{id}' is still {row.Value.State}; there is a certificate when it is done.", "id");
    }

    private static async Task<IResult> ArchiveAsync(string id, HttpContext context, RegistryStore registry, DeviceArchives archives, CancellationToken cancellationToken)
    {
        var row = await FindAsync(id, context, registry, cancellationToken, Permission.ReadingsRead);
        if (!row.IsOk)
            return ProblemResults.Of(row.Problem);
        var path = archives.PathOf(context.Tenant(), row.Value.Id);
        if (row.Value.ArchiveDigest is null)
            return ProblemResults.Of(ProblemKind.NotFound, $"The readings of '{id}' were not archived: the policy was '{row.Value.Data}', and it is {row.Value.State}.", "id");
        return File.Exists(path)
            ? Results.File(path, ArchiveType, $"{row.Value.Id}.parquet")
            : ProblemResults.Of(ProblemKind.NotFound, $"The archive of '{id}' ({row.Value.Id}.parquet) is not in this node's data folder any more; its SHA-256 is {row.Value.ArchiveDigest}.", "id");
    }

    private static async Task<IResult> GetPolicyAsync(HttpContext context, RegistryStore registry, CancellationToken cancellationToken) =>
        Results.Json(new DecommissionPolicy((await PolicyAsync(registry, context.Tenant(), cancellationToken))?.Readings ?? DecommissionRow.Keep), ContractsJson.Default.DecommissionPolicy);

    private static async Task<IResult> PutPolicyAsync(HttpContext context, RegistryStore registry, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.DecommissionPolicy, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        if (!context.Access().IsWhole(Permission.TenantManage))
            return ProblemResults.Of(ProblemKind.Forbidden, "The policy is the whole tenant's; only who manages all of it may set it.");
        if (request.Value.Readings is not { } readings || !DecommissionRow.Policies.Contains(readings))
            return ProblemResults.Of(NotAPolicy);
        var caller = Caller.Of(context);
        var before = await PolicyAsync(registry, caller.Tenant, cancellationToken);
        var outcome = await registry.ChangeAsync<DecommissionPolicyRow>(caller, change =>
        {
            var row = new DecommissionPolicyRow { TenantId = change.TenantId, Readings = readings };
            if (row != before)
                change.Beside(before, row, "change", "decommission-policy", "readings");
            return row;
        }, cancellationToken);
        return outcome.ToResult(row => Results.Json(new DecommissionPolicy(row.Readings), ContractsJson.Default.DecommissionPolicy));
    }

    private static Problem NotAPolicy => new(ProblemKind.Invalid, $"Readings are one of: {string.Join(", ", DecommissionRow.Policies)}.", "readings");

    private static async Task<DecommissionPolicyRow?> PolicyAsync(RegistryStore registry, TenantId tenant, CancellationToken cancellationToken)
    {
        await using var rows = registry.CreateContext(tenant);
        return await rows.DecommissionPolicies.FirstOrDefaultAsync(cancellationToken);
    }

    private static async Task<Outcome<DecommissionRow>> FindAsync(string id, HttpContext context, RegistryStore registry, CancellationToken cancellationToken, Permission permission = Permission.DevicesRead)
    {
        var found = GetDevice.Find(registry.Image(context.Tenant()), id, permission, context.Access());
        if (!found.IsOk)
            return found.Problem;
        await using var rows = registry.CreateContext(context.Tenant());
        return await rows.Decommissions.Where(d => d.Device == id).OrderByDescending(d => d.Id).FirstOrDefaultAsync(cancellationToken) is { } row
            ? row
            : new Problem(ProblemKind.NotFound, $"Device '{id}' is not on its way out of service, and never was taken that way.", "id");
    }

    private static string Short(string cause) => cause.Length > DeviceTransition.MaxCauseLength ? cause[..DeviceTransition.MaxCauseLength] : cause;

    private static DecommissionInfo ToInfo(DecommissionRow row) => new(row.Id, row.Device, row.State, row.Cause, row.Actor, row.Started, row.Deadline, row.WipeAsked, row.WipeProved, row.WipeProof, row.Identity, row.Finished)
    {
        Undelivered = row.Undelivered, Readings = row.Data, Count = row.Readings, ArchiveBytes = row.ArchiveDigest is null ? null : row.ArchiveBytes, ArchiveDigest = row.ArchiveDigest,
    };
}
