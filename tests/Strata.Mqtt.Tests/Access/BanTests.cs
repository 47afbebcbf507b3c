using System.Net;
using Microsoft.Extensions.Time.Testing;
using Strata.Mqtt.Access;
using Strata.Mqtt.Broker;
using Strata.Mqtt.Limits;

namespace Strata.Mqtt.Tests.Access;

/// <summary>Who connects too often, or may not at all.</summary>
public sealed class BanTests
{
    private readonly FakeTimeProvider time = new(DateTimeOffset.UnixEpoch.AddYears(50));

    [Fact]
    public void An_address_opens_a_seconds_worth_at_once_and_goes_on_at_its_rate()
    {
        var rates = new ConnectionRates(time);
        var here = new IPEndPoint(IPAddress.Parse("203.0.113.7"), 1);
        Assert.Equal(10, Enumerable.Range(0, 20).Count(_ => rates.TryTake(here, 10)));
        Assert.True(rates.TryTake(new IPEndPoint(IPAddress.Parse("203.0.113.8"), 1), 10));
        Assert.False(rates.TryTake(new IPEndPoint(here.Address.MapToIPv6(), 2), 10));
        time.Advance(TimeSpan.FromMilliseconds(300));
        Assert.Equal(3, Enumerable.Range(0, 20).Count(_ => rates.TryTake(here, 10)));
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(10, Enumerable.Range(0, 20).Count(_ => rates.TryTake(here, 10)));
        Assert.All(Enumerable.Range(0, 20), _ => Assert.True(rates.TryTake(here, 0)));
    }

    [Fact]
    public void An_IPv6_address_counts_with_its_network_and_this_machine_does_not()
    {
        var rates = new ConnectionRates(time);
        Assert.Equal(2, Enumerable.Range(1, 9).Count(i => rates.TryTake(new IPEndPoint(IPAddress.Parse($"2001:db8:1:2::{i}"), 1), 2)));
        Assert.True(rates.TryTake(new IPEndPoint(IPAddress.Parse("2001:db8:1:3::1"), 1), 2));
        Assert.All(Enumerable.Range(0, 20), _ => Assert.True(rates.TryTake(new IPEndPoint(IPAddress.Loopback, 1), 2)));
        Assert.All(Enumerable.Range(0, 20), _ => Assert.True(rates.TryTake(null, 2)));
    }

    [Fact]
    public void Addresses_that_are_remembered_are_bounded()
    {
        var rates = new ConnectionRates(time);
        for (var i = 0; i < ConnectionRates.Capacity + 10; i++)
            Assert.True(rates.TryTake(new IPEndPoint(new IPAddress([10, (byte)(i >> 16), (byte)(i >> 8), (byte)i]), 1), 1));
        Assert.Equal(ConnectionRates.Capacity, rates.Count);
        time.Advance(TimeSpan.FromSeconds(2));
        rates.TryTake(new IPEndPoint(IPAddress.Parse("203.0.113.7"), 1), 1);
        Assert.Equal(1, rates.Count);
    }

    [Theory]
    [InlineData(5, BanKind.Client, "c", 0x8A)]
    [InlineData(4, BanKind.Client, "c", 5)]
    [InlineData(5, BanKind.User, "ada", 0x8A)]
    public async Task Who_is_banned_gets_in_no_more_and_out_until_the_ban_ends(byte version, BanKind kind, string value, byte code)
    {
        await using var server = await TestServer.StartAsync(time: time);
        using var there = await server.ConnectAsync("c", version, static c => c.UserName = "ada");
        using var other = await server.ConnectAsync("d", version, static c => c.UserName = "bob");
        server.Broker.Bans.Add(new MqttBan(kind, value, time.GetUtcNow().AddHours(1)));
        if (version == 5)
            Assert.Equal((byte)MqttReasonCode.AdministrativeAction, (await there.ReadAsync(14)).Body[0]);
        await there.AssertClosedAsync();
        await other.PingAsync();
        using var again = await server.OpenAsync();
        await again.SendAsync(new ConnectBuilder { ClientId = "c", Version = version, UserName = "ada" }.Build());
        Assert.Equal([0, code], (await again.ReadAsync(2)).Body[..2]);
        await again.AssertClosedAsync();

        time.Advance(TimeSpan.FromHours(2));
        Assert.Empty(server.Broker.Bans.ToList());
        using var free = await server.ConnectAsync("c", version, static c => c.UserName = "ada");
        Assert.False(server.Broker.Bans.Remove(BanKind.Client, "nobody"));
    }

