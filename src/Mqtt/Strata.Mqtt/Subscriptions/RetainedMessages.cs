using System.Runtime.InteropServices;
using Strata.Mqtt.Delivery;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Subscriptions;

/// <summary>The retained messages of one namespace, by topic level. Safe for use by any number of threads.</summary>
internal sealed class RetainedMessages(MqttOptions options, MqttClock clock)
{
    private const long SweepEvery = 1000;

    private readonly Lock gate = new();
    private readonly Node root = new();
    private readonly Dictionary<(string Owner, string ClientId), (int Count, long Bytes)> authors = [];
    private long sweptAt = -SweepEvery;

    private long version;
    private long looked;
    private long newest;
    private int nodes;

    public int Count { get; private set; }

    /// <summary>What is retained by now has this version at most.</summary>
    public long Version
    {
        get
        {
            lock (gate)
                return version;
        }
    }

    /// <summary>Bytes of topics, payloads and properties.</summary>
    public long Bytes { get; private set; }

    /// <summary>Keeps a message in place of the one before; an empty payload removes it (MQTT-3.3.1-6, MQTT-3.3.1-7).</summary>
    /// <param name="author">Whose it is; null: the host's.</param>
    /// <param name="kept">The copy that is kept.</param>
    /// <param name="version">Orders what becomes of a topic.</param>
    /// <returns>False: there is no room for it.</returns>
    public bool TrySet(in Message message, KnownClient? author, out KeptMessage? kept, out long version)
    {
        var copy = new KeptMessage(message, clock);
        kept = copy;
        lock (gate)
        {
            version = ++this.version;
            if (message.Payload.IsEmpty)
            {
                Remove(root, message.Topic, 0);
                return true;
            }

            if (!HasRoom(message, author) && !(Sweep() && HasRoom(message, author)))
                return false;
            Add(new Retained(copy, version, author));
            return true;
        }
    }

    /// <summary>Removes a message, unless another has come in its place.</summary>
    /// <returns>The version of the removal; 0: it was not there.</returns>
    public long Remove(Retained retained)
    {
        lock (gate)
        {
            if (Find(retained.Message.Topic) is not { } node || node.Retained?.Version != retained.Version)
                return 0;
            Remove(root, retained.Message.Topic, 0);
            return ++version;
        }
    }

    /// <summary>It was stored.</summary>
    /// <param name="storedVersion">What comes goes on from it.</param>
    /// <param name="message">Null: there is none any more.</param>
    public void Restore(long storedVersion, KeptMessage? message, KnownClient? author)
    {
        lock (gate)
        {
            version = Math.Max(version, storedVersion);
            if (message is { } known && known.ExpiresAt > clock.Now)
                Add(new Retained(known, storedVersion, author));
        }
    }

    /// <summary>All of them.</summary>
    public IReadOnlyList<Retained> ToList()
    {
        var all = new List<Retained>();
        lock (gate)
            Collect(root, all);
        return all;
    }

    /// <summary>The messages whose topics match a filter.</summary>
    /// <param name="share">How much of the tree was walked for it, 0 to 1.</param>
    /// <param name="upTo">No later versions than this.</param>
    public IReadOnlyList<KeptMessage> Match(ReadOnlySpan<byte> filter, out double share, long upTo = long.MaxValue)
    {
        var found = new List<KeptMessage>();
        lock (gate)
        {
            (looked, newest) = (0, upTo);
            if (Count > 0)
                Visit(root, filter, 0, found);
            share = looked / (double)Math.Max(nodes, 1);
        }

        return found;
    }

    /// <summary>In the namespace, and among its author's. The host's own messages count in the namespace only.</summary>
    private bool HasRoom(in Message message, KnownClient? author)
    {
        var before = Find(message.Topic)?.Retained;
        if (!Fits(Count, Bytes, before, message.Length, options.MaxRetainedMessages, options.MaxRetainedBytes))
            return false;
        if (author is null)
            return true;
        var (count, bytes) = authors.GetValueOrDefault((author.Owner, author.ClientId));
        var own = before?.Author is { } known && known.Owner == author.Owner && known.ClientId == author.ClientId ? before : null;
        return Fits(count, bytes, own, message.Length, options.MaxRetainedMessagesPerClient, options.MaxRetainedBytesPerClient);
    }

    private static bool Fits(int count, long bytes, Retained? replaced, int length, int mostMessages, long mostBytes) =>
        count + (replaced is null ? 1 : 0) <= mostMessages && bytes - (replaced?.Message.Length ?? 0) + length <= mostBytes;

    private void Note(Retained? retained, int sign)
    {
        if (retained?.Author is not { } author)
            return;
        ref var held = ref CollectionsMarshal.GetValueRefOrAddDefault(authors, (author.Owner, author.ClientId), out _);
        held = (held.Count + sign, held.Bytes + (sign * (long)retained.Message.Length));
        if (held.Count == 0)
            authors.Remove((author.Owner, author.ClientId));
    }

