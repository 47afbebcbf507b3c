using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.UseCases;
using Strata.Cloud.Platform.Fleet;
using Strata.Core;
using Strata.Node.Devices;

namespace Strata.Cloud.Devices.Registry;

/// <summary>A device that is in service is provisioned anew: decided on the image, as every change is. Its name, its state and what was heard of it stay.</summary>
internal static class ReprovisionDevice
{
    public static Outcome<RegisteredDevice> Decide(RegistryChange change, NewDevice device, CreateDevice wanted, ReprovisionScope scope)
    {
        if (!change.Image.Devices.TryGetValue(device.Id.Value, out var row) || !RegistryImage.IsInService(row))
            return GetDevice.Unknown(device.Id.Value);
        var secret = device.Identity is NewIdentity.Secret ? DeviceSecrets.Create() : null;
        var after = secret is null ? row : row with { SecretHash = DeviceSecrets.Hash(secret) };
        if (scope is not ReprovisionScope.Identity)
        {
            var described = RegisterDevice.Check(wanted, change.Image, access: null);
            if (!described.IsOk)
                return described.Problem;
            if (described.Value.Site is { } site)
                EnsurePlace.Create(change, site);
            after = after with { Site = described.Value.Site, Gateways = described.Value.Gateways };
            if (scope is ReprovisionScope.Everything)
            {
                var facts = DeviceFacts.Of(wanted, change.Image);
                if (!facts.IsOk)
                    return facts.Problem;
                after = after with
                {
                    Model = described.Value.Model, Heartbeat = described.Value.Heartbeat, Deadband = described.Value.Deadband, Tags = facts.Value.Tags, Groups = facts.Value.Groups, Serial = facts.Value.Serial,
                    Batch = facts.Value.Batch, PowerProfile = facts.Value.PowerProfile,
                };
            }
        }
        if (after != row)
            change.Put(after, "reprovision", new { scope = scope.ToString().ToLowerInvariant(), secret = secret is not null, device.Cause });
        return new RegisteredDevice(device.Id, secret);
    }
}
