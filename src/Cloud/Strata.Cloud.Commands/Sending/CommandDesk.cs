using System.Globalization;
using System.Security.Cryptography;
using Strata.Cloud.Commands.Rows;
using Strata.Cloud.Commands.Running;
using Strata.Cloud.Commands.Schemas;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Core;
using Strata.Core.Commands;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Commands.Sending;

/// <summary>Where commands are given and taken back: looks what may be, writes it with its audit record, and has what is direct said at once.</summary>
internal sealed class CommandDesk(CommandWriter writer, CommandStore store, CommandNews news, SchemaBook schemas, CommandMouth mouth, IDeviceWay way, CommandsOptions options, TimeProvider time)
{
    /// <summary>Gives a command. One that is there under its id with the same content is answered with as it is, and is not given again.</summary>
    public async Task<Outcome<CommandRow>> SendAsync(Caller caller, FleetDevice device, NewCommand command, CancellationToken cancellationToken)
    {
        if (Refusal(caller.Tenant, device, command) is { } refusal)
            return refusal;
        var request = command.Request ?? Draw();
        var route = way.RouteOf(caller.Tenant, device.Id, CommandNames.TopicOf(command.Name, request));
        var written = await writer.DoAsync<(CommandRow Row, bool IsNew)>(caller.Tenant, async batch =>
        {
            if (await batch.FindAsync(device.Id.Value, request) is { } known)
            {
                return known.Digest == command.Digest ? (known, false)
                    : new Problem(ProblemKind.Conflict, $"There is another command of {device.Id} under the id '{request}' ({known.Name}, {known.State}); use another id.", "request");
            }
            if (command.IsDirect && Away(device, route) is { } away)
                return away;
            if (Full(batch, device.Id.Value) is { } full)
                return full;
            var row = Make(batch, caller, device.Id.Value, request, command);
            if (command.IsDirect)
                row = Said(row, route, batch.Now);
            batch.Put(null, row);
            batch.AddContent(CommandContentRow.PayloadOf(row.Key), command.Payload);
            batch.Audit(caller, "send", "command", row.Key, null, new { row.Device, row.Request, row.Name, bytes = command.Payload.Length, row.Expires, direct = row.IsDirect, row.Priority });
            return (row, true);
        }, cancellationToken);
        if (!written.IsOk)
            return written.Problem;
        if (written.Value.IsNew && command.IsDirect)
            await mouth.SayAsync(caller.Tenant, written.Value.Row, command.Payload);
        return written.Value.Row;
    }

    /// <summary>As <see cref="SendAsync"/> makes it: within a batch, for who gives many.</summary>
    public static CommandRow Make(CommandBatch batch, Caller caller, string device, string request, NewCommand command) => new CommandRow
    {
        TenantId = caller.Tenant.Value, Key = CommandRow.KeyOf(device, request), Device = device, Request = request, Name = command.Name, Digest = command.Digest, State = CommandStates.NameOf(CommandState.Queued),
        Created = batch.Now, Expires = batch.Now + (command.Wait ?? command.Expiry), AnswerWithin = command.AnswerWithin, MaxAttempts = command.Attempts, RetryAfter = command.RetryAfter, Priority = command.Priority,
        IsDirect = command.IsDirect, Actor = caller.Actor, Run = command.Run,
    };

    /// <summary>It goes now.</summary>
    public static CommandRow Said(CommandRow row, in DeviceRoute route, DateTimeOffset now) =>
        row.With(row.Progress.Say(row.Terms, now, route.Reach is DeviceReach.ThroughGateway)!) with { Gateway = route.Reach is DeviceReach.Here ? null : route.Gateway?.Value };

    /// <summary>Why the device gets no such command; null when it may.</summary>
    public Problem? Refusal(TenantId tenant, FleetDevice device, NewCommand command)
    {
        if (device.State is DeviceState.Decommissioned)
            return new Problem(ProblemKind.Conflict, $"Device '{device.Id}' is decommissioned; it gets no commands.", "device");
        if (command.IsDirect && !DeviceLifecycle.Rights(device.State).Commands)
            return new Problem(ProblemKind.Conflict, $"Device '{device.Id}' is {DeviceLifecycle.Name(device.State)}; it gets commands when it is active. Queue it (expires) for then.", "device");
        return schemas.Check(tenant, device.Model, command.Name, command.Payload);
    }