    [Fact]
    public async Task A_ban_of_one_namespace_concerns_no_other()
    {
        await using var server = await TestServer.StartAsync(prepare: static host => host.Connect = static (request, _) => new(ConnectDecision.Accept(request.UserName!)));
        server.Broker.Bans.Add(new MqttBan(BanKind.Client, "c", @namespace: "one"));
        using var other = await server.ConnectAsync("c", with: static c => c.UserName = "two");
        using var banned = await server.OpenAsync();
        await banned.SendAsync(new ConnectBuilder { ClientId = "c", UserName = "one" }.Build());
        Assert.Equal((byte)MqttReasonCode.Banned, (await banned.ReadAsync(2)).Body[1]);
        using var there = await server.ConnectAsync("d", with: static c => c.UserName = "one");
        using var stays = await server.ConnectAsync("d", with: static c => c.UserName = "two");
        server.Broker.Bans.Add(new MqttBan(BanKind.Client, "d", @namespace: "one"));
        await there.AssertDisconnectedAsync(MqttReasonCode.AdministrativeAction);
        await stays.PingAsync();
        await other.PingAsync();
        Assert.Equal(["one"], server.Broker.Inspection.Bans("one", limit: 1).Items.Select(static b => b.Namespace));
        Assert.Empty(server.Broker.Inspection.Bans("two").Items);
        Assert.False(server.Broker.Inspection.Unban(BanKind.Client, "c", "two"));
        Assert.True(server.Broker.Inspection.Unban(BanKind.Client, "c", "one"));
        Assert.Throws<FormatException>(static () => new MqttBan(BanKind.Address, "203.0.113.7", @namespace: "one"));
    }

    [Fact]
    public async Task One_ban_too_many_is_refused_and_a_list_that_changes_leaves_what_was_added_besides()
    {
        await using var server = await TestServer.StartAsync(static o => o.MaxBans = 2, time);
        var bans = server.Broker.Bans;
        MqttBan[] file = [new(BanKind.Client, "a"), new(BanKind.Client, "b", time.GetUtcNow().AddMinutes(1))];
        bans.Exchange([], file);
        Assert.Throws<InvalidOperationException>(() => bans.Add(new MqttBan(BanKind.Client, "c")));
        time.Advance(TimeSpan.FromMinutes(2));
        bans.Add(new MqttBan(BanKind.Client, "c"));
        Assert.Throws<InvalidOperationException>(() => bans.Exchange(file, [new(BanKind.Client, "d"), new(BanKind.Client, "e")]));
        bans.Exchange(file, [new(BanKind.Client, "d")]);
        Assert.Equal(["c", "d"], bans.ToList().Select(static b => b.Value).Order());
    }

    [Fact]
    public async Task A_banned_address_is_closed_at_accept_until_it_is_let_in_again()
    {
        await using var server = await TestServer.StartAsync();
        using var there = await server.ConnectAsync("c");
        server.Broker.Bans.Add(new MqttBan(BanKind.Address, "127.0.0.0/8"));
        await there.ReadAsync(14);
        await server.AssertRefusesAsync();
        Assert.True(server.Broker.Bans.Remove(BanKind.Address, "127.0.0.0/8"));
        using var again = await server.ConnectAsync("c");
    }

