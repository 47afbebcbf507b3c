using System.Text.Json;
using Strata.Cloud.Contracts;
using Strata.Core;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Tenancy.Tokens;

/// <summary>Grants as the API and the table write them, and back.</summary>
internal static class GrantText
{
    /// <summary>Grants of one token.</summary>
    public const int MaxGrants = 32;

    public static string Write(IReadOnlyList<GrantInfo> grants) => JsonSerializer.Serialize(grants, JsonSerializerOptions.Web);

    public static IReadOnlyList<GrantInfo> Read(string text) => JsonSerializer.Deserialize<List<GrantInfo>>(text, JsonSerializerOptions.Web) ?? [];

    /// <summary>What was kept. A role that is gone grants nothing.</summary>
    public static IEnumerable<Grant> Read(string text, TenancyImage image) =>
        Read(text).Select(g => Parse(g, image)).Where(g => g.IsOk).Select(g => g.Value!);

    public static Outcome<IReadOnlyList<Grant>> Parse(IReadOnlyList<GrantInfo>? grants, TenancyImage image)
    {
        if (grants is not { Count: >= 1 and <= MaxGrants })
            return new Problem(ProblemKind.Invalid, $"A token has 1 to {MaxGrants} grants: a role, and where it holds.", "grants");
        var parsed = new List<Grant>(grants.Count);
        foreach (var info in grants)
        {
            var grant = Parse(info, image);
            if (!grant.IsOk)
                return grant.Problem;
            parsed.Add(grant.Value);
        }
        return parsed;
    }

    private static Outcome<Grant> Parse(GrantInfo? info, TenancyImage image)
    {
        if (info is null || image.FindRole(info.Role ?? "") is not { } role)
            return new Problem(ProblemKind.Invalid, $"There is no role '{info?.Role}'; there are {string.Join(", ", Role.BuiltIn.Select(r => r.Name).Concat(image.Roles.Keys))}.", "role");
        var (sites, groups) = (info.Sites ?? [], info.Groups ?? []);
        if (sites.FirstOrDefault(s => !SiteId.TryParse(s, out _)) is { } wrong)
            return new Problem(ProblemKind.Invalid, $"'{wrong}' is not the path of a place (hq/floor-1/east).", "site");
        if (groups.FirstOrDefault(g => !DeviceId.TryParse(g, out _)) is { } unknown)
            return new Problem(ProblemKind.Invalid, $"'{unknown}' is not a group's id.", "group");
        if (sites.Count > AccessScope.MaxItems || groups.Count > AccessScope.MaxItems)
            return new Problem(ProblemKind.Invalid, $"A grant names at most {AccessScope.MaxItems} places and as many groups.", "site");
        return new Grant(role, sites.Count + groups.Count == 0 ? AccessScope.WholeTenant : AccessScope.Of(sites.Select(SiteId.Parse), groups));
    }

    public static GrantInfo Info(Grant grant) => new(
        grant.Role.Name, grant.Scope.Sites.IsEmpty ? null : [.. grant.Scope.Sites.Select(s => s.Value)], grant.Scope.Groups.IsEmpty ? null : [.. grant.Scope.Groups]);
}
