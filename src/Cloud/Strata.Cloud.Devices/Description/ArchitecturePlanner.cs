using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rows;
using Strata.Core;
using Strata.Core.Devices.Query;

namespace Strata.Cloud.Devices.Description;

/// <summary>
/// Compares a description with the registry. Pure. What the file does not name stays, unless pruning is asked for: then what is in the
/// file's trees and not in the file goes, and nothing outside them.
/// </summary>
internal sealed class ArchitecturePlanner
{
    private readonly string file;
    private readonly ArchitectureDescription desired;
    private readonly RegistryImage current;
    private readonly bool prune;
    private readonly HashSet<string> goneGateways;
    private readonly List<PlanStep> steps = [];

    private ArchitecturePlanner(string file, ArchitectureDescription desired, RegistryImage current, bool prune)
    {
        (this.file, this.desired, this.current, this.prune) = (file, desired, current, prune);
        var named = desired.Gateways.Select(g => g.Id).ToHashSet(StringComparer.Ordinal);
        goneGateways = prune
            ? current.Gateways.Values.Where(g => InFile(g.Site) && !named.Contains(g.Id)).Select(g => g.Id).ToHashSet(StringComparer.Ordinal)
            : [];
    }

    /// <summary>The plan, or what the description refers to and is nowhere.</summary>
    public static Outcome<ArchitecturePlan> Plan(string file, ArchitectureDescription desired, RegistryImage current, bool prune)
    {
        try
        {
            var planner = new ArchitecturePlanner(file, desired, current, prune);
            planner.CheckNames();
            planner.CheckReferences();
            planner.PutAll();
            if (prune)
                planner.Prune();
            return new ArchitecturePlan(planner.steps);
        }
        catch (YamlFileException wrong)
        {
            return wrong.ToProblem();
        }
    }

    /// <summary>Devices and gateways sign in by their ids, so these must differ.</summary>
    private void CheckNames()
    {
        var devices = desired.Devices.Select(d => d.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var gateway in desired.Gateways.Where(g => devices.Contains(g.Id) || current.IsDeviceInService(g.Id)))
            throw new YamlFileException(file, gateway.Place, $"'{gateway.Id}' is the id of a device; devices and gateways sign in by their ids, so these must differ.");
        foreach (var device in desired.Devices.Where(d => current.Gateways.ContainsKey(d.Id)))
            throw new YamlFileException(file, device.Place, $"'{device.Id}' is the id of a gateway; devices and gateways sign in by their ids, so these must differ.");
    }

    private void CheckReferences()
    {
        foreach (var site in desired.Sites.Where(s => desired.Roots.Contains(s.Path) && s.Parent is not null && !current.Sites.ContainsKey(s.Parent)))
            throw new YamlFileException(file, site.Place, $"'{site.Parent}', which should hold '{site.Path}', is not in the registry.{Suggestion.For(site.Parent!, current.Sites.Keys)}");
        var gateways = desired.Gateways.Select(g => g.Id).Union(current.Gateways.Keys.Except(goneGateways)).ToHashSet(StringComparer.Ordinal);
        foreach (var device in desired.Devices)
        {
            if (device.Gateways.FirstOrDefault(g => !gateways.Contains(g)) is { } unknown)
                throw new YamlFileException(file, device.Place with { Field = Sibling(device.Place.Field, "gateways") }, $"there is no gateway '{unknown}'.{Suggestion.For(unknown, gateways)}");
        }
        foreach (var gateway in desired.Gateways.Where(g => g.Parent is not null))
        {
            if (!gateways.Contains(gateway.Parent!))
                throw new YamlFileException(file, gateway.Place with { Field = Sibling(gateway.Place.Field, "parent") }, $"there is no gateway '{gateway.Parent}'.{Suggestion.For(gateway.Parent!, gateways)}");
            CheckChain(gateway);
        }
        CheckGroups();
    }

    /// <summary>A query names groups that are there and have no query themselves.</summary>
    private void CheckGroups()
    {
        if (desired.Groups.IsEmpty)
            return;
        var (queries, places) = (current.Groups.Values.ToDictionary(g => g.Id, g => g.Query, StringComparer.Ordinal), desired.Groups.ToDictionary(g => g.Id, g => g.Place, StringComparer.Ordinal));
        foreach (var group in desired.Groups)
            queries[group.Id] = group.Query;
        foreach (var (id, named) in queries.SelectMany(q => q.Value is { } query && DeviceQuery.Parse(query) is { IsOk: true, Value.Groups: var of } ? of.Select(named => (q.Key, named)) : []))
        {
            if (places.TryGetValue(id, out var place) && !queries.ContainsKey(named))
                throw new YamlFileException(file, place with { Field = Sibling(place.Field, "query") }, $"there is no group '{named}'.{Suggestion.For(named, queries.Keys)}");
            if (queries.GetValueOrDefault(named) is not null && (places.TryGetValue(id, out place) || places.TryGetValue(named, out place)))
                throw new YamlFileException(file, place with { Field = Sibling(place.Field, "query") }, $"the query of group '{id}' names the group '{named}', which has a query itself; write that query's terms instead.");
        }
    }

    private void CheckChain(DescribedGateway gateway)
    {
        var parents = desired.Gateways.ToDictionary(g => g.Id, g => g.Parent ?? current.Gateways.GetValueOrDefault(g.Id)?.Parent, StringComparer.Ordinal);
        var chain = new List<string> { gateway.Id };
        for (var at = gateway.Parent; at is not null; at = parents.TryGetValue(at, out var above) ? above : current.Gateways.GetValueOrDefault(at)?.Parent)
        {
            chain.Add(at);
            var place = gateway.Place with { Field = Sibling(gateway.Place.Field, "parent") };
            if (chain.IndexOf(at) < chain.Count - 1)
                throw new YamlFileException(file, place, $"the gateways go round in a circle: {string.Join(" > ", chain)}.");
            if (chain.Count > Node.Devices.GatewayDirectory.MaxChain)
                throw new YamlFileException(file, place, $"the chain of gateways is longer than {Node.Devices.GatewayDirectory.MaxChain}: {string.Join(" > ", chain)}.");
        }
    }

