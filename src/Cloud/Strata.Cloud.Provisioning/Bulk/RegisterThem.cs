using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Core;
using Strata.Core.Architecture;
using Strata.Core.Provisioning;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Provisioning.Bulk;

/// <summary><c>POST /api/v1/provisioning/devices</c>: many devices by templates, all or none, as one transaction with one audit record; with secrets, or certificates of the tenant's authority.</summary>
internal static class RegisterThem
{
    private const int MaxTextLength = 128;

    public static async Task<IResult> HandleAsync(HttpContext context, ProvisioningStore store, IFleet fleet, IDeviceCertifier certifier, ProvisioningOptions options, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.RegisterDevices, cancellationToken, options.MaxBulkBytes);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem, request.Problem.Kind is ProblemKind.TooMuch ? StatusCodes.Status413PayloadTooLarge : null);
        var identity = request.Value.Identity switch { null or "secret" => NewIdentity.Secret, "certificate" => NewIdentity.Certificate, "none" => NewIdentity.None, _ => (NewIdentity?)null };
        if (identity is not { } shown)
            return ProblemResults.Of(ProblemKind.Invalid, "'identity' is secret, certificate or none.", "identity");
        var access = context.Access();
        var assigned = Assign(request.Value, store.Templates(access.Tenant).Values.ToList(), access, options.MaxBulk);
        if (!assigned.IsOk)
            return ProblemResults.Of(assigned.Problem);
        if (request.Value.DryRun)
            return Answer(new RegisteredDevices(true, [.. assigned.Value.Select(d => new RegisteredDeviceInfo(d.Id.Value, d.Template, d.Site))]), StatusCodes.Status200OK);
        var caller = Caller.Of(context);
        // Keys first: a key that is none must not leave devices without certificates behind.
        var keys = shown is NewIdentity.Certificate ? Keys(request.Value.Devices, assigned.Value, certifier) : new List<(KeyToCertify, string?)>();
        if (!keys.IsOk)
            return ProblemResults.Of(keys.Problem);
        var registered = await fleet.RegisterAsync(caller, [.. assigned.Value.Select(d => ToDevice(d, shown))], cancellationToken);
        if (!registered.IsOk)
            return ProblemResults.Of(registered.Problem);
        if (shown is not NewIdentity.Certificate)
            return Answer(new RegisteredDevices(false, [.. assigned.Value.Select((d, i) => new RegisteredDeviceInfo(d.Id.Value, d.Template, d.Site, registered.Value[i].Secret))]), StatusCodes.Status201Created);
        var certified = await certifier.CertifyAsync(caller, [.. keys.Value.Select(k => k.Item1)], CancellationToken.None);
        if (!certified.IsOk)
            return ProblemResults.Of(certified.Problem with { Detail = $"The devices are registered, and have no certificates yet: {certified.Problem.Detail} Issue them with 'strata certificates issue', or let the devices enrol." });
        return Answer(
            new RegisteredDevices(
                false, [.. assigned.Value.Select((d, i) => new RegisteredDeviceInfo(d.Id.Value, d.Template, d.Site, null, certified.Value.Certificates[i], keys.Value[i].Item2))], certified.Value.Chain),
            StatusCodes.Status201Created);

        IResult Answer(RegisteredDevices devices, int status)
        {
            context.Response.Headers.CacheControl = "no-store";
            return Results.Json(devices, ContractsJson.Default.RegisteredDevices, statusCode: status);
        }
    }

    private static Outcome<List<AssignedDevice>> Assign(RegisterDevices request, List<DeviceTemplate> templates, Access access, int most)
    {
        if (request.Devices is null || request.Devices.Count == 0 || request.Devices.Count > most)
            return new Problem(ProblemKind.Invalid, $"One request registers 1 to {most:N0} devices.", "devices");
        if (request.Template is { } named && (templates = templates.FindAll(t => t.Name == named)).Count == 0)
            return new Problem(ProblemKind.NotFound, $"There is no template '{(named.Length > 64 ? named[..64] + "..." : named)}'.", "template");
        var whole = access.IsWhole(Permission.DevicesProvision);
        var assigned = new List<AssignedDevice>(request.Devices.Count);
        for (var i = 0; i < request.Devices.Count; i++)
        {
            var made = Assign(request.Devices[i], templates);
            if (!made.IsOk)
                return made.Problem with { Field = $"devices[{i}]" };
            // Beyond the scope nothing exists: a template that leads there is one that does not match.
            if (!whole && (made.Value.Site is null || access.Decide(Permission.DevicesProvision, SiteId.Parse(made.Value.Site)) != AccessDecision.Allowed))
                return new Problem(ProblemKind.Forbidden, "No template matches that leads to where the caller may provision devices.", $"devices[{i}]");
            assigned.Add(made.Value);
        }
        return assigned;
    }

    private static Outcome<AssignedDevice> Assign(DeviceToRegister? device, List<DeviceTemplate> templates)
    {
        if (device is null || new[] { device.Sku, device.Serial, device.Registration }.Any(t => t is { } text && (text.Length is 0 or > MaxTextLength || text.Any(char.IsControl))))
            return new Problem(ProblemKind.Invalid, $"SKU, serial number and registration have 1 to {MaxTextLength} characters without control characters.");
        var arriving = new ArrivingDevice { Method = ArrivalMethod.Operator, Sku = device.Sku, Serial = device.Serial, Registration = device.Registration ?? device.Serial };
        var verdict = TemplateMatcher.Match(templates, arriving);
        return verdict.Chosen is { } template ? TemplateMatcher.Assign(template, arriving) : verdict.Problem!;
    }

    private static Outcome<List<(KeyToCertify, string?)>> Keys(IReadOnlyList<DeviceToRegister> devices, List<AssignedDevice> assigned, IDeviceCertifier certifier)
    {
        var keys = new List<(KeyToCertify, string?)>(devices.Count);
        for (var i = 0; i < devices.Count; i++)
        {
            if (devices[i].Key is { } given)
            {
                var bytes = new byte[given.Length];
                if (!Convert.TryFromBase64String(given, bytes, out var length) || length == 0)
                    return new Problem(ProblemKind.Invalid, "A key is the base64 of a public key (SubjectPublicKeyInfo, DER).", $"devices[{i}].key");
                if (certifier.Refuse(bytes.AsSpan(0, length)) is { } wrong)
                    return new Problem(ProblemKind.Invalid, wrong, $"devices[{i}].key");
                keys.Add((new KeyToCertify(assigned[i].Id, bytes[..length]), null));
                continue;
            }
            using var made = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            keys.Add((new KeyToCertify(assigned[i].Id, made.ExportSubjectPublicKeyInfo()), made.ExportPkcs8PrivateKeyPem() + "\n"));
        }
        return keys;
    }

    private static NewDevice ToDevice(AssignedDevice device, NewIdentity identity) => new(device.Id)
    {
        Site = device.Site is null ? null : SiteId.Parse(device.Site), Model = device.Model, Heartbeat = device.Heartbeat, Deadband = device.Deadband, Gateways = device.Gateways, Groups = device.Groups,
        Tags = device.Tags, Serial = device.Serial, PowerProfile = device.PowerProfile, Identity = identity, Cause = $"registered by template {device.Template}",
    };
}
