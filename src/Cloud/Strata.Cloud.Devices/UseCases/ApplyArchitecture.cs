using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Description;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rows;
using Strata.Cloud.Devices.Views;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Devices;
using Strata.Node.Metering;

namespace Strata.Cloud.Devices.UseCases;

/// <summary>
/// <c>POST /api/v1/apply</c>: makes the registry as a site file describes it, all or nothing. <c>dryRun</c> only says what would be done,
/// sections of other slices (<see cref="IDescribedSection"/>) are checked before anything is changed, and made so after it; <c>tenant:</c> in the file counts more than the header, for a platform owner; <c>prune</c> also removes what is in the file's trees and not in the file, <c>file</c> is the name for error messages.
/// </summary>
internal static class ApplyArchitecture
{
    public static async Task<IResult> HandleAsync(
        bool? dryRun, bool? prune, string? file, HttpContext context, RegistryStore registry, DeviceDirectory directory, Meter meter, AccessMap accesses, TenantDirectory tenants, DevicesOptions options,
        [FromServices] IEnumerable<IDescribedSection> sections, CancellationToken cancellationToken)
    {
        var text = await context.Request.ReadTextAsync(YamlTree.MaxCharacters, cancellationToken);
        if (!text.IsOk)
            return ProblemResults.Of(text.Problem, text.Problem.Kind is ProblemKind.TooMuch ? StatusCodes.Status413PayloadTooLarge : null);
        var name = DescriptionFile.NameOf(file, "site.yaml");
        var description = SiteFileReader.Read(name, text.Value);
        if (!description.IsOk)
            return ProblemResults.Of(description.Problem);
        var chosen = DescriptionFile.AccessTo(description.Value.Tenant, context.Access(), accesses, tenants);
        if (!chosen.IsOk)
            return ProblemResults.Of(chosen.Problem);
        var access = chosen.Value;
        var caller = Caller.Of(context) with { Tenant = access.Tenant };
        var (isDry, prunes, fields) = (dryRun ?? false, prune ?? false, DescriptionFile.FieldsOf(name, text.Value));
        var others = sections.Where(s => fields.Contains(s.Name)).OrderBy(s => s.Name, StringComparer.Ordinal).ToList();

        // A fault in a later section is found before an earlier one is changed.
        var checks = await ApplyAsync(others, caller, access, name, text.Value, dryRun: true, prunes, cancellationToken);
        if (!checks.IsOk)
            return ProblemResults.Of(checks.Problem);
        var outcome = await ApplyAsync(registry, caller, name, description.Value, isDry, prunes, new(directory.Capacity, options.MaxViews, options.MaxGroups), access, cancellationToken, meter.Of(access.Tenant).Quotas.Devices);
        if (!outcome.IsOk)
            return ProblemResults.Of(outcome.Problem);
        var made = isDry ? checks : await ApplyAsync(others, caller, access, name, text.Value, dryRun: false, prunes, cancellationToken);
        return made.ToResult(changes => Results.Json(outcome.Value with { Changes = [.. outcome.Value.Changes, .. changes] }, ContractsJson.Default.ApplyResult));
    }

    private static async Task<Outcome<IReadOnlyList<ApplyChange>>> ApplyAsync(
        List<IDescribedSection> sections, Caller caller, Access access, string file, string yaml, bool dryRun, bool prune, CancellationToken cancellationToken)
    {
        var changes = new List<ApplyChange>();
        foreach (var section in sections)
        {
            var made = await section.ApplyAsync(caller, access, file, yaml, dryRun, prune, cancellationToken);
            if (!made.IsOk)
                return made.Problem;
            changes.AddRange(made.Value);
        }
        return changes;
    }

    public static async Task<Outcome<ApplyResult>> ApplyAsync(
        RegistryStore registry, Caller caller, string file, ArchitectureDescription description, bool dryRun, bool prune, ApplyLimits limits, Access? access, CancellationToken cancellationToken, long? quota = null)
    {
        if (dryRun)
        {
            var plan = ScopedPlan.Make(file, description, registry.Image(caller.Tenant), prune, access, limits.Views);
            return plan.IsOk ? new ApplyResult(true, plan.Value.Changes, Nothing) : plan.Problem;
        }
        return await registry.ChangeAsync(caller, change =>
        {
            var decided = Decide(change, file, description, prune, limits, access);
            return decided.IsOk && DeviceQuota.Check(change, quota) is { } over ? over : decided;
        }, cancellationToken);
    }

    private static readonly Dictionary<string, string> Nothing = [];

