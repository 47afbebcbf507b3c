using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Platform;
using Strata.Core;
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
        var outcome = await registry.ChangeAsync(Caller.Of(context), change => Decide(change, id, access), cancellationToken);
        return outcome.ToResult(secret => Results.Json(secret, ContractsJson.Default.DeviceSecret));
    }

    private static Outcome<DeviceSecret> Decide(RegistryChange change, string id, Access access)
    {
        var device = GetDevice.Find(change.Image, id, Permission.DevicesProvision, access);
        if (!device.IsOk)
            return device.Problem;
        if (!RegistryImage.IsInService(device.Value))
            return new Problem(ProblemKind.Conflict, $"Device '{id}' is decommissioned; create it anew to use it again.", "id");
        var secret = DeviceSecrets.Create();
        change.Put(device.Value with { SecretHash = DeviceSecrets.Hash(secret) }, "rotate-secret");
        return new DeviceSecret(id, secret);
    }
}
