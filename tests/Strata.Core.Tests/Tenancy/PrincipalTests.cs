using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Core.Tests.Tenancy;

public sealed class PrincipalTests
{
    private static readonly TenantId Acme = TenantId.Parse("acme");

    private static readonly Dictionary<string, SiteId[]> Groups = new()
    {
        ["east"] = [SiteId.Parse("hq/floor-1/east"), SiteId.Parse("hq/floor-2/east")],
    };

    /// <summary>Role, permission: what the built-in roles hold, written out, so that a change of one is seen here.</summary>
    public static TheoryData<string, string> Holds => new()
    {
        { "viewer", "readings.read,devices.read,updates.read,sites.read,gateways.read,events.read" },
        { "operator", "readings.read,devices.read,devices.write,commands.send,updates.read,updates.write,updates.start,updates.abort,sites.read,gateways.read,events.read" },
        { "installer", "readings.read,devices.read,devices.write,devices.provision,updates.read,sites.read,sites.write,gateways.read,gateways.write,events.read" },
        {
            "tenant-admin",
            "readings.read,devices.read,devices.write,devices.provision,commands.send,updates.read,updates.write,updates.approve,updates.start,updates.abort,sites.read,sites.write,gateways.read,gateways.write,events.read,tokens.manage,shares.manage,views.manage,users.manage,roles.manage,audit.read,tenant.manage,usage.read"
        },
        {
            "platform-owner",
            "readings.read,devices.read,devices.write,devices.provision,commands.send,updates.read,updates.write,updates.approve,updates.start,updates.abort,sites.read,sites.write,gateways.read,gateways.write,events.read,tokens.manage,shares.manage,views.manage,users.manage,roles.manage,audit.read,tenant.manage,usage.read,node.read,platform.manage"
        },
    };

    [Theory]
    [MemberData(nameof(Holds))]
    public void A_built_in_role_holds_exactly_this(string name, string permissions)
    {
        Assert.True(Role.TryFindBuiltIn(name, out var role));
        Assert.Equal(permissions, role.Permissions.ToString());
        Assert.Equal(name == "platform-owner", role.IsOfPlatform);
    }

    [Fact]
    public void Each_permission_has_one_name_and_is_found_by_it()
    {
        Assert.Equal(Enum.GetValues<Permission>(), Permissions.All);
        foreach (var permission in Permissions.All)
        {
            Assert.True(Permissions.TryParse(Permissions.NameOf(permission), out var found));
            Assert.Equal(permission, found);
        }
        Assert.False(Permissions.TryParse("Readings.Read", out _));
        Assert.Equal(Permissions.All.Count, Permissions.All.Select(Permissions.NameOf).Distinct().Count());
    }

