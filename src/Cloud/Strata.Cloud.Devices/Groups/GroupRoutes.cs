using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Description;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rows;
using Strata.Cloud.Devices.Search;
using Strata.Cloud.Devices.UseCases;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Reads;

namespace Strata.Cloud.Devices.Groups;

/// <summary>Groups: of places (their devices' readings make windows), by a query, or of devices that are put into them by name.</summary>
internal static class GroupRoutes
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/groups", ListAsync).Requires(Permission.SitesRead).AcceptsOnly("cursor", "limit").WithName("ListGroups").WithTags("Groups")
            .WithSummary("Groups and how many devices each has").Produces<Page<GroupInfo>>();
        api.MapGet("/groups/{id}", OneAsync).Requires(Permission.SitesRead).AcceptsOnly().WithName("GetGroup").WithTags("Groups")
            .WithSummary("One group").Produces<GroupInfo>().ProducesProblem(StatusCodes.Status404NotFound);
        api.MapPut("/groups/{id}", PutAsync).Requires(Permission.SitesWrite).AcceptsOnly().WithName("PutGroup").WithTags("Groups")
            .WithSummary("Makes a group, in the place of one of this name").Accepts<SaveGroup>("application/json").Produces<GroupInfo>()
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        api.MapDelete("/groups/{id}", DeleteAsync).Requires(Permission.SitesWrite).AcceptsOnly().WithName("DeleteGroup").WithTags("Groups")
            .WithSummary("Deletes a group; its devices stay").Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> ListAsync(string? cursor, string? limit, HttpContext context, RegistryStore registry, FleetSearch fleet, CancellationToken cancellationToken)
    {
        var page = Paging.Parse(cursor, limit);
        if (!page.IsOk)
            return ProblemResults.Of(page.Problem);
        var access = context.Access();
        var rows = registry.Image(access.Tenant).Groups.Values
            .Where(g => FleetSearch.Sees(access, g) && (page.Value.After is null || string.CompareOrdinal(g.Id, page.Value.After) > 0)).Take(page.Value.Limit + 1).ToList();
        var items = new List<GroupInfo>();
        foreach (var row in rows)
            items.Add(await ToInfoAsync(row, access, fleet, cancellationToken));
        return Results.Json(Paging.ToPage(items, page.Value.Limit, g => g.Id), ContractsJson.Default.PageGroupInfo);
    }

    private static async Task<IResult> OneAsync(string id, HttpContext context, RegistryStore registry, FleetSearch fleet, CancellationToken cancellationToken)
    {
        var access = context.Access();
        return registry.Image(access.Tenant).Groups.TryGetValue(id, out var row) && FleetSearch.Sees(access, row)
            ? Results.Json(await ToInfoAsync(row, access, fleet, cancellationToken), ContractsJson.Default.GroupInfo)
            : ProblemResults.Of(Unknown(id));
    }

    private static async Task<IResult> PutAsync(string id, HttpContext context, RegistryStore registry, FleetSearch fleet, DevicesOptions options, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.SaveGroup, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        var access = context.Access();
        var outcome = await registry.ChangeAsync(Caller.Of(context), change => Put(change, id, request.Value, access, options), cancellationToken);
        return outcome.IsOk ? Results.Json(await ToInfoAsync(outcome.Value, access, fleet, cancellationToken), ContractsJson.Default.GroupInfo) : ProblemResults.Of(outcome.Problem);
    }

    private static async Task<IResult> DeleteAsync(string id, HttpContext context, RegistryStore registry, CancellationToken cancellationToken)
    {
        var access = context.Access();
        var outcome = await registry.ChangeAsync(Caller.Of(context), change => Delete(change, id, access), cancellationToken);
        return outcome.ToResult(_ => Results.NoContent());
    }

    private static Outcome<GroupRow> Put(RegistryChange change, string id, SaveGroup request, Access access, DevicesOptions options)
    {
        if (!DeviceId.TryParse(id, out _))
            return new Problem(ProblemKind.Invalid, "A group's id has letters, digits and . _ : - , at most 128.", "id");
        var known = change.Image.Groups.GetValueOrDefault(id);
        var sites = request.Sites ?? [];
        if (sites.FirstOrDefault(s => !SiteId.TryParse(s, out _)) is { } malformed)
            return EnsurePlace.Unknown(malformed, []);
        if (sites.Count == 0 && !access.IsWhole(Permission.SitesWrite))
            return EnsurePlace.SayThePlace with { Field = "sites" };
        if (sites.Count > 0 && Refusal(access, sites, () => EnsurePlace.Unknown(sites[0], [])) is { } beyond)
            return beyond;
        // After the places, so that who may not see these learns nothing of a group's name either.
        if (known is not null && Refusal(access, known.Sites, () => RegisterDevice.Taken(id)) is { } hidden)
            return hidden;
        if (sites.Count > 0 && request.Query is not null)
            return new Problem(ProblemKind.Invalid, "A group is one of places or one by a query, not both; a query has site:PATH for that.", "query");
        if (sites.FirstOrDefault(s => !change.Image.Sites.ContainsKey(s)) is { } place)
            return EnsurePlace.Unknown(place, change.Image.Sites.Keys);
        if (request.Query is { } query && (FleetSearch.CheckGroupQuery(query, change.Image) ?? Referred(change.Image, id)) is { } wrong)
            return wrong;
        var window = request.Window ?? known?.Window ?? DescribedGroup.DefaultWindow;
        if (window < SiteFileReader.LeastWindow || window > SiteFileReader.MostWindow)
            return new Problem(ProblemKind.Invalid, $"A window lies between {DurationText.Format(SiteFileReader.LeastWindow)} and {DurationText.Format(SiteFileReader.MostWindow)}.", "window");
        if (known is null && change.Image.Groups.Count >= options.MaxGroups)
            return new Problem(ProblemKind.TooMuch, $"A tenant has at most {options.MaxGroups:N0} groups.", "id");
        var row = new GroupRow { TenantId = change.TenantId, Id = id, Sites = [.. sites.Distinct(StringComparer.Ordinal)], Query = request.Query, Window = TimeSpan.FromMilliseconds((long)window.TotalMilliseconds) };
        change.Put(row, known is null ? "create" : "change");
        return row;
    }

    private static Outcome<GroupRow> Delete(RegistryChange change, string id, Access access)
    {
        if (!change.Image.Groups.TryGetValue(id, out var row))
            return Unknown(id);
        if (Refusal(access, row.Sites, () => Unknown(id)) is { } hidden)
            return hidden;
        var members = change.Image.Devices.Values.Where(d => d.Groups.Contains(id)).ToList();
        if (members.Count > 0)
            change.BeginBulk("remove", "group", id);
        foreach (var device in members)
            change.Put(device with { Groups = device.Groups.Remove(id) }, "change");
        change.Remove(row);
        return row;
    }

    /// <summary>A group of places asks for its places; one without is the whole tenant's.</summary>
    private static Problem? Refusal(Access access, IReadOnlyList<string> sites, Func<Problem> unknown)
    {
        var places = sites.Count == 0 ? [null] : sites.Select(s => (SiteId?)SiteId.Parse(s)).ToArray();
        return places.Select(place => Access.Refusal(access.Decide(Permission.SitesWrite, place), unknown)).FirstOrDefault(p => p is not null);
    }

    private static Problem? Referred(RegistryImage image, string id) =>
        image.Groups.Values.FirstOrDefault(g => g.Query is { } query && Core.Devices.Query.DeviceQuery.Parse(query).Value?.Groups.Contains(id) == true) is { } other
            ? new Problem(ProblemKind.Conflict, $"The query of group '{other.Id}' names this group, so that it cannot have a query itself.", "query")
            : null;

    private static async Task<GroupInfo> ToInfoAsync(GroupRow row, Access access, FleetSearch fleet, CancellationToken cancellationToken)
    {
        var found = await fleet.PrepareAsync(access.Tenant, $"group:\"{row.Id}\"", access, cancellationToken);
        return new GroupInfo(row.Id, row.Sites, row.Query, row.Sites.IsEmpty ? null : row.Window, found.IsOk ? found.Value.InAnyOrder().Count() : 0);
    }

    private static Problem Unknown(string id) => new(ProblemKind.NotFound, $"There is no group '{(id.Length > 128 ? id[..128] + "..." : id)}'.", "id");
}