    private void PutAll()
    {
        foreach (var site in desired.Sites)
            Put("site", site.Path, current.Sites.GetValueOrDefault(site.Path), row => DescribedFields.Differences(DescribedFields.Describe(row), site), change => new PutSite(change, site));
        foreach (var gateway in desired.Gateways)
        {
            var row = current.Gateways.GetValueOrDefault(gateway.Id);
            Put("gateway", gateway.Id, row, r => DescribedFields.Differences(DescribedFields.Describe(r), gateway), change => new PutGateway(change, gateway, row));
        }
        foreach (var device in desired.Devices)
        {
            var row = current.Devices.GetValueOrDefault(device.Id) is { } known && RegistryImage.IsInService(known) ? known : null;
            Put("device", device.Id, row, r => DescribedFields.Differences(DescribedFields.Describe(r), device), change => new PutDevice(change, device, row));
        }
        foreach (var group in desired.Groups)
            Put("group", group.Id, current.Groups.GetValueOrDefault(group.Id), r => DescribedFields.Differences(DescribedFields.Describe(r), group), change => new PutGroup(change, group));
        foreach (var view in desired.Views)
            Put("view", view.View.Name, current.Views.GetValueOrDefault(view.View.Name), r => DescribedFields.Differences(DescribedFields.Describe(r), view), change => new PutView(change, view));
    }

    private void Put<TRow>(string kind, string id, TRow? row, Func<TRow, IReadOnlyList<FieldChange>> differences, Func<ApplyChange, PlanStep> step)
        where TRow : class
    {
        if (row is null)
            steps.Add(step(new ApplyChange("+", kind, id, [])));
        else if (differences(row) is { Count: > 0 } fields)
            steps.Add(step(new ApplyChange("~", kind, id, fields)));
    }

    private void Prune()
    {
        PruneGroups();
        PruneViews();
        var devices = desired.Devices.Select(d => d.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var device in current.DeviceIds.Except(devices).Select(id => current.Devices[id]).Where(RegistryImage.IsInService))
        {
            if (InFile(device.Site))
                steps.Add(new RemoveDevice(new ApplyChange("-", "device", device.Id, []), device));
            else
                ForgetGateways(device);
        }
        foreach (var gateway in current.Gateways.Values.Where(g => g.Parent is not null && goneGateways.Contains(g.Parent) && !goneGateways.Contains(g.Id)))
        {
            if (!desired.Gateways.Any(g => g.Id == gateway.Id))
                steps.Add(new PutGateway(
                    new ApplyChange("~", "gateway", gateway.Id, [new FieldChange("parent", gateway.Parent, null)]),
                    DescribedFields.Describe(gateway) with { Parent = null }, gateway with { Parent = null }));
        }
        foreach (var id in goneGateways.Order(StringComparer.Ordinal))
            steps.Add(new RemoveGateway(new ApplyChange("-", "gateway", id, []), current.Gateways[id]));
        var sites = desired.Sites.Select(s => s.Path).ToHashSet(StringComparer.Ordinal);
        foreach (var site in current.Sites.Values.Reverse().Where(s => InFile(s.Path) && !sites.Contains(s.Path)))
            steps.Add(new RemoveSite(new ApplyChange("-", "site", site.Path, []), site));
    }

    /// <summary>A group that reaches beyond the file's trees only loses its places that go.</summary>
    private void PruneGroups()
    {
        var groups = desired.Groups.Select(g => g.Id).ToHashSet(StringComparer.Ordinal);
        var sites = desired.Sites.Select(s => s.Path).ToHashSet(StringComparer.Ordinal);
        foreach (var group in current.Groups.Values.Where(g => !g.Sites.IsEmpty && !groups.Contains(g.Id)))
        {
            if (group.Sites.All(InFile))
            {
                steps.Add(new RemoveGroup(new ApplyChange("-", "group", group.Id, []), group));
                continue;
            }
            var old = DescribedFields.Describe(group);
            var to = old with { Sites = [.. group.Sites.Where(s => !InFile(s) || sites.Contains(s))] };
            if (DescribedFields.Differences(old, to) is { Count: > 0 } fields)
                steps.Add(new PutGroup(new ApplyChange("~", "group", group.Id, fields), to));
        }
    }

    /// <summary>Views of places in the file's trees and of nothing else.</summary>
    private void PruneViews()
    {
        foreach (var view in current.Views.Values.Where(v => v.Groups.IsEmpty && !v.Sites.IsEmpty && v.Sites.All(InFile) && !desired.Views.Any(d => d.View.Name == v.Name)))
            steps.Add(new RemoveView(new ApplyChange("-", "view", view.Name, []), view));
    }

    /// <summary>A device elsewhere that lists a gateway which goes.</summary>
    private void ForgetGateways(DeviceRow device)
    {
        var old = DescribedFields.Describe(device);
        var to = old with { Gateways = [.. device.Gateways.Where(g => !goneGateways.Contains(g))] };
        if (DescribedFields.Differences(old, to) is { Count: > 0 } fields)
            steps.Add(new PutDevice(new ApplyChange("~", "device", device.Id, fields), to, device));
    }

    private bool InFile(string? path) => desired.Roots.Any(root => Places.Contains(root, path));

    private static string Sibling(string field, string name) => field.LastIndexOf('.') is var dot && dot < 0 ? name : $"{field[..dot]}.{name}";
}
