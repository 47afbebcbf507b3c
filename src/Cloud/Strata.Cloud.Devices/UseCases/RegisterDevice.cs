using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Description;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rows;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Core;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Devices;
using Strata.Node.Metering;

namespace Strata.Cloud.Devices.UseCases;

/// <summary><c>POST /api/v1/devices</c>: a new device with its secret, which is shown once.</summary>
internal static class RegisterDevice
{
    private const string FirstCause = "registered";

    public static async Task<IResult> HandleAsync(HttpContext context, RegistryStore registry, DeviceDirectory directory, Meter meter, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.CreateDevice, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        var caller = Caller.Of(context);
        var outcome = await registry.ChangeAsync(caller, change =>
        {
            var decided = Decide(change, request.Value, directory.Capacity, context.Access());
            return decided.IsOk && DeviceQuota.Check(change, meter.Of(caller.Tenant).Quotas.Devices) is { } over ? over : decided;
        }, cancellationToken);
        return outcome.ToResult(secret => Results.Json(secret, ContractsJson.Default.DeviceSecret, statusCode: StatusCodes.Status201Created));
    }

    /// <param name="access">Who registers; null for one who may do all.</param>
    public static Outcome<DeviceSecret> Decide(RegistryChange change, CreateDevice request, int capacity, Access? access = null)
    {
        var decided = Decide(change, request, NewIdentity.Secret, FirstCause, capacity, access);
        return decided.IsOk ? new DeviceSecret(decided.Value.Id.Value, decided.Value.Secret!) : decided.Problem;
    }

    public static Outcome<RegisteredDevice> Decide(RegistryChange change, CreateDevice request, NewIdentity identity, string cause, int capacity, Access? access)
    {
        var described = Check(request, change.Image, access);
        if (!described.IsOk)
            return described.Problem;
        var facts = DeviceFacts.Of(request, change.Image);
        if (!facts.IsOk)
            return facts.Problem;
        if (access?.IsWhole(Permission.DevicesProvision) == false && (change.Image.IsDeviceInService(request.Id) || change.Image.Gateways.ContainsKey(request.Id)))
            return Taken(request.Id);
        if (change.Image.Devices.TryGetValue(request.Id, out var known) && RegistryImage.IsInService(known))
            return new Problem(ProblemKind.Conflict, $"There is a device '{request.Id}' already; decommission it first to use the name anew.", "id");
        if (known is { IsHeld: true })
            return Held(request.Id);
        if (change.Image.Gateways.ContainsKey(request.Id))
            return new Problem(ProblemKind.Conflict, $"'{request.Id}' is the id of a gateway; devices and gateways sign in by their ids, so these must differ.", "id");
        if (known is null && change.Image.Devices.Count >= capacity)
            return new Problem(ProblemKind.TooMuch, $"This node holds at most {capacity:N0} devices.", "id");
        if (described.Value.Site is { } site)
            EnsurePlace.Create(change, site);
        return Create(change, described.Value, facts.Value, identity, cause);
    }

    /// <summary>What somebody with a scope hears of an id that is in use, wherever it is: ids are one tenant's, so that much shows.</summary>
    public static Problem Taken(string id) => new(ProblemKind.Conflict, $"The id '{id}' is not to be had.", "id");

    /// <summary>The name of a device that is gone and whose readings are not yet.</summary>
    public static Problem Held(string id) =>
        new(ProblemKind.Conflict, $"The readings of the device that was '{id}' are being archived or erased; its name is free when that is done. See its decommissioning.", "id");

    /// <summary>Puts a new device with a secret and its audit record into the change. Its name is free.</summary>
    public static DeviceSecret Create(RegistryChange change, DescribedDevice device) =>
        new(device.Id, Create(change, device, DeviceFacts.None, NewIdentity.Secret, FirstCause).Secret!);

