using System.Text.Json;
using Strata.Cloud.Commands.Rows;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Audit;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Commands.Running;

/// <summary>What is written as one transaction: jobs that came at the same time, each decided on what those before it made. Of the writer's loop.</summary>
internal sealed class CommandBatch(TenantId tenant, CommandBook book, CommandStore store, DateTimeOffset now)
{
    private readonly Dictionary<string, (CommandRow? Before, CommandRow After)> commands = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (CommandContentRow? Before, CommandContentRow After)> contents = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (CommandRunRow? Before, CommandRunRow After)> runs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> added = new(StringComparer.Ordinal);

    public TenantId Tenant { get; } = tenant;

    /// <summary>As tables keep it, in whole microseconds.</summary>
    public DateTimeOffset Now { get; } = now;

    public IEnumerable<(object? Before, object After)> Rows =>
        [.. commands.Values.Select(static r => ((object?)r.Before, (object)r.After)), .. contents.Values.Select(static r => ((object?)r.Before, (object)r.After)), .. runs.Values.Select(static r => ((object?)r.Before, (object)r.After))];

    public IEnumerable<CommandRow> Commands => commands.Values.Select(static r => r.After);

    public IEnumerable<CommandRunRow> Runs => runs.Values.Select(static r => r.After);

    public List<AuditRow> Audits { get; } = [];

    /// <summary>To be done once it is written, on the writer's loop; quick.</summary>
    public List<Action> Afterwards { get; } = [];

    public bool IsEmpty => commands.Count == 0 && contents.Count == 0 && runs.Count == 0 && Audits.Count == 0;

    /// <summary>Commands of the device that are not over; the batch's own among them.</summary>
    public int OpenOf(string device) => book.Of(Tenant, device).Count + added.GetValueOrDefault(device);

    /// <summary>The same of the tenant.</summary>
    public int Open => book.CountOf(Tenant) + added.Values.Sum();

    /// <summary>Runs of the tenant that are not over.</summary>
    public int OpenRuns => book.RunsOf(Tenant).Count(r => !runs.ContainsKey(r.Id)) + runs.Values.Count(static r => r.After.State == CommandRunRow.Running);

    /// <summary>A command as it is now, also when it is over; null when there is none.</summary>
    public async ValueTask<CommandRow?> FindAsync(string device, string request)
    {
        var key = CommandRow.KeyOf(device, request);
        return commands.TryGetValue(key, out var changed) ? changed.After : book.Find(Tenant, device, request) ?? await store.FindAsync(Tenant, key, CancellationToken.None);
    }

    public async ValueTask<CommandRunRow?> FindRunAsync(string id) => runs.TryGetValue(id, out var changed) ? changed.After : await store.FindRunAsync(Tenant, id, CancellationToken.None);

    /// <param name="before">As <see cref="FindAsync"/> gave it; null for a new one.</param>
    public void Put(CommandRow? before, CommandRow after)
    {
        commands[after.Key] = (commands.TryGetValue(after.Key, out var known) ? known.Before : before, after);
        var delta = (after.Ended is null ? 1 : 0) - (before is { Ended: null } ? 1 : 0);
        if (delta != 0)
            added[after.Device] = added.GetValueOrDefault(after.Device) + delta;
    }

    public void Put(CommandRunRow? before, CommandRunRow after) => runs[after.Id] = (runs.TryGetValue(after.Id, out var known) ? known.Before : before, after);

    public void AddContent(string id, byte[] content) => contents[id] = (null, new CommandContentRow { TenantId = Tenant.Value, Id = id, Content = content });

    /// <summary>In place of what was there, if anything was.</summary>
    public async ValueTask SetContentAsync(string id, byte[] content)
    {
        var row = new CommandContentRow { TenantId = Tenant.Value, Id = id, Content = content };
        if (contents.TryGetValue(id, out var known))
            contents[id] = (known.Before, row);
        else
            contents[id] = (await store.ContentAsync(Tenant, id, CancellationToken.None) is { } before ? row with { Content = before } : null, row);
    }

    public void Audit(Caller caller, string action, string kind, string subject, object? before, object? after) => Audits.Add(new AuditRow
    {
        TenantId = Tenant.Value, Id = 0, Time = Now, Actor = caller.Actor, Origin = caller.Origin, Action = action, Kind = kind, Subject = subject, Before = Json(before), After = Json(after),
    });

    private static string? Json(object? value) => value is null ? null : JsonSerializer.Serialize(value, JsonSerializerOptions.Web);
}
