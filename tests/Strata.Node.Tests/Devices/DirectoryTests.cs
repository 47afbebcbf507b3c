using System.Text;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Devices;

namespace Strata.Node.Tests.Devices;

public sealed class DirectoryTests
{
    private static readonly TenantId Other = TenantId.Parse("other");

    [Fact]
    public void A_name_is_one_tenants_and_no_secret_decides_between_tenants()
    {
        var directory = new DeviceDirectory();
        directory.Set(Entry(TenantId.Main, "d", "one"));
        directory.Set(Entry(Other, "d", "two"));

        Assert.Equal(CredentialCheck.Accepted, directory.Check(Other, DeviceId.Parse("d"), "two"u8, out var found));
        Assert.Equal(Other, found!.Tenant);
        Assert.Equal(CredentialCheck.WrongSecret, directory.Check(TenantId.Main, DeviceId.Parse("d"), "two"u8, out found));
        Assert.Null(found);
        Assert.Equal(CredentialCheck.Unknown, directory.Check(TenantId.Parse("third"), DeviceId.Parse("d"), "one"u8, out _));
        Assert.Equal(CredentialCheck.Unknown, directory.Check(TenantId.Main, DeviceId.Parse("e"), "one"u8, out _));
        Assert.Equal(["d"], directory.All(Other).Select(e => e.Device.Value));
    }

    [Fact]
    public void A_device_without_a_hash_cannot_connect_and_a_disabled_one_says_so_only_with_its_secret()
    {
        var directory = new DeviceDirectory();
        directory.Set(Entry(TenantId.Main, "none", "x") with { SecretHash = default });
        directory.Set(Entry(TenantId.Main, "off", "x") with { Enabled = false });

        Assert.Equal(CredentialCheck.WrongSecret, directory.Check(TenantId.Main, DeviceId.Parse("none"), "x"u8, out _));
        Assert.Equal(CredentialCheck.WrongSecret, directory.Check(TenantId.Main, DeviceId.Parse("none"), ""u8, out _));
        Assert.Equal(CredentialCheck.Disabled, directory.Check(TenantId.Main, DeviceId.Parse("off"), "x"u8, out _));
    }

    [Fact]
    public void Only_what_ends_a_connection_is_told()
    {
        var directory = new DeviceDirectory();
        var told = new List<string>();
        directory.Revoked += (old, now) => told.Add($"{old.Device}:{(now is null ? "gone" : now.Enabled ? "secret" : "off")}");

        directory.Set(Entry(TenantId.Main, "a", "1"));
        directory.Set(Entry(TenantId.Main, "a", "1") with { Heartbeat = TimeSpan.FromHours(1) });
        directory.Set(Entry(TenantId.Main, "a", "2"));
        directory.Set(Entry(TenantId.Main, "a", "2") with { Enabled = false });
        directory.Set(Entry(TenantId.Main, "b", "1"));
        directory.ReplaceAll(TenantId.Main, [Entry(TenantId.Main, "b", "1")]);

        Assert.Equal(["a:secret", "a:off", "a:gone"], told);
        Assert.Equal(1, directory.Count);
    }

    [Fact]
    public void It_is_bounded()
    {
        var directory = new DeviceDirectory(capacity: 1);
        directory.Set(Entry(TenantId.Main, "a", "1"));
        directory.Set(Entry(TenantId.Main, "a", "2"));

        Assert.Throws<InvalidOperationException>(() => directory.Set(Entry(TenantId.Main, "b", "1")));
        Assert.True(directory.Remove(TenantId.Main, DeviceId.Parse("a")));
        directory.Set(Entry(TenantId.Main, "b", "1"));
    }

    [Fact]
    public void A_gateway_is_below_its_parents_and_a_ring_of_parents_ends()
    {
        var directory = new GatewayDirectory();
        directory.Set(Gateway("a", null));
        directory.Set(Gateway("b", "a"));
        directory.Set(Gateway("c", "b"));
        directory.Set(Gateway("x", "y"));
        directory.Set(Gateway("y", "x"));

        Assert.True(directory.IsSameOrBelow(TenantId.Main, GatewayId.Parse("c"), GatewayId.Parse("a")));
        Assert.False(directory.IsSameOrBelow(TenantId.Main, GatewayId.Parse("a"), GatewayId.Parse("c")));
        Assert.False(directory.IsSameOrBelow(TenantId.Main, GatewayId.Parse("x"), GatewayId.Parse("a")));
    }

    [Fact]
    public void Secrets_are_43_characters_and_match_their_hash_only()
    {
        var secret = DeviceSecrets.Create();

        Assert.Equal(43, secret.Length);
        Assert.NotEqual(secret, DeviceSecrets.Create());
        Assert.True(DeviceSecrets.Matches(Encoding.ASCII.GetBytes(secret), DeviceSecrets.Hash(secret)));
        Assert.False(DeviceSecrets.Matches(Encoding.ASCII.GetBytes(secret + "x"), DeviceSecrets.Hash(secret)));
        Assert.False(DeviceSecrets.Matches(new byte[DeviceSecrets.MaxLength + 1], DeviceSecrets.Hash(secret)));
    }

    private static DeviceEntry Entry(TenantId tenant, string id, string secret) =>
        new(tenant, DeviceId.Parse(id), DeviceSecrets.Hash(secret), null, TimeSpan.FromMinutes(5), true);

    private static GatewayEntry Gateway(string id, string? parent) =>
        new(TenantId.Main, GatewayId.Parse(id), DeviceSecrets.Hash(id), SiteId.Parse("hq"), parent is null ? null : GatewayId.Parse(parent), true);
}
