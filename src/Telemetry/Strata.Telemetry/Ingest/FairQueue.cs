using Strata.Core.Tenancy;

namespace Strata.Telemetry.Ingest;

/// <summary>
/// What waits for the writer, of many tenants: each tenant's in order of arrival, the tenants in turns. Decides and does no more: no lock, no clock. A lone tenant has all turns and takes as if
/// there were no others.
/// </summary>
/// <remarks>
/// Turns: deficit round robin by rows (Shreedhar and Varghese, 1995), a turn a take. Room: a tenant may hold <see cref="Ahead"/> times what is left free (dynamic thresholds, Choudhury and Hahne,
/// 1998), so that a flood leaves room to others whatever they are; who holds nothing comes first. While several tenants write, a tenant holds the rows of two turns at most: what would wait longer
/// waits at its sockets, where it takes no processor from others.
/// </remarks>
/// <param name="maxItems">Items at most.</param>
/// <param name="maxBytes">Bytes of them at most; one larger item is let in alone.</param>
/// <param name="maxRows">Rows of a take.</param>
internal sealed class FairQueue<T>(int maxItems, long maxBytes, int maxRows)
{
    /// <summary>So many times what is left free may one tenant hold: a lone one leaves an eighth.</summary>
    public const int Ahead = 7;

    /// <summary>While several tenants write, each has this part of a take at most, so that a take is short for all who wait for it.</summary>
    public const int Parts = 8;

    /// <summary>So many takes after the last with another tenant's rows, a tenant is alone.</summary>
    public const int Calm = 64;

    private readonly Dictionary<TenantId, Tenant> tenants = [];
    private readonly Queue<Tenant> ring = new();
    private readonly LinkedList<Tenant> lines = new();
    private int starving;
    private Tenant? idle;
    private TenantId? sole;
    private int calm = Calm;

    public int Count { get; private set; }

    public long Bytes { get; private set; }

    /// <summary>Several tenants write.</summary>
    private bool IsShared => calm < Calm;

    /// <summary>Rows that a tenant has of a take at most while several write.</summary>
    private int Turn => Math.Max(1, maxRows / Parts);

    /// <summary>Takes an item in, unless it must wait for room.</summary>
    public bool TryAdd(TenantId tenant, in Entry entry)
    {
        var of = Of(tenant);
        if (of.Line.Count > 0 || !HasRoom(of, entry.Bytes))
            return false;
        Put(of, entry);
        return true;
    }

    /// <summary>Takes an item in, also beyond the bounds.</summary>
    public void Add(TenantId tenant, in Entry entry) => Put(Of(tenant), entry);

    /// <summary>Puts an item in its tenant's line; <see cref="Admit"/> says when it was let in.</summary>
    public void Wait(TenantId tenant, Place place)
    {
        var of = Of(tenant);
        if (of.Line.Count == 0)
            lines.AddLast(of);
        (place.Of, place.Node) = (of, of.Line.AddLast(place));
        Weigh(of);
    }

    /// <summary>Leaves the line. False when it was let in before.</summary>
    public bool Leave(Place place)
    {
        if (place.Node is null)
            return false;
        var of = Unlink(place);
        if (of.Line.Count == 0)
            lines.Remove(of);
        Weigh(of);
        if (of.Items.Count == 0)
            Forget(of);
        return true;
    }

    /// <summary>Lets in the first for whom there is room: of the tenants that hold nothing, then of the others in turns. Null when there is none.</summary>
    public Place? Admit()
    {
        for (var line = lines.First; line is not null; line = line.Next)
        {
            var of = line.Value;
            var place = of.Line.First!.Value;
            if (!HasRoom(of, place.Entry.Bytes))
                continue;
            _ = Unlink(place);
            lines.Remove(line);
            if (of.Line.Count > 0)
                lines.AddLast(of);
            Put(of, place.Entry);
            return place;
        }
        return null;
    }