    [Fact]
    public async Task Who_connects_too_often_is_refused_for_a_while_and_nobody_else()
    {
        await using var server = await TestServer.StartAsync(
            static o => (o.MaxReconnects, o.ReconnectWindow, o.FlappingBan) = (3, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5)), time);
        for (var i = 0; i < 2; i++)
            (await server.ConnectAsync("c")).Dispose();
        await RefusedAsync();
        time.Advance(TimeSpan.FromMinutes(4));
        await RefusedAsync();
        using var other = await server.ConnectAsync("d");
        time.Advance(TimeSpan.FromMinutes(2));
        using var again = await server.ConnectAsync("c");

        async Task RefusedAsync()
        {
            using var client = await server.OpenAsync();
            await client.SendAsync(new ConnectBuilder { ClientId = "c" }.Build());
            Assert.Equal((byte)MqttReasonCode.Banned, (await client.ReadAsync(2)).Body[1]);
        }
    }

    [Theory]
    [InlineData("", null)]
    [InlineData("  # nobody", null)]
    [InlineData("client meter-7", "Client meter-7 ")]
    [InlineData("User ada until 2070-01-01T00:00:00Z # since Monday", "User ada 2070")]
    [InlineData("address 203.0.113.0/24", "Address 203.0.113.0/24 ")]
    [InlineData("address 2001:db8::1", "Address 2001:db8::1 ")]
    public void A_line_of_the_bans_file(string line, string? expected) =>
        Assert.Equal(expected, BanFile.Parse(line) is { } ban ? $"{ban.Kind} {ban.Value} {ban.Until:yyyy}" : null);

    [Theory]
    [InlineData("client")]
    [InlineData("0 x")]
    [InlineData("device x")]
    [InlineData("client x until")]
    [InlineData("client x until tomorrow")]
    [InlineData("client x since 2070-01-01T00:00:00Z")]
    [InlineData("address here")]
    [InlineData("address 203.0.113.1/99")]
    public void A_line_that_is_no_ban_is_refused(string line) => Assert.Throws<FormatException>(() => BanFile.Parse(line));

    [Fact]
    public async Task The_bans_file_of_the_broker_is_read_at_the_start_and_again_when_it_changes()
    {
        var folder = Directory.CreateTempSubdirectory("strata-bans-").FullName;
        try
        {
            var bans = Path.Combine(folder, "bans.txt");
            var options = new BrokerOptions { Mqtt = new IPEndPoint(IPAddress.Loopback, 0), Anonymous = true, BansFile = bans, LogLevel = Microsoft.Extensions.Logging.LogLevel.None };
            await File.WriteAllTextAsync(bans, "client one\nnobody at all\n", TestContext.Current.CancellationToken);
            var fault = await Assert.ThrowsAsync<BrokerConfigurationException>(() => BrokerServer.StartAsync(options, TestContext.Current.CancellationToken));
            Assert.Contains("line 2", fault.Message, StringComparison.Ordinal);

            await File.WriteAllTextAsync(bans, "client one\n", TestContext.Current.CancellationToken);
            await using var server = await BrokerServer.StartAsync(options, TestContext.Current.CancellationToken);
            using var one = await RawClient.OpenAsync(server.Mqtt!.Port);
            await one.SendAsync(new ConnectBuilder { ClientId = "one" }.Build());
            Assert.Equal((byte)MqttReasonCode.Banned, (await one.ReadAsync(2)).Body[1]);
            using var two = await RawClient.OpenAsync(server.Mqtt!.Port);
            await two.SendAsync(new ConnectBuilder { ClientId = "two" }.Build());
            Assert.Equal(0, (await two.ReadAsync(2)).Body[1]);
            await File.WriteAllTextAsync(bans, "client two\n", TestContext.Current.CancellationToken);
            Assert.Equal((byte)MqttReasonCode.AdministrativeAction, (await two.ReadAsync(14)).Body[0]);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