    private static RegisteredDevice Create(RegistryChange change, DescribedDevice device, DeviceFacts facts, NewIdentity identity, string cause)
    {
        var secret = identity is NewIdentity.Secret ? DeviceSecrets.Create() : null;
        var row = new DeviceRow
        {
            TenantId = change.TenantId,
            Id = device.Id,
            Site = device.Site,
            Model = device.Model,
            Heartbeat = device.Heartbeat,
            Deadband = device.Deadband,
            Gateways = device.Gateways,
            Tags = facts.Tags,
            Groups = facts.Groups,
            Serial = facts.Serial,
            Batch = facts.Batch,
            PowerProfile = facts.PowerProfile,
            // With what it shows when it connects it is past Unprovisioned at once; it is active when it is first heard.
            State = identity is NewIdentity.None ? DeviceState.Unprovisioned : DeviceState.Provisioning,
            StateSince = change.Now,
            StateCause = cause,
            SecretHash = secret is null ? null : DeviceSecrets.Hash(secret),
            Created = change.Now,
        };
        change.Put(row, "create", new { device.Site, device.Model, state = DeviceLifecycle.Name(row.State) });
        return new RegisteredDevice(DeviceId.Parse(device.Id), secret);
    }

    /// <summary>The request, every field checked.</summary>
    /// <param name="placeIsKept">No place is said because it stays as it is.</param>
    public static Outcome<DescribedDevice> Check(
        CreateDevice request, RegistryImage image, Access? access, Permission permission = Permission.DevicesProvision, bool placeIsKept = false)
    {
        if (Wrong("id", () => DeviceId.Parse(request.Id ?? "")) is { } id)
            return id;
        if (request.Site is null && !placeIsKept && access?.IsWhole(permission) == false)
            return EnsurePlace.SayThePlace;
        if (request.Site is not null && (Wrong("site", () => SiteId.Parse(request.Site)) ?? EnsurePlace.Check(image, request.Site, permission, access)) is { } site)
            return site;
        if (request.Model is { } model && (model.Length is 0 or > 200 || model.Any(char.IsControl)))
            return new Problem(ProblemKind.Invalid, "A model has 1 to 200 characters without control characters.", "model");
        var heartbeat = request.Heartbeat ?? DeviceRow.DefaultHeartbeat;
        if (heartbeat < SiteFileReader.LeastHeartbeat || heartbeat > SiteFileReader.MostHeartbeat)
            return new Problem(ProblemKind.Invalid, $"A heartbeat lies between {DurationText.Format(SiteFileReader.LeastHeartbeat)} and {DurationText.Format(SiteFileReader.MostHeartbeat)}.", "heartbeat");
        if ((CheckDeadband(request.Deadband ?? Values.NoDeadband) ?? CheckGateways(request.Gateways ?? [], image, access)) is { } wrong)
            return wrong;
        return new DescribedDevice(
            request.Id!, request.Site, request.Model, TimeSpan.FromMilliseconds((long)heartbeat.TotalMilliseconds),
            Values.Sorted(request.Deadband ?? Values.NoDeadband), [.. request.Gateways ?? []], default);
    }

    private static Problem? CheckDeadband(IReadOnlyDictionary<string, double> deadband)
    {
        foreach (var (metric, threshold) in deadband)
        {
            if (Wrong($"deadband.{metric}", () => MetricName.Parse(metric)) is { } name)
                return name;
            if (!double.IsFinite(threshold) || threshold < 0)
                return new Problem(ProblemKind.Invalid, "A dead band is a number that is 0 or more, in the metric's unit.", $"deadband.{metric}");
        }
        return null;
    }

    private static Problem? CheckGateways(IReadOnlyList<string> gateways, RegistryImage image, Access? access)
    {
        if (gateways.Count > SiteFileReader.MaxGatewaysOfDevice)
            return new Problem(ProblemKind.Invalid, $"A device lists at most {SiteFileReader.MaxGatewaysOfDevice} gateways.", "gateways");
        if (gateways.Distinct(StringComparer.Ordinal).Count() < gateways.Count)
            return new Problem(ProblemKind.Invalid, "A gateway is listed twice.", "gateways");
        if (gateways.Count == 0)
            return null;
        var known = image.Gateways.Values.Where(g => access is null || access.ReachOf(Permission.GatewaysRead).Covers(SiteId.Parse(g.Site))).Select(g => g.Id).ToHashSet(StringComparer.Ordinal);
        return gateways.FirstOrDefault(g => !known.Contains(g ?? "")) is { } unknown
            ? new Problem(ProblemKind.Invalid, $"There is no gateway '{unknown}'.{Suggestion.For(unknown, known)}", "gateways")
            : null;
    }

    private static Problem? Wrong<T>(string field, Func<T> parse)
    {
        try
        {
            parse();
            return null;
        }
        catch (FormatException e)
        {
            return new Problem(ProblemKind.Invalid, e.Message, field);
        }
    }
}