    /// <summary>Moves items into the list, about a take's rows; nothing when there are none, else at least one.</summary>
    public void Take(List<T> into)
    {
        if (ring.Count == 0)
            return;
        var share = ring.Count == 1 && !IsShared ? maxRows : Math.Min(Turn, Math.Max(1, maxRows / ring.Count));
        if (ring.Count == 1)
            ring.Peek().Credit = 0; // It has kept nobody waiting.
        else if (ring.Max(static t => t.Credit) is var most && most + share <= 0)
            Forgive(-most - share + 1);
        long left = maxRows;
        var mixed = false;
        TenantId? only = null;
        for (var turns = ring.Count; turns > 0 && left > 0; turns--)
        {
            var of = ring.Dequeue();
            of.Credit = Math.Min(of.Credit + share, share);
            while (of.Credit > 0 && left > 0 && of.Items.TryDequeue(out var next))
            {
                (Count, Bytes, of.Bytes, of.Rows) = (Count - 1, Bytes - next.Bytes, of.Bytes - next.Bytes, of.Rows - next.Rows);
                var cost = Math.Max(1, next.Rows);
                (of.Credit, left) = (of.Credit - cost, left - cost);
                into.Add(next.Item);
                if (next.Rows == 0)
                    continue;
                mixed |= only is { } other && other != of.Id;
                only = of.Id;
            }
            Weigh(of);
            if (of.Items.Count > 0)
                ring.Enqueue(of);
            else
                Forget(of);
        }
        if (only is { } last)
            Remember(last, mixed);
    }

    private void Remember(TenantId last, bool mixed)
    {
        calm = mixed || last != (sole ?? last) ? 0 : Math.Min(calm + 1, Calm);
        sole = last;
    }

    private void Forgive(long debt)
    {
        foreach (var of in ring)
            of.Credit += debt;
    }

    /// <summary>An item larger than all room is let in alone. While somebody who holds nothing waits, nobody who holds something is let in.</summary>
    private bool HasRoom(Tenant of, long size)
    {
        if (Count == 0)
            return true;
        if (Count >= maxItems || Bytes + size > maxBytes)
            return false;
        return of.Items.Count == 0 || (!(IsShared && of.Rows >= 2 * Turn) && of.Items.Count < (long)Ahead * (maxItems - Count) && of.Bytes + size <= Ahead * (maxBytes - Bytes) && starving == 0);
    }

    private void Put(Tenant of, in Entry entry)
    {
        if (of.Items.Count == 0)
            ring.Enqueue(of);
        of.Items.Enqueue(entry);
        (Count, Bytes, of.Bytes, of.Rows) = (Count + 1, Bytes + entry.Bytes, of.Bytes + entry.Bytes, of.Rows + entry.Rows);
        Weigh(of);
    }

    /// <summary>Keeps the number of those who wait and hold nothing.</summary>
    private void Weigh(Tenant of)
    {
        var starves = of.Line.Count > 0 && of.Items.Count == 0;
        if (starves != of.Starves)
            starving += starves ? 1 : -1;
        of.Starves = starves;
    }

    private Tenant Of(TenantId id)
    {
        if (!tenants.TryGetValue(id, out var of))
            tenants[id] = of = new Tenant(id);
        return of;
    }

    /// <summary>Who has nothing here takes no memory, but for the last, so that a lone tenant's is not made anew each time.</summary>
    private void Forget(Tenant of)
    {
        of.Credit = 0;
        if (of.Line.Count > 0 || of == idle)
            return;
        if (idle is { Items.Count: 0, Line.Count: 0 })
            tenants.Remove(idle.Id);
        idle = of;
    }

    private static Tenant Unlink(Place place)
    {
        place.Of!.Line.Remove(place.Node!);
        place.Node = null;
        return place.Of;
    }

    /// <param name="Rows">What it costs of a take.</param>
    internal readonly record struct Entry(T Item, int Rows, long Bytes);

    /// <summary>An item in line.</summary>
    internal class Place(Entry entry)
    {
        public Entry Entry => entry;

        internal Tenant? Of { get; set; }

        /// <summary>Null once it was let in or has left.</summary>
        internal LinkedListNode<Place>? Node { get; set; }
    }

    internal sealed class Tenant(TenantId id)
    {
        public TenantId Id => id;

        public Queue<Entry> Items { get; } = new();

        public LinkedList<Place> Line { get; } = new();

        public long Bytes { get; set; }

        public long Rows { get; set; }

        /// <summary>It waits and holds nothing.</summary>
        public bool Starves { get; set; }

        /// <summary>Rows that it may take; negative: what its last item was too large.</summary>
        public long Credit { get; set; }
    }
}