    /// <summary>Every built-in role and every permission, within, above, beside and without a place.</summary>
    public static TheoryData<string, string> RolesAndPermissions
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var role in Role.BuiltIn)
            {
                foreach (var permission in Permissions.All)
                    data.Add(role.Name, Permissions.NameOf(permission));
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(RolesAndPermissions))]
    public void A_scoped_principal_may_within_what_its_role_says_and_elsewhere_there_is_nothing(string roleName, string permissionName)
    {
        Assert.True(Role.TryFindBuiltIn(roleName, out var role));
        Assert.True(Permissions.TryParse(permissionName, out var permission));
        var manager = Of(new Grant(role, Scope("hq/floor-1")));
        var within = role.Permissions.Contains(permission) ? AccessDecision.Allowed : AccessDecision.Forbidden;
        Assert.Equal(within, Decide(manager, permission, "hq/floor-1"));
        Assert.Equal(within, Decide(manager, permission, "hq/floor-1/east/desk"));
        foreach (var outside in new[] { "hq", "hq/floor-2", "hq/floor-10", "hq/floor-1x", "plant", "floor-1", null })
            Assert.Equal(AccessDecision.NotFound, Decide(manager, permission, outside));
    }

    [Fact]
    public void A_role_for_the_whole_tenant_is_never_answered_with_not_found()
    {
        var viewer = Of(new Grant(Role.Viewer, AccessScope.WholeTenant));
        Assert.Equal(AccessDecision.Allowed, Decide(viewer, Permission.ReadingsRead, null));
        Assert.Equal(AccessDecision.Allowed, Decide(viewer, Permission.ReadingsRead, "anywhere"));
        Assert.Equal(AccessDecision.Forbidden, Decide(viewer, Permission.DevicesWrite, "anywhere"));
        Assert.Equal(AccessDecision.Forbidden, Decide(viewer, Permission.AuditRead, null));
    }

    [Fact]
    public void Several_grants_hold_each_where_it_was_given()
    {
        var both = Of(new Grant(Role.Viewer, Scope("hq")), new Grant(Role.Operator, Scope("plant/hall-1")));
        Assert.Equal(AccessDecision.Forbidden, Decide(both, Permission.DevicesWrite, "hq/floor-1"));
        Assert.Equal(AccessDecision.Allowed, Decide(both, Permission.DevicesWrite, "plant/hall-1/line-2"));
        Assert.Equal(AccessDecision.NotFound, Decide(both, Permission.DevicesWrite, "plant/hall-2"));
    }

    [Fact]
    public void A_group_reaches_the_places_that_make_it_and_nothing_when_it_is_gone()
    {
        var east = Of(new Grant(Role.Viewer, AccessScope.Of([], ["east"])));
        Assert.Equal(AccessDecision.Allowed, Decide(east, Permission.ReadingsRead, "hq/floor-2/east/desk"));
        Assert.Equal(AccessDecision.NotFound, Decide(east, Permission.ReadingsRead, "hq/floor-2/west"));
        var gone = Of(new Grant(Role.Viewer, AccessScope.Of([], ["west"])));
        Assert.Equal(AccessDecision.NotFound, Decide(gone, Permission.ReadingsRead, "hq/floor-2/east"));
    }

    [Fact]
    public void What_is_made_of_several_places_is_reached_with_all_of_them_only()
    {
        var east = Of(new Grant(Role.Viewer, Scope("hq/floor-1/east")));
        Assert.Equal(AccessDecision.NotFound, east.Decide(Permission.ReadingsRead, Groups["east"], Find));
        var floors = Of(new Grant(Role.Viewer, Scope("hq/floor-1", "hq/floor-2")));
        Assert.Equal(AccessDecision.Allowed, floors.Decide(Permission.ReadingsRead, Groups["east"], Find));
        Assert.Equal(AccessDecision.Forbidden, floors.Decide(Permission.SitesWrite, Groups["east"], Find));
        Assert.Equal(AccessDecision.NotFound, floors.Decide(Permission.ReadingsRead, [], Find));
    }

    [Fact]
    public void Nobody_gives_more_than_he_has()
    {
        var manager = Of(new Grant(Role.TenantAdmin, Scope("hq/floor-1")), new Grant(Role.Viewer, Scope("hq")));
        Assert.True(manager.MayGive(new Grant(Role.TenantAdmin, Scope("hq/floor-1/east"))));
        Assert.True(manager.MayGive(new Grant(Role.Viewer, Scope("hq/floor-2"))));
        Assert.False(manager.MayGive(new Grant(Role.Operator, Scope("hq/floor-2"))));
        Assert.False(manager.MayGive(new Grant(Role.Viewer, AccessScope.WholeTenant)));
        Assert.False(manager.MayGive(new Grant(Role.PlatformOwner, Scope("hq/floor-1"))));
        Assert.False(manager.MayGive(new Grant(Role.Viewer, AccessScope.Of([], ["east"]))));
        Assert.True(Principal.Owner(Acme, "admin").MayGive(new Grant(Role.PlatformOwner, AccessScope.WholeTenant)));
    }

    [Fact]
    public void A_platform_owner_is_one_in_the_whole_and_devices_hold_nothing_by_a_role()
    {
        Assert.True(Principal.Owner(Acme, "admin").IsPlatformOwner);
        Assert.False(Of(new Grant(Role.PlatformOwner, Scope("hq"))).IsPlatformOwner);
        Assert.False(Of(new Grant(Role.TenantAdmin, AccessScope.WholeTenant)).IsPlatformOwner);
        var device = Principal.Of(Acme, DeviceId.Parse("t-1"));
        Assert.All(Permissions.All, p => Assert.False(device.Holds(p)));
        Assert.Equal(AccessDecision.NotFound, Decide(device, Permission.ReadingsRead, "hq"));
        var gateway = Principal.Of(Acme, GatewayId.Parse("gw"), SiteId.Parse("hq"));
        Assert.Equal(AccessDecision.Allowed, Decide(gateway, Permission.ReadingsRead, "hq/floor-1"));
        Assert.Equal(AccessDecision.NotFound, Decide(gateway, Permission.ReadingsRead, "plant"));
    }

    [Fact]
    public void A_scope_that_names_nothing_is_not_the_whole_tenant()
    {
        Assert.Throws<ArgumentException>(() => AccessScope.Of([]));
        Assert.Throws<ArgumentException>(() => AccessScope.Of([default]));
        Assert.Throws<ArgumentException>(() => AccessScope.Of([], [""]));
        Assert.Throws<ArgumentException>(() => AccessScope.Of(Enumerable.Range(0, AccessScope.MaxItems + 1).Select(i => SiteId.Parse($"s-{i}"))));
        Assert.Equal("hq, plant/hall", Scope("plant/hall", "hq", "hq/floor-1", "plant/hall/x").ToString());
        Assert.Equal(Scope("hq"), Scope("hq/floor-1", "hq"));
    }

    [Theory]
    [InlineData("acme", "acme")]
    [InlineData("Acme Corp.", "acme-corp")]
    [InlineData("  Büro & Söhne 7 ", "b-ro-s-hne-7")]
    [InlineData("&&", null)]
    [InlineData("", null)]
    public void An_organisation_gets_an_id_from_its_name(string name, string? id)
    {
        Assert.Equal(id is not null, TenantId.TryFromName(name, out var found));
        Assert.Equal(id ?? "", found.Value);
    }

    private static Principal Of(params Grant[] grants) => new(Acme, PrincipalKind.Token, "k1", "someone", [.. grants]);

    private static AccessScope Scope(params string[] sites) => AccessScope.Of(sites.Select(SiteId.Parse));

    private static AccessDecision Decide(Principal principal, Permission permission, string? site) =>
        principal.Decide(permission, site is null ? null : SiteId.Parse(site), Find);

    private static IReadOnlyList<SiteId>? Find(string group) => Groups.GetValueOrDefault(group);
}
