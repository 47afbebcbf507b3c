using System.Collections.Concurrent;
using System.Text;
using System.Threading.Channels;
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

/// <summary>
/// Hears what devices answer: here, where the device is acknowledged once it is kept; and through gateways, whose words are in the store already and are taken in their order. Looks there for what came while the node
/// was away, or was too much at once.
/// </summary>
internal sealed partial class CommandEars(
    CommandStore store, CommandWriter writer, CommandBook book, IFleet fleet, IDeviceWay way, TelemetryMqttHost host, CommandsOptions options, TimeProvider time, ILogger<CommandEars> logger) : BackgroundService
{
    private const int MostWaiting = 10_000;
    private const int AtOnce = 256;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    /// <summary>Words, and null to look back at a tenant's.</summary>
    private readonly Channel<(TenantId Tenant, GatewayWord? Word)> words = Channel.CreateBounded<(TenantId, GatewayWord?)>(new BoundedChannelOptions(MostWaiting) { SingleReader = true });

    /// <summary>Tenants whose words are to be looked for in the store.</summary>
    private readonly ConcurrentDictionary<TenantId, bool> missed = new();

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        host.Responded += OnResponded;
        way.Heard += OnHeard;
        fleet.Moved += OnMoved;
        foreach (var tenant in await store.TenantsAsync("start of the node: commands that are not over", cancellationToken))
            await LoadAsync(tenant, cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        host.Responded -= OnResponded;
        way.Heard -= OnHeard;
        fleet.Moved -= OnMoved;
        await base.StopAsync(cancellationToken);
    }

    /// <summary>Takes up what is not over; what gateways handed up meanwhile is looked for soon.</summary>
    public async Task LoadAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await writer.LoadAsync(tenant, cancellationToken);
        LookBack(tenant);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var taken = new List<(TenantId Tenant, GatewayWord Word)>(AtOnce);
        try
        {
            while (await words.Reader.WaitToReadAsync(stoppingToken))
            {
                taken.Clear();
                while (taken.Count < AtOnce && words.Reader.TryRead(out var next))
                    if (next.Word is { } word)
                        taken.Add((next.Tenant, word));
                await TakeAsync(taken, stoppingToken);
                foreach (var tenant in missed.Keys)
                    await LookBackAsync(tenant, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What was not taken is in the store, and is looked for at the next start.
        }
    }

    /// <summary>What the store has of what gateways handed up, oldest first; what was taken before changes nothing.</summary>
    private async Task LookBackAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        missed.TryRemove(tenant, out _);
        var devices = book.Of(tenant).Where(d => d.Open.Values.Any(c => c.Gateway is not null && c.At.IsUnderWay())).Select(d => (DeviceId?)DeviceId.Parse(d.Device)).ToList();
        foreach (var device in devices.Append(null))
            foreach (var some in (await HeardBeforeAsync(tenant, device, cancellationToken)).Chunk(AtOnce))
                await TakeAsync([.. some.Select(w => (tenant, w))], cancellationToken);
    }

    /// <summary>As <see cref="IDeviceWay.HeardBeforeAsync"/>, oldest first; asked again while the store does not answer, and given up as words are.</summary>
    private async Task<IEnumerable<GatewayWord>> HeardBeforeAsync(TenantId tenant, DeviceId? device, CancellationToken cancellationToken)
    {
        for (var pause = FirstPause; ; pause *= 2)
        {
            try
            {
                return (await way.HeardBeforeAsync(tenant, device, cancellationToken)).Reverse();
            }
#pragma warning disable CA1031 // The other words are taken, whatever it is.
            catch (Exception failure) when (failure is not OperationCanceledException)
#pragma warning restore CA1031
            {
                LogNotLooked(failure);
                if (pause > LongestPause)
                    return [];
                await Task.Delay(pause, time, cancellationToken);
            }
        }
    }

    private void LookBack(TenantId tenant)
    {
        missed[tenant] = true;
        words.Writer.TryWrite((tenant, null)); // Where there is no room, others are being taken, and it is seen after them.
    }

    /// <summary>On the connection's read loop. Null for what nobody gave, or was answered long ago.</summary>
    private Task? OnResponded(TenantId tenant, DeviceId device, string command, string request, byte[] payload) =>
        book.AwaitsAnswer(tenant, device.Value, request) ? KeepAsync(tenant, device.Value, command, request, payload) : null;

    /// <summary>On the store's writer's loop: waits for nothing. What finds no room is looked for in the store.</summary>
    private void OnHeard(TenantId tenant, GatewayWord word)
    {
        if (!words.Writer.TryWrite((tenant, word)))
            LookBack(tenant);
    }

    /// <summary>A device that goes for good is told nothing more.</summary>
    private void OnMoved(TenantId tenant, DeviceId device, DeviceTransition step)
    {
        if (step.To is not DeviceState.Decommissioned || book.Of(tenant, device.Value).IsEmpty)
            return;
        _ = writer.TryDo<bool>(tenant, async batch =>
        {
            foreach (var request in book.Of(tenant, device.Value).Values.Select(c => c.Request))
            {
                if (await batch.FindAsync(device.Value, request) is { } row && row.Progress.Cancel(Caller.NodeActor, batch.Now) is { } over)
                    batch.Put(row, row.With(over with { Reason = "the device was decommissioned" }));
            }
            return true;
        });
    }

    private async Task KeepAsync(TenantId tenant, string device, string command, string request, byte[] payload)
    {
        var kept = await writer.DoAsync<bool>(tenant, batch => AnswerAsync(batch, device, command, request, payload), CancellationToken.None);
        if (!kept.IsOk)
            throw new IOException(kept.Problem.Detail); // The device is not acknowledged, and says it again over its next connection.
    }

    /// <summary>Takes words in their order. Those that cannot be kept just now are tried again, one by one, so that one that never can does not hold the others for ever.</summary>
    private async Task TakeAsync(List<(TenantId Tenant, GatewayWord Word)> some, CancellationToken cancellationToken)
    {
        // Begun in their order: the writer keeps it.
        var outcomes = await Task.WhenAll([.. some.Select(w => TakeAsync(w.Tenant, w.Word))]);
        for (var i = 0; i < some.Count; i++)
        {
            var (outcome, pause) = (outcomes[i], FirstPause);
            while (!outcome.IsOk && outcome.Problem.Kind is ProblemKind.Unavailable && pause <= LongestPause)
            {
                await Task.Delay(pause, time, cancellationToken);
                outcome = await TakeAsync(some[i].Tenant, some[i].Word);
                pause *= 2;
            }
            if (!outcome.IsOk)
                LogNotTaken(some[i].Word.Device.Value, outcome.Problem.Detail);
            else if (outcome.Value)
                await TakeOvertakenAsync(some[i].Tenant, some[i].Word, cancellationToken);
        }
    }

    /// <summary>A gateway that comes back says what is new beside what it owes: the answer to a command may have come before the command.</summary>
    private async Task TakeOvertakenAsync(TenantId tenant, GatewayWord told, CancellationToken cancellationToken)
    {
        foreach (var word in await HeardBeforeAsync(tenant, told.Device, cancellationToken))
            if (word.Kind != FleetEventKinds.DeviceCommand && word.Request == told.Request)
                await TakeAsync([(tenant, word)], cancellationToken);
    }

    /// <returns>Whether a command is here that was not before.</returns>
    private Task<Outcome<bool>> TakeAsync(TenantId tenant, GatewayWord word)
    {
        var device = word.Device.Value;
        return writer.DoAsync<bool>(tenant, word.Kind switch
        {
            FleetEventKinds.DeviceResponse => batch => AnswerAsync(batch, device, word.Command, word.Request, Encoding.UTF8.GetBytes(word.Text)),
            FleetEventKinds.DeviceDelivered => async batch =>
            {
                if (await batch.FindAsync(device, word.Request) is { } row && row.Progress.Deliver(row.Terms, batch.Now) is { } progress)
                    batch.Put(row, row.With(progress));
                return false;
            },
            _ => batch => MirrorAsync(batch, word),
        }, CancellationToken.None);
    }

    private async ValueTask<Outcome<bool>> AnswerAsync(CommandBatch batch, string device, string command, string request, byte[] payload)
    {
        if (await batch.FindAsync(device, request) is not { } row || row.Name != command)
            return false;
        var answer = CommandAnswer.Read(payload, options.MaxResultBytes);
        if (row.Progress.Answer(answer.State, answer.Reason, row.Terms, batch.Now) is { } progress)
            batch.Put(row, row.With(progress));
        else if (row.At is not (CommandState.Cancelled or CommandState.Expired) || answer.State is CommandState.Running)
            return false; // It is answered; the device says it again because it did not hear that it was heard.
        if (answer.Result is { } result)
            await batch.SetContentAsync(CommandContentRow.ResultOf(row.Key), Encoding.UTF8.GetBytes(result));
        var message = row.MessageId;
        if (row.Gateway is not null && answer.State is not CommandState.Running)
            batch.Afterwards.Add(() => _ = way.RemoveAsync(batch.Tenant, message, CancellationToken.None));
        return false;
    }

    /// <summary>A gateway told a device of its own to do something: it is here as it was there.</summary>
    private async ValueTask<Outcome<bool>> MirrorAsync(CommandBatch batch, GatewayWord word)
    {
        if (await batch.FindAsync(word.Device.Value, word.Request) is not null || CommandNames.CheckName(word.Command) is not null || word.Command == CommandNames.Wipe || CommandNames.CheckRequest(word.Request) is not null
            || fleet.Find(batch.Tenant, word.Device) is null || LocalCommand.Read(word.Text) is not { } told)
            return false;
        var command = new NewCommand(word.Command, word.Request, told.Payload, null, told.Expires - word.At, options.AnswerWithin, options.Attempts, options.RetryAfter, 0);
        var row = CommandDesk.Make(batch, new Caller(batch.Tenant, $"{word.Gateway}: {told.By}"), word.Device.Value, word.Request, command) with { Created = word.At, Expires = told.Expires, Gateway = word.Gateway?.Value };
        // What became of it is on its way here: it is not said through another gateway before that.
        var said = row.With(row.Progress.Say(row.Terms, word.At, throughGateway: true)! with { Tried = batch.Now });
        batch.Put(null, said);
        batch.AddContent(CommandContentRow.PayloadOf(row.Key), told.Payload);
        batch.Audit(new Caller(batch.Tenant, row.Actor), "send", "command", row.Key, null, new { row.Device, row.Request, row.Name, bytes = told.Payload.Length, at = word.At, gateway = row.Gateway });
        return true;
    }

    [LoggerMessage(5709, LogLevel.Error, "What gateways said of commands could not be looked for.")]
    private partial void LogNotLooked(Exception failure);

    [LoggerMessage(5704, LogLevel.Error, "What a gateway said of a command of {Device} could not be kept; it is looked for at the next start: {Reason}")]
    private partial void LogNotTaken(string device, string reason);
}