    private Node? Find(ReadOnlySpan<byte> topic)
    {
        var node = root;
        foreach (var range in topic.Split((byte)'/'))
        {
            if (node.Find(topic[range]) is not { } child)
                return null;
            node = child;
        }

        return node;
    }

    private void Add(Retained retained)
    {
        var node = root;
        var topic = retained.Message.Topic;
        foreach (var range in topic.Split((byte)'/'))
            node = node.GetOrAdd(topic[range], ref nodes);
        Set(node, retained);
    }

    private static void Collect(Node node, List<Retained> all)
    {
        if (node.Retained is { } retained)
            all.Add(retained);
        foreach (var child in node.Children?.Values ?? Enumerable.Empty<Node>())
            Collect(child, all);
    }

    private void Set(Node node, Retained? retained)
    {
        Count += (retained is null ? 0 : 1) - (node.Retained is null ? 0 : 1);
        Bytes += (retained?.Message.Length ?? 0) - (node.Retained?.Message.Length ?? 0);
        Note(node.Retained, -1);
        Note(retained, 1);
        node.Retained = retained;
    }

    /// <returns>Whether the node may go.</returns>
    private bool Remove(Node node, ReadOnlySpan<byte> topic, int at)
    {
        if (at > topic.Length)
        {
            Set(node, null);
        }
        else
        {
            var end = EndOfLevel(topic, at);
            if (node.Find(topic[at..end]) is { } child && Remove(child, topic, end + 1) && node.Children!.GetAlternateLookup<ReadOnlySpan<byte>>().Remove(topic[at..end]))
                nodes--;
        }

        return node.IsBare;
    }

    private void Visit(Node node, ReadOnlySpan<byte> filter, int at, List<KeptMessage> found)
    {
        looked++;
        if (at > filter.Length)
        {
            Take(node, found);
            return;
        }

        var end = EndOfLevel(filter, at);
        var level = filter[at..end];
        if (level is [(byte)'#'])
        {
            if (at > 0)
                Take(node, found);
            foreach (var (name, child) in node.Children ?? [])
            {
                if (at > 0 || name is not [(byte)'$', ..])
                    VisitAll(child, found);
            }
        }
        else if (level is [(byte)'+'])
        {
            foreach (var (name, child) in node.Children ?? [])
            {
                if (at > 0 || name is not [(byte)'$', ..])
                    Visit(child, filter, end + 1, found);
            }
        }
        else if (node.Find(level) is { } child)
        {
            Visit(child, filter, end + 1, found);
        }
    }

    private void VisitAll(Node node, List<KeptMessage> found)
    {
        looked++;
        Take(node, found);
        foreach (var child in node.Children?.Values ?? Enumerable.Empty<Node>())
            VisitAll(child, found);
    }

    private void Take(Node node, List<KeptMessage> found)
    {
        if (node.Retained is { Message: var message } retained && retained.Version <= newest && message.ExpiresAt > clock.Now)
            found.Add(message);
    }

    /// <summary>Lets go of what has expired; at most once a second, since it looks at all.</summary>
    private bool Sweep()
    {
        if (clock.Now - sweptAt < SweepEvery)
            return false;
        sweptAt = clock.Now;
        Sweep(root);
        return true;
    }

    private bool Sweep(Node node)
    {
        if (node.Retained is { Message: var message } && message.ExpiresAt <= sweptAt)
            Set(node, null);
        foreach (var (name, child) in node.Children?.ToList() ?? [])
        {
            if (Sweep(child) && node.Children!.Remove(name))
                nodes--;
        }

        return node.IsBare;
    }

    private static int EndOfLevel(ReadOnlySpan<byte> text, int at)
    {
        var length = text[at..].IndexOf((byte)'/');
        return length < 0 ? text.Length : at + length;
    }

    private sealed class Node
    {
        public Retained? Retained { get; set; }

        public Dictionary<byte[], Node>? Children { get; private set; }

        public bool IsBare => Retained is null && Children is null or { Count: 0 };

        public Node? Find(ReadOnlySpan<byte> name) =>
            Children is not null && Children.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(name, out var child) ? child : null;

        public Node GetOrAdd(ReadOnlySpan<byte> name, ref int nodes)
        {
            if (Find(name) is { } found)
                return found;
            nodes++;
            Children ??= new Dictionary<byte[], Node>(Utf8Comparer.Instance);
            return Children[name.ToArray()] = new Node();
        }
    }
}

/// <summary>What a topic retains.</summary>
/// <param name="Version">Orders what becomes of a topic.</param>
/// <param name="Author">Whose it is; null: the host's.</param>
internal sealed record Retained(KeptMessage Message, long Version, KnownClient? Author);
