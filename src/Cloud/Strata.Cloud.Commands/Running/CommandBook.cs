using System.Collections.Concurrent;
using System.Collections.Immutable;
using Strata.Cloud.Commands.Rows;
using Strata.Core.Commands;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Commands.Running;

/// <summary>
/// The commands and runs that are not over, in memory as they are in the tables, and who ended without an answer lately. Commands without payloads, so that ten thousand of them are a few megabytes. Changed by the writer alone, after
/// its commits; read from any thread.
/// </summary>
internal sealed class CommandBook
{
    /// <summary>Of those that ended without an answer, so many are remembered: an answer that comes later is theirs.</summary>
    public const int MaxUnanswered = 10_000;

    private readonly ConcurrentDictionary<TenantId, TenantCommands> tenants = new();

    public IEnumerable<TenantId> Tenants => tenants.Keys;

    public int CountOf(TenantId tenant) => tenants.TryGetValue(tenant, out var of) ? of.Count : 0;

    /// <summary>The devices that have any.</summary>
    public IEnumerable<(string Device, ImmutableDictionary<string, CommandRow> Open)> Of(TenantId tenant) =>
        tenants.TryGetValue(tenant, out var of) ? of.Devices.Select(d => (d.Key, d.Value)) : [];

    /// <summary>Those of one device, by their keys.</summary>
    public ImmutableDictionary<string, CommandRow> Of(TenantId tenant, string device) =>
        tenants.TryGetValue(tenant, out var of) ? of.Devices.GetValueOrDefault(device) ?? ImmutableDictionary<string, CommandRow>.Empty : ImmutableDictionary<string, CommandRow>.Empty;

    public CommandRow? Find(TenantId tenant, string device, string request) => Of(tenant, device).GetValueOrDefault(CommandRow.KeyOf(device, request));

    /// <summary>How many of a run are not over.</summary>
    public int OpenOfRun(TenantId tenant, string run) => tenants.TryGetValue(tenant, out var of) ? of.OfRuns.GetValueOrDefault(run) : 0;

    /// <summary>The runs that are not over.</summary>
    public IReadOnlyCollection<CommandRunRow> RunsOf(TenantId tenant) => tenants.TryGetValue(tenant, out var of) ? [.. of.Runs.Values] : [];

    /// <summary>Whether an answer to it may still be its own.</summary>
    public bool AwaitsAnswer(TenantId tenant, string device, string request) =>
        Find(tenant, device, request) is not null || (tenants.TryGetValue(tenant, out var of) && of.Unanswered.ContainsKey(CommandRow.KeyOf(device, request)));

    /// <summary>Takes what is in the tables, in place of what was here.</summary>
    public void Load(TenantId tenant, IEnumerable<CommandRow> open, IEnumerable<CommandRow> unanswered, IEnumerable<CommandRunRow> runs)
    {
        var of = new TenantCommands();
        foreach (var row in unanswered.Reverse().Concat(open))
            of.Put(row);
        foreach (var run in runs)
            of.Put(run);
        tenants[tenant] = of;
    }

    /// <summary>Follows a commit.</summary>
    public void Put(TenantId tenant, CommandRow row) => tenants.GetOrAdd(tenant, static _ => new TenantCommands()).Put(row);

    /// <summary>Follows a commit.</summary>
    public void Put(TenantId tenant, CommandRunRow run) => tenants.GetOrAdd(tenant, static _ => new TenantCommands()).Put(run);

    public void Forget(TenantId tenant) => tenants.TryRemove(tenant, out _);

    private sealed class TenantCommands
    {
        private readonly Queue<string> unanswered = new();

        public ConcurrentDictionary<string, ImmutableDictionary<string, CommandRow>> Devices { get; } = new(StringComparer.Ordinal);

        public ConcurrentDictionary<string, int> OfRuns { get; } = new(StringComparer.Ordinal);

        public ConcurrentDictionary<string, CommandRunRow> Runs { get; } = new(StringComparer.Ordinal);

        public ConcurrentDictionary<string, bool> Unanswered { get; } = new(StringComparer.Ordinal);

        public int Count { get; private set; }

        public void Put(CommandRunRow run)
        {
            if (run.State == CommandRunRow.Running)
                Runs[run.Id] = run;
            else
                Runs.TryRemove(run.Id, out _);
        }

        public void Put(CommandRow row)
        {
            var before = Devices.GetValueOrDefault(row.Device) ?? ImmutableDictionary<string, CommandRow>.Empty;
            var was = before.ContainsKey(row.Key);
            var (isOpen, state) = (row.Ended is null, row.At);
            var after = isOpen ? before.SetItem(row.Key, row) : before.Remove(row.Key);
            if (after.IsEmpty)
                Devices.TryRemove(row.Device, out _);
            else
                Devices[row.Device] = after;
            if (was != isOpen)
            {
                Count += isOpen ? 1 : -1;
                if (row.Run is { } run && OfRuns.AddOrUpdate(run, _ => isOpen ? 1 : 0, (_, count) => count + (isOpen ? 1 : -1)) == 0)
                    OfRuns.TryRemove(run, out _);
            }
            if (state is CommandState.TimedOut or CommandState.Cancelled && Unanswered.TryAdd(row.Key, true))
            {
                unanswered.Enqueue(row.Key);
                if (unanswered.Count > MaxUnanswered)
                    Unanswered.TryRemove(unanswered.Dequeue(), out _);
            }
        }
    }
}
