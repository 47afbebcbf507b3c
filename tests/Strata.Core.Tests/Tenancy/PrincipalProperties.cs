using CsCheck;
using Strata.Core.Architecture;
using Strata.Core.Tenancy;
using static Strata.Core.Tests.Generators;

namespace Strata.Core.Tests.Tenancy;

public sealed class PrincipalProperties
{
    /// <summary>Names that are prefixes of each other, so that a comparison of texts in place of segments is found out.</summary>
    private static readonly Gen<SiteId> Site =
        AnyOf("a", "ab", "a.b", "b").Array[1, 4].Select(segments => SiteId.Parse(string.Join('/', segments)));

    private static readonly Gen<Role> AnyRole = Gen.OneOf(
        Gen.Int[0, Role.BuiltIn.Count - 1].Select(i => Role.BuiltIn[i]),
        Gen.Int[0, Permissions.All.Count - 1].Array.Select(p => new Role("custom", PermissionSet.Of([.. p.Select(i => Permissions.All[i])]))));

    private static readonly Gen<AccessScope> Scope = Gen.OneOf(Gen.Const(AccessScope.WholeTenant), Site.Array[1, 3].Select(s => AccessScope.Of(s)));

    private static readonly Gen<Grant> AnyGrant = Gen.Select(AnyRole, Scope, (role, scope) => new Grant(role, scope));

    private static readonly Gen<Permission> AnyPermission = Gen.Int[0, Permissions.All.Count - 1].Select(i => Permissions.All[i]);

    [Fact]
    public void A_place_contains_exactly_the_paths_that_begin_with_its_segments() => Gen.Select(Site, Site).Sample((place, other) =>
    {
        var (segments, of) = (place.Value.Split('/'), other.Value.Split('/'));
        Assert.Equal(of.Length >= segments.Length && of.Take(segments.Length).SequenceEqual(segments), place.Contains(other));
        Assert.Equal(place.Contains(other), Reach.Of([AccessScope.Of([place])]).Covers(other));
    });

    [Fact]
    public void A_decision_is_what_the_grants_say_one_by_one() => Gen.Select(AnyGrant.Array[0, 4], AnyPermission, Site).Sample((grants, permission, site) =>
    {
        var expected = AccessDecision.NotFound;
        foreach (var grant in grants.Where(g => g.Scope.IsWhole || g.Scope.Sites.Any(s => $"{site}/".StartsWith($"{s}/", StringComparison.Ordinal))))
            expected = grant.Role.Permissions.Contains(permission) ? AccessDecision.Allowed : expected == AccessDecision.Allowed ? expected : AccessDecision.Forbidden;
        Assert.Equal(expected, Of(grants).Decide(permission, site, NoGroup));
    });

    [Fact]
    public void A_narrower_scope_never_grants_more() => Gen.Select(AnyRole, Site.Array[1, 3], Site, AnyPermission, Site).Sample((role, wide, below, permission, site) =>
    {
        if (below.Depth + 4 > SiteId.MaxDepth)
            return;
        var narrow = AccessScope.Of(wide.Select(w => SiteId.Parse($"{w}/{below}")));
        var (more, less) = (Of(new Grant(role, AccessScope.Of(wide))), Of(new Grant(role, narrow)));
        Assert.True(Rank(less.Decide(permission, site, NoGroup)) <= Rank(more.Decide(permission, site, NoGroup)));
        Assert.True(Rank(more.Decide(permission, site, NoGroup)) <= Rank(Of(new Grant(role, AccessScope.WholeTenant)).Decide(permission, site, NoGroup)));
        Assert.True(Reach.Of([AccessScope.Of(wide)]).Covers(narrow));
    });

    [Fact]
    public void What_is_given_never_reaches_beyond_who_gave_it() => Gen.Select(AnyGrant.Array[0, 3], AnyGrant, AnyPermission, Site).Sample((own, given, permission, site) =>
    {
        var giver = Of(own);
        if (!giver.MayGive(given))
            return;
        if (Of(given).Decide(permission, site, NoGroup) == AccessDecision.Allowed)
            Assert.Equal(AccessDecision.Allowed, giver.Decide(permission, site, NoGroup));
    });

    [Fact]
    public void Further_grants_take_nothing_away() => Gen.Select(AnyGrant.Array[0, 3], AnyGrant, AnyPermission, Site).Sample((grants, further, permission, site) =>
        Assert.True(Rank(Of(grants).Decide(permission, site, NoGroup)) <= Rank(Of([.. grants, further]).Decide(permission, site, NoGroup))));

    private static int Rank(AccessDecision decision) => decision switch { AccessDecision.NotFound => 0, AccessDecision.Forbidden => 1, _ => 2 };

    private static Principal Of(params Grant[] grants) => new(TenantId.Main, PrincipalKind.Token, "k", "k", [.. grants]);

    private static IReadOnlyList<SiteId>? NoGroup(string group) => null;
}
