using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Contracts;
using Strata.Core.Commands;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Fog.Served;
using Strata.Node.Devices;
using Strata.Node.Ingest;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;

namespace Strata.Fog.Downward;

/// <summary>
/// Brings what waits in the inboxes to devices that are connected here and listen. A command is said again until the device acknowledges it (that to wipe itself: until it answers) or it expires; that it was told here,
/// delivered and answered are events of this gateway, in its store, that go up as every event does. What is no command is gone once it was published.
/// </summary>
internal sealed partial class DownwardDelivery(
    ServedTenants served, TelemetryMqttHost host, IngestWriter writer, IFleetEvents events, DownwardOptions options, TimeProvider time, ILogger<DownwardDelivery> logger) : BackgroundService
{
    private readonly Dictionary<(TenantId Tenant, string Id), DateTimeOffset> said = [];
    private readonly ConcurrentDictionary<(TenantId Tenant, string Id), bool> delivered = new();

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
        using var timer = new PeriodicTimer(options.LookEvery, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await LookAsync();
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What waits is on the disk.
        }
    }

    private async Task LookAsync()
    {
        var there = new HashSet<(TenantId, string)>();
        foreach (var tenant in served.All)
        {
            try
            {
                foreach (var message in tenant.Inbox.For(null))
                {
                    there.Add((tenant.Site.View.Tenant, message.Id));
                    await SayAsync(tenant, message);
                }
            }
            catch (Exception refused) when (refused is IOException or TelemetryStoreException)
            {
                LogRefused(refused.Message);
            }
        }
        foreach (var gone in said.Keys.Where(k => !there.Contains(k)).ToList())
            said.Remove(gone);
        foreach (var gone in delivered.Keys.Where(k => !there.Contains(k)).ToList())
            delivered.TryRemove(gone, out _);
    }

    private async Task SayAsync(ServedTenant tenant, DownwardMessage message)
    {
        var (of, now) = (tenant.Site.View.Tenant, time.GetUtcNow());
        var key = (of, message.Id);
        if (message.Told is { IsRecorded: false } told)
        {
            // It is in the store, and so goes up, before the device hears it.
            await RecordAsync(tenant, message, told);
            message = tenant.Inbox.Recorded(message);
        }
        var insists = message.Topic.StartsWith($"commands/{CommandNames.Wipe}/", StringComparison.Ordinal);
        if ((said.TryGetValue(key, out var last) && (now - last).Duration() < options.SayEvery) || (delivered.ContainsKey(key) && !insists))
            return;
        if (!DeviceId.TryParse(message.Device, out var device) || !host.Listens(of, device, message.Topic))
            return; // It is said when the device comes and listens.
        said[key] = now;
        host.Say(of, device, message.Topic, Convert.FromBase64String(message.Payload), delivered: message.Topic.StartsWith("commands/", StringComparison.Ordinal) ? () => Delivered(tenant, device, message) : null);
        if (!message.Topic.StartsWith("commands/", StringComparison.Ordinal))
            tenant.Inbox.Remove(null, message.Id);
    }

    /// <summary>The device has acknowledged it: it is the device's from here on. Within the MQTT engine.</summary>
    private void Delivered(ServedTenant tenant, DeviceId device, DownwardMessage message)
    {
        if (delivered.TryAdd((tenant.Site.View.Tenant, message.Id), true) && message.Topic.Split('/') is [_, var command, var request])
            events.Raise(tenant.Site.View.Tenant, new FleetEvent(EventTime.From(time.GetUtcNow()), FleetEventKinds.DeviceDelivered, device, null, $"{command} {request}"));
    }

    private async Task RecordAsync(ServedTenant tenant, DownwardMessage message, ToldHere told)
    {
        if (message.Topic.Split('/') is not [_, var command, var request])
            return;
        var words = new LocalCommand(Convert.FromBase64String(message.Payload), told.By, DateTimeOffset.FromUnixTimeMilliseconds(message.Expires)).Write();
        var happened = new FleetEvent(EventTime.From(told.At), FleetEventKinds.DeviceCommand, DeviceId.Parse(message.Device), null, $"{command} {request} {words}");
        await writer.CommitAsync(new TelemetryWrite { Tenant = tenant.Site.View.Tenant, Events = [new(happened, null)] }, CancellationToken.None);
    }

    /// <summary>Kept also where the command waits here no more, or never did: it ran longer than it was kept, or another gateway brought it. The cloud knows what the answer is to.</summary>
    internal Task? Note(TenantId tenant, DeviceId device, string command, string request, byte[] payload) =>
        served.Of(tenant) is { } of && CommandNames.AreNames(command, request) ? KeepAsync(of, device, command, request, payload) : null;

    private async Task KeepAsync(ServedTenant tenant, DeviceId device, string command, string request, byte[] payload)
    {
        var about = $"{command} {request} ";
        var answered = new FleetEvent(
            EventTime.From(time.GetUtcNow()), FleetEventKinds.DeviceResponse, device, null, about + CommandAnswer.Shorten(payload, FleetEvent.MaxResponseBytes - about.Length));
        await writer.CommitAsync(new TelemetryWrite { Tenant = tenant.Site.View.Tenant, Events = [new(answered, null)] }, CancellationToken.None);
        // One that is at it answers again.
        if (CommandAnswer.Read(payload, FleetEvent.MaxResponseBytes).State is not CommandState.Running && tenant.Inbox.Find(device, command, request) is { } message)
            tenant.Inbox.Remove(null, message.Id);
    }

    [LoggerMessage(6021, LogLevel.Error, "What waits for devices could not be kept: {Reason}")]
    private partial void LogRefused(string reason);
}
