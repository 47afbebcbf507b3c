using System.Runtime.ExceptionServices;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Node.Devices;

/// <summary>
/// <see cref="IRejectionLog"/> in memory: equal refusals are one entry with a count. At most <c>capacity</c> entries, of one kind at most
/// half of them, of one subject and kind at most 20 different reasons (further ones are gathered as "other reasons"): nobody can push
/// everyone else's entries out. The least recently refused goes first.
/// </summary>
public sealed class RejectionLog(TimeProvider time, int capacity = RejectionLog.DefaultCapacity) : IRejectionLog
{
    public const int DefaultCapacity = 10_000;
    public const int MaxReasons = 20;
    public const int MaxSubjectLength = DeviceId.MaxLength;
    public const int MaxReasonLength = 300;

    private readonly Lock gate = new();
    private readonly Dictionary<Key, LinkedListNode<Slot>> entries = [];
    private readonly Dictionary<(TenantId, RejectionKind, string, GatewayId?), int> reasons = [];
    private readonly LinkedList<Slot>[] byKind = [.. Enum.GetValues<RejectionKind>().Select(_ => new LinkedList<Slot>())];
    private readonly Dictionary<Key, long> unwritten = [];

    public void Record(TenantId tenant, RejectionKind kind, string subject, string reason, GatewayId? gateway = null, long count = 1)
    {
        if (count <= 0)
            return;
        var now = time.GetUtcNow();
        var key = new Key(tenant, kind, Printable(subject, MaxSubjectLength), Printable(reason, MaxReasonLength), gateway);
        lock (gate)
        {
            if (!entries.TryGetValue(key, out var node) && !TryAdd(ref key, now, out node))
                node = entries[key];
            var list = byKind[(int)kind];
            list.Remove(node);
            node.Value = node.Value with { Count = node.Value.Count + count, Last = now };
            list.AddLast(node);
            unwritten[key] = unwritten.GetValueOrDefault(key) + count;
        }
    }

    /// <summary>Puts kept entries back at a start. Entries beyond the bounds are left out.</summary>
    public void Load(IEnumerable<RejectionEntry> kept)
    {
        lock (gate)
        {
            foreach (var entry in kept.OrderBy(e => e.Last))
            {
                var key = new Key(entry.Tenant, entry.Kind, entry.Subject, entry.Reason, entry.Gateway);
                if (entries.ContainsKey(key) || !TryAdd(ref key, entry.First, out var node))
                    continue;
                node.Value = node.Value with { Count = entry.Count, Last = entry.Last };
            }
        }
    }

    public IReadOnlyList<RejectionEntry> Newest(TenantId tenant, int limit = int.MaxValue)
    {
        lock (gate)
            return [.. entries.Values.Select(n => n.Value).Where(s => s.Key.Tenant == tenant).OrderByDescending(s => s.Last).Take(limit).Select(s => s.Entry)];
    }

    /// <summary>Hands what came since the last successful flush to the sink. One caller at a time.</summary>
    public async ValueTask FlushAsync(IRejectionSink sink, CancellationToken cancellationToken)
    {
        List<(Key Key, RejectionChange Change)> changes;
        lock (gate)
            changes = [.. unwritten.Select(u => (u.Key, new RejectionChange(entries[u.Key].Value.Entry, u.Value)))];
        Exception? failed = null;
        foreach (var own in changes.GroupBy(c => c.Key.Tenant))
        {
            try
            {
                await sink.WriteAsync([.. own.Select(c => c.Change)], cancellationToken);
                Settle(own);
            }
#pragma warning disable CA1031 // The sink may be any store; one tenant's that fails must not make those of others be told again.
            catch (Exception failure) when (failure is not OperationCanceledException)
#pragma warning restore CA1031
            {
                failed ??= failure;
            }
        }
        if (failed is not null)
            ExceptionDispatchInfo.Throw(failed);
    }

    private void Settle(IEnumerable<(Key Key, RejectionChange Change)> written)
    {
        lock (gate)
        {
            foreach (var (key, change) in written)
            {
                if (!unwritten.TryGetValue(key, out var waiting))
                    continue;
                if (waiting > change.Added)
                    unwritten[key] = waiting - change.Added;
                else
                    unwritten.Remove(key);
            }
        }
    }

    /// <summary>False when the subject has too many reasons: <paramref name="key"/> is then the gathered entry's, which exists.</summary>
    private bool TryAdd(ref Key key, DateTimeOffset now, out LinkedListNode<Slot> node)
    {
        var subject = (key.Tenant, key.Kind, key.Subject, key.Gateway);
        if (reasons.GetValueOrDefault(subject) >= MaxReasons)
        {
            key = key with { Reason = "other reasons" };
            if (entries.TryGetValue(key, out node!))
                return false;
        }
        var list = byKind[(int)key.Kind];
        if (list.Count >= Math.Max(1, capacity / 2))
            Remove(list.First!);
        else if (entries.Count >= capacity)
            Remove(byKind.Where(l => l.Count > 0).MinBy(l => l.First!.Value.Last)!.First!);
        node = list.AddLast(new Slot(key, 0, now, now));
        entries[key] = node;
        reasons[subject] = reasons.GetValueOrDefault(subject) + 1;
        return true;
    }

    private void Remove(LinkedListNode<Slot> node)
    {
        var key = node.Value.Key;
        node.List!.Remove(node);
        entries.Remove(key);
        unwritten.Remove(key);
        var subject = (key.Tenant, key.Kind, key.Subject, key.Gateway);
        if (--reasons[subject] is <= 0)
            reasons.Remove(subject);
    }

    private static string Printable(string text, int maxLength)
    {
        var cut = text.Length > maxLength ? text[..maxLength] : text;
        return cut.Any(char.IsControl) ? string.Concat(cut.Select(c => char.IsControl(c) ? '?' : c)) : cut;
    }

    private readonly record struct Key(TenantId Tenant, RejectionKind Kind, string Subject, string Reason, GatewayId? Gateway);

    private readonly record struct Slot(Key Key, long Count, DateTimeOffset First, DateTimeOffset Last)
    {
        public RejectionEntry Entry => new(Key.Tenant, Key.Subject, Key.Gateway, Key.Kind, Key.Reason, Count, First, Last);
    }
}
