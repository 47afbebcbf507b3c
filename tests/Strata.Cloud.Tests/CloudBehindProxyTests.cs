using System.Net;
using Microsoft.Extensions.Logging;
using Strata.Testing;

namespace Strata.Cloud.Tests;

public sealed class CloudBehindProxyTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("strata-cloud-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task The_MQTT_listener_takes_the_clients_address_from_a_trusted_balancer()
    {
        await using var node = await CloudNode.StartAsync(new CloudOptions
        {
            DataFolder = folder, Http = new IPEndPoint(IPAddress.Loopback, 0), Mqtt = new IPEndPoint(IPAddress.Loopback, 0), LogLevel = LogLevel.None,
            ProxiesFrom = [IPNetwork.Parse("127.0.0.0/8")],
        });
        await BehindProxy.AssertServesAsync(node.Mqtt);
    }
}
