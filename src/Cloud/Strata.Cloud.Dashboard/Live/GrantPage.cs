using System.Net;
using Strata.Cloud.Contracts;
using Strata.Cloud.Dashboard.Parts;

namespace Strata.Cloud.Dashboard.Live;

/// <summary>A page on which roles are given.</summary>
public abstract class GrantPage : FormPage
{
    private const string OfPlatform = "platform.manage";

    /// <summary>Names of the roles that the reader may give, as far as that can be told here.</summary>
    protected IReadOnlyList<string> Roles { get; private set; } = [];

    /// <summary>Places that he sees, for suggestions.</summary>
    protected IReadOnlyList<SiteInfo> Places { get; private set; } = [];

    /// <summary>What the form holds.</summary>
    protected List<GrantDraft> Drafts { get; } = [];

    /// <summary>Why the drafts cannot be sent as they are; null when they can.</summary>
    protected string? Unfinished => Drafts.Exists(d => d.IsUnfinished) ? "Name a place or a group, or choose the whole tenant." : null;

    /// <summary>Fills the form with what somebody has, or with the least there is.</summary>
    /// <param name="permission">The permission with which the form is sent.</param>
    protected async Task EditAsync(IReadOnlyList<GrantInfo>? grants, string permission)
    {
        if (Roles.Count == 0)
            (Roles, Places) = (await ReadRolesAsync(), await ReadPlacesAsync());
        Drafts.Clear();
        Drafts.AddRange((grants ?? []).Select(GrantDraft.Of));
        if (Drafts.Count == 0)
            Drafts.Add(new GrantDraft { IsWhole = Api.MayEverywhere(permission) });
    }

    /// <summary>The drafts as they are sent.</summary>
    protected IReadOnlyList<GrantInfo> Grants => [.. Drafts.Select(d => d.ToGrant())];

    private async Task<IReadOnlyList<string>> ReadRolesAsync()
    {
        try
        {
            var roles = (await Client.ListRolesAsync()).Items;
            return [.. roles.Where(r => r.Permissions.All(Api.May) && (Api.Me?.Acts == false || !r.Permissions.Contains(OfPlatform))).Select(r => r.Name)];
        }
        catch (Exception e) when (e is HttpRequestException or StrataApiException { StatusCode: HttpStatusCode.Forbidden })
        {
            return [.. (Api.Me?.Grants ?? []).Select(g => g.Role).Append("viewer").Distinct()]; // Who may not list roles gives his own, or looking.
        }
    }

    private async Task<IReadOnlyList<SiteInfo>> ReadPlacesAsync()
    {
        try
        {
            return (await Client.ListSitesAsync(limit: 1000)).Items;
        }
        catch (Exception e) when (e is HttpRequestException or StrataApiException)
        {
            return []; // No suggestions; the path can be typed.
        }
    }
}
