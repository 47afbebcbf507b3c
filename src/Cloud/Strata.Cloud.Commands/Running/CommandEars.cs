using System.Text;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Commands.Rows;
using Strata.Cloud.Commands.Sending;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Core;
using Strata.Core.Commands;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Ingest;

namespace Strata.Cloud.Commands.Running;

/// <summary>Hears what devices answer: here, where the device is acknowledged once it is kept; and through gateways, whose word is in the store already. Looks there for what came while the node was away.</summary>
internal sealed partial class CommandEars(
    CommandStore store, CommandWriter writer, CommandBook book, IFleet fleet, IDeviceWay way, TelemetryMqttHost host, CommandsOptions options, ILogger<CommandEars> logger) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var tenant in await store.TenantsAsync("start of the node: commands that are not over", cancellationToken))
            await LoadAsync(tenant, cancellationToken);
        host.Responded += OnResponded;
        way.Heard += OnHeard;
        fleet.Moved += OnMoved;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        host.Responded -= OnResponded;
        way.Heard -= OnHeard;
        fleet.Moved -= OnMoved;
        return Task.CompletedTask;
    }

    /// <summary>Takes up what is not over, and what gateways handed up meanwhile.</summary>
    public async Task LoadAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await writer.LoadAsync(tenant, cancellationToken);
        var devices = book.Of(tenant).Where(d => d.Open.Values.Any(c => c.Gateway is not null && c.At.IsUnderWay())).Select(d => (DeviceId?)DeviceId.Parse(d.Device)).ToList();
        foreach (var device in devices.Append(null))
        {
            foreach (var word in (await way.HeardBeforeAsync(tenant, device, cancellationToken)).Reverse())
                _ = TakeAsync(tenant, word);
        }
    }

    /// <summary>On the connection's read loop. Null for what nobody gave, or was answered long ago.</summary>
    private Task? OnResponded(TenantId tenant, DeviceId device, string command, string request, byte[] payload) =>
        book.AwaitsAnswer(tenant, device.Value, request) ? KeepAsync(tenant, device.Value, command, request, payload) : null;

    /// <summary>On the store's writer's loop.</summary>
    private void OnHeard(TenantId tenant, GatewayWord word) => _ = TakeAsync(tenant, word);

    /// <summary>A device that goes for good is told nothing more.</summary>
    private void OnMoved(TenantId tenant, DeviceId device, DeviceTransition step)
    {
        if (step.To is not DeviceState.Decommissioned || book.Of(tenant, device.Value).IsEmpty)
            return;
        _ = writer.TryDo<bool>(tenant, batch =>
        {
            foreach (var row in book.Of(tenant, device.Value).Values)
            {
                if (row.Progress.Cancel(Caller.NodeActor, batch.Now) is { } over)
                    batch.Put(row, row.With(over with { Reason = "the device was decommissioned" }));
            }
            return new(true);
        });
    }

    private async Task KeepAsync(TenantId tenant, string device, string command, string request, byte[] payload)
    {
        var kept = await writer.DoAsync<bool>(tenant, batch => AnswerAsync(batch, device, command, request, payload), CancellationToken.None);
        if (!kept.IsOk)
            throw new IOException(kept.Problem.Detail); // The device is not acknowledged and says it again.
    }

    private async Task TakeAsync(TenantId tenant, GatewayWord word)
    {
        var device = word.Device.Value;
        var taken = await writer.DoAsync<bool>(tenant, word.Kind switch
        {
            FleetEventKinds.DeviceResponse => batch => AnswerAsync(batch, device, word.Command, word.Request, Encoding.UTF8.GetBytes(word.Text)),
            FleetEventKinds.DeviceDelivered => async batch =>
            {
                if (await batch.FindAsync(device, word.Request) is { } row && row.Progress.Deliver(row.Terms, batch.Now) is { } progress)
                    batch.Put(row, row.With(progress));
                return true;
            },
            _ => batch => MirrorAsync(batch, word),
        }, CancellationToken.None);
        if (!taken.IsOk)
            LogNotTaken(device, taken.Problem.Detail);
    }

    private async ValueTask<Outcome<bool>> AnswerAsync(CommandBatch batch, string device, string command, string request, byte[] payload)
    {
        if (await batch.FindAsync(device, request) is not { } row || row.Name != command)
            return true;
        var answer = CommandAnswer.Read(payload, options.MaxResultBytes);
        if (row.Progress.Answer(answer.State, answer.Reason, row.Terms, batch.Now) is { } progress)
            batch.Put(row, row.With(progress));
        else if (row.At is not (CommandState.Cancelled or CommandState.Expired) || answer.State is CommandState.Running)
            return true; // It is answered; the device says it again because it did not hear that it was heard.
        if (answer.Result is { } result)
            await batch.SetContentAsync(CommandContentRow.ResultOf(row.Key), Encoding.UTF8.GetBytes(result));
        if (row.Insists && answer.State is not CommandState.Running)
            await batch.SetContentAsync(CommandContentRow.AnswerOf(row.Key), payload.Length > options.MaxResultBytes ? payload[..options.MaxResultBytes] : payload);
        var message = row.MessageId;
        if (row.Gateway is not null && answer.State is not CommandState.Running)
            batch.Afterwards.Add(() => _ = way.RemoveAsync(batch.Tenant, message, CancellationToken.None));
        return true;
    }

    /// <summary>A gateway told a device of its own to do something: it is here as it was there.</summary>
    private async ValueTask<Outcome<bool>> MirrorAsync(CommandBatch batch, GatewayWord word)
    {
        if (await batch.FindAsync(word.Device.Value, word.Request) is not null || CommandNames.CheckName(word.Command) is not null || CommandNames.CheckRequest(word.Request) is not null
            || fleet.Find(batch.Tenant, word.Device) is null || LocalCommand.Read(word.Text) is not { } told)
            return true;
        var command = new NewCommand(word.Command, word.Request, told.Payload, null, told.Expires - word.At, options.AnswerWithin, options.Attempts, options.RetryAfter, 0);
        var row = CommandDesk.Make(batch, new Caller(batch.Tenant, $"{word.Gateway}: {told.By}"), word.Device.Value, word.Request, command) with { Created = word.At, Expires = told.Expires, Gateway = word.Gateway?.Value };
        var said = row.With(row.Progress.Say(row.Terms, word.At, throughGateway: true)!);
        batch.Put(null, said);
        batch.AddContent(CommandContentRow.PayloadOf(row.Key), told.Payload);
        batch.Audit(new Caller(batch.Tenant, row.Actor), "send", "command", row.Key, null, new { row.Device, row.Request, row.Name, bytes = told.Payload.Length, at = word.At, gateway = row.Gateway });
        return true;
    }

    [LoggerMessage(5704, LogLevel.Error, "What a gateway said of a command of {Device} could not be kept; it is looked for at the next start: {Reason}")]
    private partial void LogNotTaken(string device, string reason);
}
