using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Devices.Registry;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Mqtt;

namespace Strata.Cloud.Devices.Hooks;

/// <summary>Tells of each step of a device's life after its commit: on the MQTT topic <c>fleet/lifecycle</c>, and to the tenant's hooks. In commit order; never on the writer's turn.</summary>
internal sealed partial class LifecycleNews : BackgroundService
{
    private static readonly byte[] Topic = "fleet/lifecycle"u8.ToArray();

    private readonly Channel<(TenantId Tenant, LifecycleEvent Event)> waiting;
    private readonly RegistryStore registry;
    private readonly LifecycleHooks hooks;
    private readonly Lazy<MqttBroker> broker;
    private readonly ILogger<LifecycleNews> logger;
    private long dropped;

    public LifecycleNews(RegistryStore registry, LifecycleHooks hooks, Lazy<MqttBroker> broker, DevicesOptions options, ILogger<LifecycleNews> logger)
    {
        (this.registry, this.hooks, this.broker, this.logger) = (registry, hooks, broker, logger);
        waiting = Channel.CreateBounded<(TenantId, LifecycleEvent)>(new BoundedChannelOptions(options.MaxWaitingNews) { SingleReader = true });
        registry.Published += Follow;
    }

    public override void Dispose()
    {
        registry.Published -= Follow;
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (await waiting.Reader.WaitToReadAsync(stoppingToken))
            {
                while (waiting.Reader.TryRead(out var item))
                {
                    var payload = JsonSerializer.SerializeToUtf8Bytes(item.Event, JsonSerializerOptions.Web);
                    broker.Value.Publish(item.Tenant.Value, Topic, payload, qos: 1);
                    hooks.Tell(item.Tenant, item.Event, payload);
                }
                if (Interlocked.Exchange(ref dropped, 0) is > 0 and var lost)
                    LogDropped(lost);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The node stops; what happened is in the devices' histories.
        }
    }

    private void Follow(RegistryCommit commit)
    {
        foreach (var step in commit.Change.Transitions)
        {
            if (!waiting.Writer.TryWrite((commit.Tenant, new LifecycleEvent(step.Device, DeviceLifecycle.Name(step.From), DeviceLifecycle.Name(step.To), step.Cause, step.Time))))
                Interlocked.Increment(ref dropped);
        }
    }

    [LoggerMessage(5060, LogLevel.Warning, "{Count} steps of devices' lives were not told on fleet/lifecycle: too many came at once. They are in the devices' histories.")]
    private partial void LogDropped(long count);
}

/// <summary>What is told of a step.</summary>
internal sealed record LifecycleEvent(string Device, string From, string To, string Cause, DateTimeOffset At);
