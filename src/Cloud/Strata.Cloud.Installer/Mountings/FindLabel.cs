using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform.Fleet;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Installer.Mountings;

/// <summary><c>GET /api/v1/labels?code=</c>: the device that a label is of, as far as who mounts it needs to know.</summary>
internal static class FindLabel
{
    /// <summary>Of what is not there, another tenant's, and beyond the caller's scope.</summary>
    public static Problem Unknown => new(ProblemKind.NotFound, "No device has this label. One that is new is known once it has come in by itself: switch it on, then try again.", "code");

    public static async Task<IResult> HandleAsync(string? code, HttpContext context, InstallerStore store, IFleet fleet, CancellationToken cancellationToken)
    {
        var found = Find(code, Permission.DevicesRead, context.Access(), fleet);
        if (!found.IsOk)
            return ProblemResults.Of(found.Problem);
        var device = found.Value;
        await using var db = store.Create(context.Tenant());
        var last = await db.Mountings.AsNoTracking().Where(m => m.Device == device.Id.Value).OrderByDescending(m => m.Received).FirstOrDefaultAsync(cancellationToken);
        return Results.Json(
            new LabelledDevice(
                device.Id.Value, device.Serial, device.Model, DeviceLifecycle.Name(device.State), device.Site?.Value, device.LastSeen,
                last is not null && last.Site == device.Site?.Value ? ReadMountings.ToInfo(last) : null),
            ContractsJson.Default.LabelledDevice);
    }

    /// <summary>The device, if it may be done to it.</summary>
    public static Outcome<FleetDevice> Find(string? code, Permission permission, Access access, IFleet fleet)
    {
        if (fleet.FindByLabel(access.Tenant, code) is not { } device)
            return Unknown;
        return Access.Refusal(access.Decide(permission, device.Site), () => Unknown) is { } refusal ? refusal : device;
    }
}
