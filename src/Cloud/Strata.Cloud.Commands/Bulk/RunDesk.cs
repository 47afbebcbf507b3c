using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Strata.Cloud.Commands.Rows;
using Strata.Cloud.Commands.Running;
using Strata.Cloud.Commands.Sending;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Core;
using Strata.Core.Commands;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Auth;

namespace Strata.Cloud.Commands.Bulk;

/// <summary>Where commands for many devices are begun and ended.</summary>
internal sealed class RunDesk(CommandWriter writer, CommandStore store, CommandBook book, IFleetSearch query, IDeviceWay way, CommandsOptions options, TimeProvider time)
{
    /// <summary>Reads what is asked for, and finds its devices.</summary>
    /// <param name="access">Null for one who may everything.</param>
    public async Task<Outcome<(NewCommand Command, IReadOnlyList<DeviceId> Devices)>> PrepareAsync(TenantId tenant, RunCommand request, Access? access, CancellationToken cancellationToken)
    {
        if (string.IsNullOrWhiteSpace(request.Query))
            return new Problem(ProblemKind.Invalid, "Say which devices; for all write id:*.", "query");
        if (request.Rate < 1 || request.Rate > options.MostPerSecond)
            return new Problem(ProblemKind.Invalid, $"rate is from 1 to {options.MostPerSecond:N0} commands a second.", "rate");
        if (request.Concurrency is < 1)
            return new Problem(ProblemKind.Invalid, "concurrency is 1 or more commands that are not over at once.", "concurrency");
        var command = NewCommand.Of(request.Name, request.Payload, request.Expires, request.AnswerWithin, request.Attempts, request.Priority, options);
        if (!command.IsOk)
            return command.Problem;
        var found = await query.FindAsync(tenant, request.Query, access, Permission.CommandsSend, cancellationToken);
        if (!found.IsOk)
            return found.Problem;
        return found.Value.Count > options.MaxRunDevices
            ? new Problem(ProblemKind.TooMuch, $"The query finds {found.Value.Count:N0} devices; one run has at most {options.MaxRunDevices:N0}. Ask for fewer.", "query")
            : (command.Value, found.Value);
    }

    /// <summary>Begins a run; its commands are made by the pacer.</summary>
    /// <param name="id">Drawn unless given; one that is there is given back as it is.</param>
    public async Task<Outcome<CommandRunRow>> BeginAsync(
        Caller caller, string by, RunCommand request, NewCommand command, IReadOnlyList<DeviceId> devices, CancellationToken cancellationToken, string? id = null, string? schedule = null)
    {
        if (devices.Count == 0)
            return new Problem(ProblemKind.NotFound, "The query finds no device that may be told; nothing was done.", "query");
        var name = id ?? string.Create(CultureInfo.InvariantCulture, $"{CommandNames.RunPrefix}{time.GetUtcNow().ToUnixTimeMilliseconds():x11}{RandomNumberGenerator.GetHexString(5, lowercase: true)}");
        return await writer.DoAsync<CommandRunRow>(caller.Tenant, async batch =>
        {
            if (await batch.FindRunAsync(name) is { } known)
                return known;
            if (batch.OpenRuns >= options.MaxOpenRuns)
                return new Problem(ProblemKind.TooMuch, $"{options.MaxOpenRuns} runs are not over, which is all there may be; wait, or cancel one.");
            var row = new CommandRunRow
            {
                TenantId = caller.Tenant.Value, Id = name, Query = request.Query, Name = command.Name, State = CommandRunRow.Running, Expiry = command.Expiry, AnswerWithin = command.AnswerWithin,
                Attempts = command.Attempts, Priority = command.Priority, Rate = request.Rate ?? options.UsualPerSecond, Concurrency = request.Concurrency,
                Payload = command.Payload, Found = devices.Count, Made = 0, Refused = 0, Refusals = "[]",
                Actor = caller.Actor, By = by, Schedule = schedule, Started = batch.Now,
            };
            batch.Put(null, row);
            batch.AddContent(CommandContentRow.DevicesOf(row.Id), Encoding.UTF8.GetBytes(string.Join('\n', devices.Select(d => d.Value))));
            batch.Audit(caller, "send", "command-run", row.Id, null, new { row.Query, row.Name, bytes = row.Payload.Length, row.Found, row.Rate, row.Concurrency, row.Schedule });
            return row;
        }, cancellationToken);
    }

    /// <summary>Makes no more of its commands, and takes back those that were not said yet.</summary>
    public async Task<Outcome<CommandRunRow>> CancelAsync(Caller caller, string id, CancellationToken cancellationToken)
    {
        var cancelled = await writer.DoAsync<CommandRunRow>(caller.Tenant, async batch =>
        {
            if (await batch.FindRunAsync(id) is not { } row)
                return Unknown(id);
            if (row.State == CommandRunRow.Cancelled)
                return row;
            if (row.State == CommandRunRow.Done)
                return new Problem(ProblemKind.Conflict, "The run is done: all of its commands are over.", "id");
            var after = row with { State = CommandRunRow.Cancelled, Ended = batch.Now, Reason = $"taken back by {caller.Actor}" };
            batch.Put(row, after);
            batch.Audit(caller, "cancel", "command-run", row.Id, new { row.State, row.Made }, new { after.State });
            return after;
        }, cancellationToken);
        if (!cancelled.IsOk)
            return cancelled;
        foreach (var some in book.Of(caller.Tenant).SelectMany(d => d.Open.Values).Where(c => c.Run == id && c.At is CommandState.Queued).Chunk(200))
        {
            var done = await writer.DoAsync<IReadOnlyList<CommandRow>>(caller.Tenant, async batch =>
            {
                var ended = new List<CommandRow>();
                foreach (var seen in some)
                {
                    if (await batch.FindAsync(seen.Device, seen.Request) is { } row && row.At is CommandState.Queued && row.Progress.Cancel(caller.Actor, batch.Now) is { } over)
                    {
                        batch.Put(row, row.With(over));
                        ended.Add(row);
                    }
                }
                return ended;
            }, cancellationToken);
            if (!done.IsOk)
                return done.Problem;
            foreach (var row in done.Value)
                await way.RemoveAsync(caller.Tenant, row.MessageId, CancellationToken.None);
        }
        return cancelled;
    }

    /// <summary>How far it is.</summary>
    public async Task<CommandRunInfo> ShowAsync(TenantId tenant, CommandRunRow row, CancellationToken cancellationToken)
    {
        var counts = new SortedDictionary<string, int>(await store.CountsAsync(tenant, row.Id, cancellationToken), StringComparer.Ordinal);
        if (row.Refused > 0)
            counts["refused"] = row.Refused;
        return new CommandRunInfo(row.Id, row.Query, row.Name, row.State, row.Found, row.Made, counts, row.Actor, row.Started)
        {
            Payload = JsonElement.Parse(row.Payload), Rate = row.Rate, Concurrency = row.Concurrency, Ended = row.Ended, Schedule = row.Schedule, Reason = row.Reason,
            Refusals = JsonSerializer.Deserialize<List<BulkRefusal>>(row.Refusals, JsonSerializerOptions.Web) ?? [],
        };
    }

    public static Problem Unknown(string id) => new(ProblemKind.NotFound, $"There is no run '{(id.Length > 64 ? id[..64] + "..." : id)}'.", "id");
}
