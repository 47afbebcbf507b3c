using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Devices;

namespace Strata.Cloud.Devices.UseCases;

/// <summary><c>POST /api/v1/devices/{id}/secret</c>: a new secret, shown once; the old one stops working at once and its connections end.</summary>
internal static class RotateDeviceSecret
{
    public static async Task<IResult> HandleAsync(string id, HttpContext context, RegistryStore registry, CancellationToken cancellationToken)
    {
        var access = context.Access();
        var outcome = await registry.ChangeAsync(Caller.Of(context), change => Decide(change, id, access, context), cancellationToken);
        return outcome.ToResult(secret => Results.Json(secret, ContractsJson.Default.DeviceSecret));
    }

    private static Outcome<DeviceSecret> Decide(RegistryChange change, string id, Access access, HttpContext context)
    {
        var device = GetDevice.Find(change.Image, id, Permission.DevicesProvision, access);
        if (!device.IsOk)
            return device.Problem;
        if (EntityTag.Check(context, device.Value) is { } outdated)
            return outdated;
        if (!RegistryImage.IsInService(device.Value))
            return new Problem(ProblemKind.Conflict, $"Device '{id}' is decommissioned; create it anew to use it again.", "id");
        var secret = DeviceSecrets.Create();
        var row = device.Value with { SecretHash = DeviceSecrets.Hash(secret) };
        // Its first secret is its identity.
        if (row.State is DeviceState.Unprovisioned)
            row = row with { State = DeviceState.Provisioning, StateSince = change.Now, StateCause = "given a secret" };
        change.Put(row, "rotate-secret");
        return new DeviceSecret(id, secret);
    }
}
