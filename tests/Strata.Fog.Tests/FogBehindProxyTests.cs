using System.Net;
using Strata.Testing;

namespace Strata.Fog.Tests;

public sealed class FogBehindProxyTests
{
    [Fact]
    public async Task The_MQTT_listener_takes_the_clients_address_from_a_trusted_balancer()
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration());
        await using var fog = new FogFixture { ProxiesFrom = [IPNetwork.Parse("127.0.0.0/8")] };
        await fog.StartAsync(parent.Address);
        await fog.ConfiguredAsync(); // Before, nobody's secret is wrong: it says "later".
        await BehindProxy.AssertServesAsync(fog.Node.Mqtt);
    }
}
