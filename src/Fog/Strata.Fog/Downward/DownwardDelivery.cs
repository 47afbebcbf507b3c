using System.Text;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Contracts;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Fog.Served;
using Strata.Mqtt;
using Strata.Node.Ingest;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;

namespace Strata.Fog.Downward;

/// <summary>
/// Brings what waits in the inboxes to devices that are connected here and listen. A command is said again until the device answers or it expires, as the cloud does to a device of its own; the answer is an event
/// of this gateway, in its store before the device is acknowledged, and goes up as every event does. What is no command is gone once it was published.
/// </summary>
internal sealed partial class DownwardDelivery(
    ServedTenants served, Lazy<MqttBroker> broker, TelemetryMqttHost host, IngestWriter writer, TimeProvider time, ILogger<DownwardDelivery> logger) : BackgroundService
{
    /// <summary>Bytes of an event's text, as the uplink takes them.</summary>
    private const int MaxDetail = 1_000;

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan SayEvery = TimeSpan.FromSeconds(5);

    private readonly Dictionary<(TenantId Tenant, string Id), DateTimeOffset> said = [];

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        host.Responded += Note;
        return base.StartAsync(cancellationToken);
    }

    public override void Dispose()
    {
        host.Responded -= Note;
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(LookEvery, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                Look();
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What waits is on the disk.
        }
    }

    private void Look()
    {
        var there = new HashSet<(TenantId, string)>();
        foreach (var tenant in served.All)
        {
            try
            {
                foreach (var message in tenant.Inbox.For(null))
                {
                    there.Add((tenant.Site.View.Tenant, message.Id));
                    Say(tenant, message);
                }
            }
            catch (IOException refused)
            {
                LogRefused(refused.Message);
            }
        }
        foreach (var gone in said.Keys.Where(k => !there.Contains(k)).ToList())
            said.Remove(gone);
    }

    private void Say(ServedTenant tenant, DownwardMessage message)
    {
        var (of, now) = (tenant.Site.View.Tenant, time.GetUtcNow());
        var topic = Encoding.UTF8.GetBytes($"devices/{message.Device}/{message.Topic}");
        if (said.TryGetValue((of, message.Id), out var last) && now - last < SayEvery)
            return;
        if (!DeviceId.TryParse(message.Device, out var device) || !host.IsConnected(of, device) || !broker.Value.HasSubscribers(of.Value, topic))
            return; // It is said when the device comes and listens.
        said[(of, message.Id)] = now;
        broker.Value.Publish(of.Value, topic, Convert.FromBase64String(message.Payload), qos: 1);
        if (!message.Topic.StartsWith("commands/", StringComparison.Ordinal))
            tenant.Inbox.Remove(null, message.Id);
    }

    private Task? Note(TenantId tenant, DeviceId device, string command, string request, byte[] payload) =>
        served.Of(tenant) is { } of && of.Inbox.Find(device, command, request) is { } message ? KeepAsync(of, device, message, $"{command} {request} ", payload) : null;

    private async Task KeepAsync(ServedTenant tenant, DeviceId device, DownwardMessage message, string about, byte[] payload)
    {
        var text = about + Encoding.UTF8.GetString(payload);
        while (Encoding.UTF8.GetByteCount(text) > MaxDetail)
            text = text[..^Math.Max(1, (Encoding.UTF8.GetByteCount(text) - MaxDetail) / 4)];
        var answered = new FleetEvent(EventTime.From(time.GetUtcNow()), FleetEventKinds.DeviceResponse, device, null, text);
        await writer.CommitAsync(new TelemetryWrite { Tenant = tenant.Site.View.Tenant, Events = [new(answered, null)] }, CancellationToken.None);
        tenant.Inbox.Remove(null, message.Id);
    }

    [LoggerMessage(6021, LogLevel.Error, "What waits for devices could not be kept: {Reason}")]
    private partial void LogRefused(string reason);
}