    private static Outcome<ApplyResult> Decide(RegistryChange change, string file, ArchitectureDescription description, bool prune, ApplyLimits limits, Access? access)
    {
        var plan = ScopedPlan.Make(file, description, change.Image, prune, access, limits.Views);
        if (!plan.IsOk)
            return plan.Problem;
        if (plan.Value.Steps.OfType<PutDevice>().FirstOrDefault(s => s.Current is null && change.Image.Devices.TryGetValue(s.Device.Id, out var gone) && gone.IsHeld) is { } held)
            return RegisterDevice.Held(held.Device.Id);
        change.BeginBulk("apply", "architecture", file);
        var secrets = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var step in plan.Value.Steps)
        {
            if (Carry(change, step, file) is { } secret)
                secrets.Add(secret.Id, secret.Secret);
        }
        ForgetPlaces(change);
        if (change.Image.Devices.Count > limits.Devices)
            return new Problem(ProblemKind.TooMuch, $"With this file there would be {change.Image.Devices.Count:N0} devices; this node holds at most {limits.Devices:N0}.");
        if (change.Image.Views.Count > limits.Views && change.Image.Views.Count > change.Before.Views.Count)
            return new Problem(ProblemKind.TooMuch, $"With this file there would be {change.Image.Views.Count:N0} views; a tenant has at most {limits.Views:N0}.");
        if (change.Image.Groups.Count > limits.Groups && change.Image.Groups.Count > change.Before.Groups.Count)
            return new Problem(ProblemKind.TooMuch, $"With this file there would be {change.Image.Groups.Count:N0} groups; a tenant has at most {limits.Groups:N0}.");
        return new ApplyResult(false, plan.Value.Changes, secrets);
    }

    private static DeviceSecret? Carry(RegistryChange change, PlanStep step, string file)
    {
        var detail = new { by = "apply", file, fields = step.Change.Fields.Count == 0 ? null : step.Change.Fields };
        var action = step.Change.Action == "+" ? "create" : "change";
        switch (step)
        {
            case PutSite(_, var site):
                change.Put(new SiteRow { TenantId = change.TenantId, Path = site.Path, Parent = site.Parent, Name = site.Name, Kind = site.Kind }, action, detail);
                return null;
            case PutGateway(_, var gateway, var current):
                var row = current ?? new GatewayRow { TenantId = change.TenantId, Id = gateway.Id, Site = gateway.Site, Created = change.Now, Revision = 0 };
                change.Put(row with { Site = gateway.Site, Parent = gateway.Parent ?? row.Parent, Uplink = gateway.Uplink }, action, detail);
                return null;
            case PutDevice(_, var device, null):
                return RegisterDevice.Create(change, device);
            case PutDevice(_, var device, { } current):
                change.Put(
                    current with { Site = device.Site, Model = device.Model, Heartbeat = device.Heartbeat, Deadband = device.Deadband, Gateways = device.Gateways },
                    action, detail);
                return null;
            case PutGroup(_, var group):
                change.Put(new GroupRow { TenantId = change.TenantId, Id = group.Id, Sites = group.Sites, Query = group.Query, Window = group.Window }, action, detail);
                return null;
            case PutView(_, var view):
                change.Put(ViewContent.ToRow(change.TenantId, view.View), action, detail);
                return null;
            case RemoveView(_, var view):
                change.Remove(view);
                return null;
            case RemoveSite(_, var site):
                change.Remove(site);
                return null;
            case RemoveGateway(_, var gateway):
                change.Remove(gateway);
                return null;
            case RemoveGroup(_, var group):
                change.Remove(group);
                return null;
            case RemoveDevice(_, var device):
                // Every state but the last may be left for it, and those in the last are not in the plan.
                _ = DecommissionDevice.Decide(change, device, $"not in {file}, which was applied with prune by {change.Caller.Actor}");
                return null;
            default:
                throw new InvalidOperationException($"A plan has no step {step.GetType().Name}.");
        }
    }

    /// <summary>Decommissioned devices stay, but not in places that are gone.</summary>
    private static void ForgetPlaces(RegistryChange change)
    {
        if (change.Image.Sites.Count >= change.Before.Sites.Count && change.Before.Sites.Keys.All(change.Image.Sites.ContainsKey))
            return;
        foreach (var device in change.Image.Devices.Values.Where(d => d.Site is not null && !change.Image.Sites.ContainsKey(d.Site)).ToList())
            change.Put(device with { Site = null }, "change", new { reason = "its place was removed", device.Site });
    }
}

/// <summary>What a registry takes.</summary>
/// <param name="Devices">On this node.</param>
/// <param name="Views">Of the tenant.</param>
/// <param name="Groups">Of the tenant.</param>
internal readonly record struct ApplyLimits(int Devices, int Views, int Groups);
