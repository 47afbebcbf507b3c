using System.Collections.Immutable;
using Strata.Cloud.Devices.Description;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Views;
using Strata.Core;
using Strata.Core.Architecture;
using Strata.Core.Tenancy;
using Strata.Node.Auth;

namespace Strata.Cloud.Devices.UseCases;

/// <summary>
/// The plan of an apply within what the caller may do. Somebody with a scope plans on the part of the registry that it sees, so that neither a difference nor an
/// error says anything of the rest; then each step is asked for.
/// </summary>
internal static class ScopedPlan
{
    /// <param name="access">Who applies; null for one who may do all.</param>
    public static Outcome<ArchitecturePlan> Make(string file, ArchitectureDescription description, RegistryImage image, bool prune, Access? access, int maxViews)
    {
        if (access is null || (access.IsWhole(Permission.SitesWrite) && access.IsWhole(Permission.DevicesProvision) && access.IsWhole(Permission.GatewaysWrite) && access.IsWhole(Permission.ViewsManage)))
            return ArchitecturePlanner.Plan(file, description, image, prune);
        var seen = access.Principal.Seen.IsWhole ? image : image.Within(access.Seen);
        seen = seen with { Views = seen.Views.RemoveRange(seen.Views.Values.Where(v => !ReadViews.IsManaged(access, ViewContent.ToView(v).Scope, image)).Select(v => v.Name)) };
        if (Beyond(description, access) is { } beyond)
            return beyond;
        var plan = ArchitecturePlanner.Plan(file, description, seen, prune);
        if (!plan.IsOk)
            return plan;
        foreach (var step in plan.Value.Steps)
        {
            if (RefusalOf(step, image, seen, access, maxViews) is { } refusal)
                return refusal;
        }
        return plan;
    }

    /// <summary>A file that names a place beyond the scope is refused like one that names a place that cannot be.</summary>
    private static Problem? Beyond(ArchitectureDescription description, Access access)
    {
        var places = description.Roots.Concat(description.Gateways.Select(g => g.Site)).Concat(description.Devices.Select(d => d.Site)).Concat(description.Groups.SelectMany(g => OrNowhere(g.Sites)));
        foreach (var place in places)
        {
            if (place is null && !access.Seen.IsWhole)
                return EnsurePlace.SayThePlace;
            if (place is not null && !access.Seen.Covers(SiteId.Parse(place)))
                return new Problem(ProblemKind.NotFound, $"There is no place '{place}' for the caller.", "site");
        }
        return null;
    }

    private static Problem? RefusalOf(PlanStep step, RegistryImage image, RegistryImage seen, Access access, int maxViews) => step switch
    {
        PutSite(_, var site) => Ask(access, Permission.SitesWrite, site.Path),
        RemoveSite(_, var site) => Ask(access, Permission.SitesWrite, site.Path),
        PutGateway(_, var gateway, null) when image.Gateways.ContainsKey(gateway.Id) || image.IsDeviceInService(gateway.Id) => RegisterDevice.Taken(gateway.Id),
        PutGateway(_, var gateway, var row) => Ask(access, Permission.GatewaysWrite, gateway.Site) ?? Ask(access, Permission.GatewaysWrite, row?.Site ?? gateway.Site),
        RemoveGateway(_, var gateway) => Ask(access, Permission.GatewaysWrite, gateway.Site),
        PutDevice(_, var device, null) when image.IsDeviceInService(device.Id) || image.Gateways.ContainsKey(device.Id) => RegisterDevice.Taken(device.Id),
        PutDevice(_, var device, null) => Ask(access, Permission.DevicesProvision, device.Site),
        PutDevice(_, var device, { } row) => Ask(access, Permission.DevicesWrite, device.Site) ?? Ask(access, Permission.DevicesWrite, row.Site),
        RemoveDevice(_, var device) => Ask(access, Permission.DevicesProvision, device.Site),
        PutGroup(_, var group) when image.Groups.ContainsKey(group.Id) && !seen.Groups.ContainsKey(group.Id) => RegisterDevice.Taken(group.Id),
        PutGroup(_, var group) => AskAll(access, group.Sites) ?? (image.Groups.TryGetValue(group.Id, out var row) ? AskAll(access, row.Sites) : null),
        RemoveGroup(_, var group) => AskAll(access, group.Sites),
        PutView(_, var view) => ChangeViews.Refusal(view.View, access, image, maxViews),
        RemoveView => null, // Only those that the caller manages are planned on.
        _ => Access.Forbidden,
    };

    /// <summary>A group without places is the whole tenant's.</summary>
    private static Problem? AskAll(Access access, ImmutableArray<string> sites) =>
        OrNowhere(sites).Select(s => Ask(access, Permission.SitesWrite, s)).FirstOrDefault(p => p is not null);

    private static IEnumerable<string?> OrNowhere(ImmutableArray<string> sites) => sites.IsEmpty ? new string?[] { null } : sites;

    private static Problem? Ask(Access access, Permission permission, string? site) => Access.Refusal(
        access.Decide(permission, site is null ? null : SiteId.Parse(site)), () => new Problem(ProblemKind.NotFound, $"There is no place '{site}' for the caller.", "site"));
}
