using System.Text;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Mqtt;
using Strata.Node.Ingest;
using Strata.Node.Tests.Support;
using Strata.Telemetry;

namespace Strata.Node.Tests.Ingest;

public sealed class AllocationTests
{
    private const int Messages = 200;

    /// <summary>Decoding a burst and accounting for its commit, as the connection and the writer do it; the store and sockets left out.</summary>
    [Fact]
    public async Task A_message_on_the_telemetry_path_allocates_nothing()
    {
        await using var node = await TestNode.StartAsync();
        node.AddDevice("t-1");
        Assert.True(node.Devices.TryGet(TenantId.Main, DeviceId.Parse("t-1"), out var entry));
        var host = node.Get<TelemetryMqttHost>();
        var connection = new DeviceConnection(entry, 4, node.Get<Metering.Meter>().Of(TenantId.Main));
        var burst = new TelemetryBurst(host, new TelemetryBurstPool(host));
        var report = new CommitReport(1, 1, 0, TimeProvider.System.GetUtcNow());
        connection.LastHeard = report.Time;
        var topic = Encoding.UTF8.GetBytes("devices/t-1/telemetry");
        var payload = Encoding.UTF8.GetBytes("""{"ts":1673924800000,"values":{"temperature":22.4,"humidity":41}}""");
        var properties = new PublishProperties().WithUserProperty("strata-batch", "abc/1").WithUserProperty("strata-immediate", "1").WithUserProperty("strata-sampled", "1673924800000");
        var taken = 0;
        for (var i = 0; i < 20; i++)
            Burst();

        var before = GC.GetAllocatedBytesForCurrentThread();
        Burst();
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(0, allocated);
        Assert.Equal(21 * Messages, taken);

        void Burst()
        {
            burst.Open(connection, report.Time);
            connection.Open = burst;
            for (var i = 1; i <= Messages; i++)
            {
                var publish = new InboundPublish
                {
                    Topic = topic, Payload = payload, PacketId = (ushort)i, QoS = 1, Retain = false, Duplicate = false,
                    UserProperties = properties.Encoded, Properties = properties.Encoded,
                };
                taken += host.Take(connection, "main", publish, DeviceTopic.Telemetry).Action == PublishAction.Defer ? 1 : 0;
            }
            host.Account(burst, connection, report.Time);
            burst.Clear();
            connection.Open = null;
        }
    }
}
