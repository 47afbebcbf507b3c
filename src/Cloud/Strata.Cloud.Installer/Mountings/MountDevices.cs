using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Contracts;
using Strata.Cloud.Installer.Rows;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Core;
using Strata.Core.Provisioning;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Installer.Mountings;

/// <summary>
/// <c>POST /api/v1/mountings</c>: somebody has mounted a device at a place. The device is placed first, then what was said of it is kept; whoever has no answer sends the same
/// again, and both steps find what was done.
/// </summary>
internal static class MountDevices
{
    public static async Task<IResult> HandleAsync(HttpContext context, InstallerStore store, IFleet fleet, InstallerOptions options, CancellationToken cancellationToken)
    {
        var read = await context.Request.ReadJsonAsync(ContractsJson.Default.MountDevice, cancellationToken, (options.MaxPhotoBytes + 2) / 3 * 4 + 16 * 1024);
        if (!read.IsOk)
            return ProblemResults.Of(read.Problem, read.Problem.Kind is ProblemKind.TooMuch ? StatusCodes.Status413PayloadTooLarge : null);
        var asked = MountingRequest.Check(read.Value, options);
        if (!asked.IsOk)
            return ProblemResults.Of(asked.Problem, asked.Problem.Kind is ProblemKind.TooMuch ? StatusCodes.Status413PayloadTooLarge : null);
        var (caller, access, request) = (Caller.Of(context), context.Access(), asked.Value);
        var found = FindLabel.Find(request.Code, Permission.DevicesWrite, access, fleet);
        if (!found.IsOk)
            return ProblemResults.Of(found.Problem);
        if (Access.Refusal(access.Decide(Permission.DevicesWrite, request.Site), () => UnknownPlace) is { } refusal)
            return ProblemResults.Of(refusal);
        await using (var db = store.Create(caller.Tenant))
        {
            if (await db.Mountings.AsNoTracking().FirstOrDefaultAsync(m => m.Id == request.Id, cancellationToken) is { } done)
                return Again(done, found.Value, request).ToResult(row => Results.Json(ReadMountings.ToInfo(row), ContractsJson.Default.MountingInfo));
            if (await FullAsync(db, request, options, cancellationToken) is { } full)
                return ProblemResults.Of(full);
        }
        var placed = await PlaceAsync(caller, found.Value, request, fleet, cancellationToken);
        if (!placed.IsOk)
            return ProblemResults.Of(placed.Problem);
        var outcome = await store.ChangeAsync(caller, (db, now, token) => KeepAsync(db, caller, found.Value, request, options, now, token), cancellationToken);
        return outcome.ToResult(row => Results.Json(ReadMountings.ToInfo(row), ContractsJson.Default.MountingInfo, statusCode: StatusCodes.Status201Created));
    }

    private static Problem UnknownPlace => new(ProblemKind.NotFound, "There is no such place.", "site");

    private static Outcome<MountingRow> Again(MountingRow done, FleetDevice device, MountingRequest request) => done.Device == device.Id.Value && done.Site == request.Site.Value
        ? done
        : new Problem(ProblemKind.Conflict, "This id was used for another mounting; make a new one.", "id");

    private static async Task<Problem?> FullAsync(InstallerDbContext db, MountingRequest request, InstallerOptions options, CancellationToken cancellationToken) =>
        request.Photo is { } photo && await db.Mountings.SumAsync(m => (long)m.PhotoBytes, cancellationToken) + photo.Length > options.MaxPhotoBytesOfTenant
            ? new Problem(ProblemKind.TooMuch, $"The photos of the tenant would take more than {options.MaxPhotoBytesOfTenant / 1024 / 1024:N0} MiB; mount it without one.", "photo")
            : null;

    private static async Task<Outcome<FleetDevice>> PlaceAsync(Caller caller, FleetDevice device, MountingRequest request, IFleet fleet, CancellationToken cancellationToken) =>
        MountingRule.Decide(device.Site, request.Site, request.Replaces) switch
        {
            MountingStep.Stay => device,
            MountingStep.Place => await fleet.PlaceAsync(caller, device.Id, request.Site, device.Site, cancellationToken),
            _ => new Problem(ProblemKind.Conflict, $"Device '{device.Id}' is in '{device.Site}' by now. Leave it there, or send this again with \"replaces\": \"{device.Site}\".", "site"),
        };

    /// <summary>Keeps what was said, and lets go of what is too much of the device.</summary>
    private static async Task<Outcome<DecidedChange<MountingRow>>> KeepAsync(
        InstallerDbContext db, Caller caller, FleetDevice device, MountingRequest request, InstallerOptions options, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (await db.Mountings.AsNoTracking().FirstOrDefaultAsync(m => m.Id == request.Id, cancellationToken) is { } done)
        {
            var again = Again(done, device, request);
            return again.IsOk ? DecidedChange.None(again.Value) : again.Problem;
        }
        var row = new MountingRow
        {
            TenantId = caller.Tenant.Value, Id = request.Id, Device = device.Id.Value, Site = request.Site.Value, FromSite = device.Site == request.Site ? null : device.Site?.Value, Note = request.Note,
            Done = request.Done is { } said && said < now ? said : now, Received = now, DoneBy = caller.Actor, PhotoBytes = request.Photo?.Length ?? 0,
        };
        var old = await db.Mountings.AsNoTracking().Where(m => m.Device == row.Device).OrderByDescending(m => m.Received).Skip(options.KeepOfDevice - 1).ToListAsync(cancellationToken);
        List<(object? Before, object? After)> rows = [(null, row), .. old.Select(o => ((object?)o, (object?)null))];
        if (request.Photo is { } photo)
            rows.Add((null, new MountingPhotoRow { TenantId = row.TenantId, Mounting = row.Id, Content = photo }));
        return new DecidedChange<MountingRow>(row, rows, "mount", "device", row.Device, new { site = row.FromSite }, new { row.Site, mounting = row.Id, row.Done, row.PhotoBytes });
    }
}
