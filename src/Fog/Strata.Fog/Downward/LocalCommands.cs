using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Strata.Cloud.Contracts;
using Strata.Core;
using Strata.Core.Commands;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Fog.Served;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Devices;
using Strata.Telemetry;

namespace Strata.Fog.Downward;

/// <summary>
/// <c>/api/v1/devices/{id}/commands</c> of a gateway: tells a device of it to do something, whether the cloud is there or not, for rules of the site. On the disk before it is answered; what becomes of it is in the
/// gateway's store as events, and so comes to the cloud, where the command stands like any other.
/// </summary>
internal sealed class LocalCommands(ServedTenants served, DeviceDirectory devices, ITelemetryStore store, LocalCommandOptions options, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200);

    private readonly SemaphoreSlim waiters = new(options.MaxWaiters);

    public static void Map(IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api/v1/devices/{id}/commands").WithTags("Commands");
        api.MapPost("", (string id, HttpContext context, LocalCommands commands, CancellationToken stop) => commands.SendAsync(id, context, stop)).Requires(Permission.CommandsSend).WithSummary("Tells a device of this gateway to do something; with wait, waits for its answer")
            .Accepts<SendCommand>("application/json").Produces<CommandInfo>().Produces<CommandInfo>(StatusCodes.Status202Accepted).ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        api.MapGet("/{request}", (string id, string request, HttpContext context, LocalCommands commands, CancellationToken stop) => commands.OneAsync(id, request, context, stop)).Requires(Permission.DevicesRead).WithSummary("A command that this gateway told").Produces<CommandInfo>().ProducesProblem(StatusCodes.Status404NotFound);
    }

    /// <summary>Callers that could begin to wait now.</summary>
    public int FreeWaits => waiters.CurrentCount;

    public void Dispose() => waiters.Dispose();

    private async Task<IResult> SendAsync(string id, HttpContext context, CancellationToken cancellationToken)
    {
        var found = Find(id, context, Permission.CommandsSend);
        if (!found.IsOk)
            return ProblemResults.Of(found.Problem);
        var tenant = context.Access().Tenant;
        if (served.Of(tenant) is not { } of)
            return ProblemResults.Of(Unknown(id));
        var read = await ReadAsync(context, cancellationToken);
        if (!read.IsOk)
            return ProblemResults.Of(read.Problem, read.Problem.Kind is ProblemKind.TooMuch ? StatusCodes.Status413PayloadTooLarge : null);
        var (command, payload) = read.Value;
        var now = time.GetUtcNow();
        var request = command.Request ?? string.Create(CultureInfo.InvariantCulture, $"{now.ToUnixTimeMilliseconds():x11}{RandomNumberGenerator.GetHexString(9, lowercase: true)}");
        var known = await StateAsync(tenant, found.Value, request, of, cancellationToken);
        if (known is not null && (known.Name != command.Name || known.Payload?.GetRawText() != Encoding.UTF8.GetString(payload)))
            return ProblemResults.Of(ProblemKind.Conflict, $"There is another command of {id} under the id '{request}' ({known.Name}, {known.State}); use another id.", "request");
        if (known is null)
        {
            var expires = now + (command.Wait ?? command.Expires ?? options.UsualExpiry);
            var message = new DownwardMessage(IdOf(id, request), id, CommandNames.TopicOf(command.Name, request), Convert.ToBase64String(payload), expires.ToUnixTimeMilliseconds())
            {
                Told = new ToldHere(context.User.Identity?.Name ?? "unnamed", now, false),
            };
            try
            {
                if (!of.Inbox.Keep(null, message))
                    return ProblemResults.Of(ProblemKind.TooMuch, $"As much waits for devices of this gateway as there may be ({of.Inbox.MaxWaiting:N0} messages, {of.Inbox.MaxWaitingBytes:N0} bytes).");
            }
            catch (IOException refused)
            {
                return ProblemResults.Of(ProblemKind.Unavailable, $"The gateway's disk refused it: {refused.Message}");
            }
        }
        var state = await StateAsync(tenant, found.Value, request, of, cancellationToken);
        if (command.Wait is { } wait && state is { Ended: null })
        {
            if (!await waiters.WaitAsync(0, CancellationToken.None))
                return ProblemResults.Of(ProblemKind.TooMuch, $"{options.MaxWaiters:N0} callers wait for devices just now; ask for the command later: it goes on.");
            try
            {
                while (state is { Ended: null } && time.GetUtcNow() < now + wait)
                {
                    await Task.Delay(LookEvery, time, cancellationToken);
                    state = await StateAsync(tenant, found.Value, request, of, cancellationToken);
                }
            }
            finally
            {
                waiters.Release();
            }
        }
        return state is null ? ProblemResults.Of(Unknown(id)) : Results.Json(state, ContractsJson.Default.CommandInfo, statusCode: state.Ended is null ? StatusCodes.Status202Accepted : StatusCodes.Status200OK);
    }

    private async Task<IResult> OneAsync(string id, string request, HttpContext context, CancellationToken cancellationToken)
    {
        var found = Find(id, context, Permission.DevicesRead);
        if (!found.IsOk)
            return ProblemResults.Of(found.Problem);
        var tenant = context.Access().Tenant;
        return served.Of(tenant) is { } of && await StateAsync(tenant, found.Value, request, of, cancellationToken) is { } state
            ? Results.Json(state, ContractsJson.Default.CommandInfo)
            : ProblemResults.Of(ProblemKind.NotFound, "This gateway has told the device no such command.", "request");
    }

    private async Task<Outcome<(SendCommand Command, byte[] Payload)>> ReadAsync(HttpContext context, CancellationToken cancellationToken)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = options.MaxBodyBytes;
        SendCommand? command;
        try
        {
            command = await JsonSerializer.DeserializeAsync(context.Request.Body, ContractsJson.Default.SendCommand, cancellationToken);
        }
        catch (BadHttpRequestException tooLong) when (tooLong.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return new Problem(ProblemKind.TooMuch, $"The body has more than {options.MaxBodyBytes:N0} bytes.");
        }
        catch (JsonException wrong)
        {
            return new Problem(ProblemKind.Invalid, $"The body is not what is needed here: line {wrong.LineNumber + 1}, byte {wrong.BytePositionInLine} cannot be read.", wrong.Path?.TrimStart('$', '.'));
        }
        if (command is null)
            return new Problem(ProblemKind.Invalid, "The body is empty; an object is needed.");
        if (CommandNames.CheckName(command.Name) is { } name)
            return name;
        if (command.Name == CommandNames.Wipe)
            return new Problem(ProblemKind.Invalid, "A device is told to wipe itself by its decommissioning in the cloud.", "name");
        if (command.Request is { } request && CommandNames.CheckRequest(request) is { } wrongRequest)
            return wrongRequest;
        if (command is { Wait: not null, Expires: not null })
            return new Problem(ProblemKind.Invalid, "A command is waited for (wait) or queued (expires), not both.", "wait");
        if (command.Wait is { } wait && (wait < TimeSpan.FromSeconds(1) || wait > options.LongestWait))
            return new Problem(ProblemKind.Invalid, $"wait is from 1 s to {options.LongestWait.TotalSeconds:0} s.", "wait");
        if (command.Expires is { } expires && (expires < TimeSpan.FromSeconds(1) || expires > options.LongestExpiry))
            return new Problem(ProblemKind.Invalid, $"expires is from 1 s to {options.LongestExpiry.TotalDays:0} d at a gateway.", "expires");
        var payload = command.Payload is { ValueKind: not JsonValueKind.Undefined } given ? Encoding.UTF8.GetBytes(given.GetRawText()) : "{}"u8.ToArray();
        return payload.Length > options.MaxPayloadBytes ? new Problem(ProblemKind.TooMuch, $"A command's payload has at most {options.MaxPayloadBytes:N0} bytes.", "payload") : (command, payload);
    }

    /// <summary>A command as the inbox and the store's events say; null when there is none.</summary>
    private async Task<CommandInfo?> StateAsync(TenantId tenant, DeviceId device, string request, ServedTenant of, CancellationToken cancellationToken)
    {
        var waiting = of.Inbox.For(null).FirstOrDefault(m => m.Device == device.Value && m.Told is not null && m.Topic.EndsWith("/" + request, StringComparison.Ordinal));
        var events = (await store.EventsAsync(tenant, new EventRange(device, null, null, options.MaxEvents), cancellationToken)).Select(e => e.Event)
            .Where(e => e.Detail.Split(' ', 3) is [_, var of, ..] && of == request).OrderBy(e => e.Time).ToList();
        CommandInfo? info = waiting is null ? null : new CommandInfo(device.Value, request, waiting.Topic.Split('/')[1], "queued", waiting.Told!.At, waiting.Told.By)
        {
            Expires = DateTimeOffset.FromUnixTimeMilliseconds(waiting.Expires), Payload = JsonElement.Parse(Convert.FromBase64String(waiting.Payload)),
        };
        foreach (var happened in events)
        {
            var (parts, at) = (happened.Detail.Split(' ', 3), EventTime.ToDateTimeOffset(happened.Time));
            if (happened.Kind == FleetEventKinds.DeviceCommand && LocalCommand.Read(parts.ElementAtOrDefault(2) ?? "") is { } told)
                info ??= new CommandInfo(device.Value, request, parts[0], "queued", at, told.By) { Expires = told.Expires, Payload = JsonElement.Parse(told.Payload) };
            else if (happened.Kind == FleetEventKinds.DeviceDelivered && info is not null)
                info = info with { State = info.Ended is null && info.Running is null ? "delivered" : info.State, Delivered = info.Delivered ?? at };
            else if (happened.Kind == FleetEventKinds.DeviceResponse && info is not null)
                info = Answered(info, CommandAnswer.Read(Encoding.UTF8.GetBytes(parts.ElementAtOrDefault(2) ?? ""), FleetEvent.MaxResponseBytes), at);
        }
        return info is { Ended: null } && waiting is null && !of.Inbox.IsWaiting(IdOf(device.Value, request))
            ? info with { State = info.Delivered is null ? "expired" : "timedOut", Ended = info.Expires, Reason = "nothing came within its time" }
            : info;
    }

    private static CommandInfo Answered(CommandInfo info, CommandAnswer answer, DateTimeOffset at) => answer.State is CommandState.Running
        ? info with { State = "running", Running = info.Running ?? at, Reason = answer.Reason }
        : info with { State = CommandStates.NameOf(answer.State), Ended = at, Reason = answer.Reason, Result = answer.Result is { } result ? JsonElement.Parse(result) : null };

    private Outcome<DeviceId> Find(string id, HttpContext context, Permission permission)
    {
        var access = context.Access();
        if (!DeviceId.TryParse(id, out var device) || !devices.TryGet(access.Tenant, device, out _))
            return Unknown(id);
        return Access.Refusal(access.Decide(permission, device), () => Unknown(id)) is { } refusal ? refusal : device;
    }

    private static Problem Unknown(string id) => new(ProblemKind.NotFound, $"This gateway serves no device '{(id.Length > 128 ? id[..128] + "..." : id)}'.", "device");

    private static string IdOf(string device, string request) => $"l{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{device}/{request}")))[..31]}";
}
