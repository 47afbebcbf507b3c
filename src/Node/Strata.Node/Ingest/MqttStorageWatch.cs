using Microsoft.Extensions.Hosting;

namespace Strata.Node.Ingest;

/// <summary>A node whose broker can keep nothing ends, as one of which another part has failed.</summary>
internal sealed class MqttStorageWatch(TelemetryMqttHost host) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var fault = await host.StorageFault.WaitAsync(stoppingToken);
        throw new IOException($"The disk refused what the MQTT broker was to keep: {fault.Message}", fault);
    }
}