    /// <summary>Why no more commands wait for the device; null when there is room.</summary>
    public Problem? Full(CommandBatch batch, string device)
    {
        if (batch.OpenOf(device) >= options.MaxOpenOfDevice)
            return new Problem(ProblemKind.TooMuch, $"{options.MaxOpenOfDevice:N0} commands of {device} are not over, which is all there may be; wait, or cancel some.", "device");
        return batch.Open >= options.MaxOpenOfTenant ? new Problem(ProblemKind.TooMuch, $"{options.MaxOpenOfTenant:N0} commands are not over, which is all there may be; wait, or cancel some.") : null;
    }

    /// <summary>Waits until it is over.</summary>
    /// <returns>As it is then, or after so long.</returns>
    public async Task<Outcome<CommandRow>> WaitAsync(TenantId tenant, CommandRow row, TimeSpan longest, CancellationToken cancellationToken)
    {
        using var wait = news.TryWait(tenant, row.Key);
        if (wait is null)
            return new Problem(ProblemKind.TooMuch, $"{options.MaxWaiting:N0} callers wait for devices just now; ask for the command later: it goes on.");
        if (await FindAsync(tenant, row.Device, row.Request, cancellationToken) is not { Ended: null } open)
            return await FindAsync(tenant, row.Device, row.Request, cancellationToken) ?? row;
        try
        {
            return await wait.End.WaitAsync(longest, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return await FindAsync(tenant, row.Device, row.Request, cancellationToken) ?? open;
        }
    }

    public async Task<CommandRow?> FindAsync(TenantId tenant, string device, string request, CancellationToken cancellationToken) =>
        mouth.Book.Find(tenant, device, request) ?? await store.FindAsync(tenant, CommandRow.KeyOf(device, request), cancellationToken);

    /// <summary>Takes a command back.</summary>
    public async Task<Outcome<CommandRow>> CancelAsync(Caller caller, string device, string request, CancellationToken cancellationToken)
    {
        var cancelled = await writer.DoAsync<CommandRow>(caller.Tenant, async batch =>
        {
            if (await batch.FindAsync(device, request) is not { } row)
                return Unknown(request);
            if (row.Progress.Cancel(caller.Actor, batch.Now) is not { } progress)
                return row.At is CommandState.Cancelled ? row : new Problem(ProblemKind.Conflict, $"The command is {row.State} already.", "request");
            var after = row.With(progress);
            batch.Put(row, after);
            batch.Audit(caller, "cancel", "command", row.Key, new { row.State }, new { after.State });
            return after;
        }, cancellationToken);
        if (cancelled.IsOk)
            await way.RemoveAsync(caller.Tenant, cancelled.Value.MessageId, CancellationToken.None);
        return cancelled;
    }

    public static Problem Unknown(string request) => new(ProblemKind.NotFound, $"There is no command '{(request.Length > 64 ? request[..64] + "..." : request)}' of this device.", "request");

    private static Problem? Away(FleetDevice device, in DeviceRoute route)
    {
        var since = route.LastSeen is { } at ? string.Create(CultureInfo.InvariantCulture, $"since {at:yyyy-MM-dd'T'HH:mm:ss'Z'}") : "and was never heard";
        return route.Reach switch
        {
            DeviceReach.Away when route.IsDeaf => new Problem(ProblemKind.NotFound, $"Device '{device.Id}' is connected but does not subscribe to devices/{device.Id}/commands/+/+: what is waited for needs that. Queue it (expires) and it gets it when it does.", "device"),
            DeviceReach.Away => new Problem(ProblemKind.NotFound, $"Device '{device.Id}' is offline {since}: what is waited for needs it here. Queue it (expires) and it gets it when it comes.", "device"),
            DeviceReach.GatewayAway => new Problem(ProblemKind.NotFound, $"Device '{device.Id}' is offline {since}: its gateway {route.Gateway} is away. Queue it (expires) and it gets it when that comes.", "device"),
            _ => null,
        };
    }

    private string Draw() => string.Create(CultureInfo.InvariantCulture, $"{time.GetUtcNow().ToUnixTimeMilliseconds():x11}{RandomNumberGenerator.GetHexString(9, lowercase: true)}");
}
