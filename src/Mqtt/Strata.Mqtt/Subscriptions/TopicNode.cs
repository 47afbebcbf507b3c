using System.Runtime.InteropServices;

namespace Strata.Mqtt.Subscriptions;

/// <summary>
/// One level of filters. Changed under the tree's lock; read without: children stand in an open-addressing table whose slots only ever go
/// from empty to a node to <see cref="Removed"/>, until the table is replaced as a whole.
/// </summary>
internal sealed class TopicNode(TopicNode? parent, ReadOnlySpan<byte> level)
{
    /// <summary>So much of a level stands in the node itself: what is elsewhere is in no cache when it is looked for among many.</summary>
    private const int Inline = 16;

    private static readonly TopicNode Removed = new(null, []);

    // A peer that knows the function could make a table slow; it does not know the seed.
    private static readonly ulong Seed = (ulong)Random.Shared.NextInt64() | 1;

    private readonly ulong hash = HashOf(level);
    private readonly ulong first = Eight(level);
    private readonly ulong second = level.Length > 8 ? Eight(level[8..]) : 0;
    private readonly int length = level.Length;
    private readonly byte[]? rest = level.Length > Inline ? level[Inline..].ToArray() : null;
    private TopicNode?[] children = [];
    private int used;
    private int live;

    public TopicNode? Parent { get; } = parent;

    /// <summary>The child for <c>+</c>.</summary>
    public TopicNode? Plus { get; set; }

    /// <summary>Filters that end here.</summary>
    public SubscriberList? Exact { get; set; }

    /// <summary>Filters that end in <c>#</c> below here.</summary>
    public SubscriberList? Multi { get; set; }

    public bool IsBare => live == 0 && Plus is null && Exact is not { IsEmpty: false } && Multi is not { IsEmpty: false };

    /// <summary>Finds the child for a literal level; any thread.</summary>
    public TopicNode? Find(ReadOnlySpan<byte> name)
    {
        var table = Volatile.Read(ref children);
        if (table.Length == 0)
            return null;
        var wanted = HashOf(name);
        for (var i = (int)wanted & (table.Length - 1); ; i = (i + 1) & (table.Length - 1))
        {
            var node = Volatile.Read(ref table[i]);
            if (node is null)
                return null;
            if (node.hash == wanted && !ReferenceEquals(node, Removed) && node.Is(name))
                return node;
        }
    }

    /// <summary>Under the tree's lock.</summary>
    public TopicNode GetOrAdd(ReadOnlySpan<byte> name)
    {
        if (Find(name) is { } found)
            return found;
        if ((used + 1) * 4 > children.Length * 3)
            Rebuild();
        var node = new TopicNode(this, name);
        Insert(children, node);
        used++;
        live++;
        return node;
    }

    /// <summary>Under the tree's lock.</summary>
    public void Remove(TopicNode child)
    {
        if (ReferenceEquals(Plus, child))
        {
            Plus = null;
            return;
        }

        var index = Array.IndexOf(children, child, (int)child.hash & (children.Length - 1));
        if (index < 0)
            index = Array.IndexOf(children, child);
        Volatile.Write(ref children[index], Removed);
        live--;
        if (live == 0)
        {
            Volatile.Write(ref children, []);
            used = 0;
        }
    }

    private bool Is(ReadOnlySpan<byte> name) => name.Length == length && Eight(name) == first
        && (length <= 8 || Eight(name[8..]) == second) && (rest is null || name[Inline..].SequenceEqual(rest));

    private static void Insert(TopicNode?[] table, TopicNode node)
    {
        var i = (int)node.hash & (table.Length - 1);
        while (table[i] is not null)
            i = (i + 1) & (table.Length - 1);
        Volatile.Write(ref table[i], node);
    }

    private void Rebuild()
    {
        var length = 2;
        while (length * 3 < (live + 1) * 8)
            length *= 2;
        var next = new TopicNode?[length];
        foreach (var node in children)
        {
            if (node is not null && !ReferenceEquals(node, Removed))
                Insert(next, node);
        }

        used = live;
        Volatile.Write(ref children, next);
    }

    private static ulong HashOf(ReadOnlySpan<byte> name)
    {
        var hash = Seed ^ (ulong)name.Length;
        while (name.Length >= 8)
        {
            hash = Mix(hash ^ MemoryMarshal.Read<ulong>(name));
            name = name[8..];
        }

        return Mix(hash ^ Eight(name));
    }

    /// <summary>The first eight bytes; of fewer, with zeroes behind them.</summary>
    private static ulong Eight(ReadOnlySpan<byte> name)
    {
        if (name.Length >= 8)
            return MemoryMarshal.Read<ulong>(name);
        if (name.Length >= 4)
            return MemoryMarshal.Read<uint>(name) | ((ulong)MemoryMarshal.Read<uint>(name[^4..]) << (8 * (name.Length - 4)));
        ulong value = 0;
        for (var i = 0; i < name.Length; i++)
            value |= (ulong)name[i] << (8 * i);
        return value;
    }

    private static ulong Mix(ulong value)
    {
        var high = Math.BigMul(value, 0x9E37_79B9_7F4A_7C15UL ^ (Seed << 1), out var low);
        return high ^ low;
    }
}
