using System.Net;

namespace Strata.Mqtt.Access;

/// <summary>
/// Who may not connect, until the program ends. Safe for use by any number of threads; a change ends the connections that it concerns (<see cref="Changed"/>).
/// </summary>
public sealed class BanList
{
    private readonly TimeProvider time;
    private readonly Lock gate = new();
    private volatile Bans current = new([]);

    internal BanList(int capacity, TimeProvider time) => (Capacity, this.time) = (capacity, time);

    /// <summary>Raised after a change, on the thread that made it.</summary>
    internal event Action? Changed;

    /// <summary>Bans that are held at most: <see cref="MqttOptions.MaxBans"/>.</summary>
    public int Capacity { get; }

    /// <summary>Those in force, in no order.</summary>
    public IReadOnlyList<MqttBan> ToList() => [.. current.All.Where(IsInForce)];

    /// <summary>Adds a ban, or replaces the one of the same namespace, kind and value.</summary>
    /// <exception cref="InvalidOperationException"><see cref="Capacity"/> bans are in force.</exception>
    public void Add(MqttBan ban)
    {
        lock (gate)
        {
            var kept = current.All.Where(b => IsInForce(b) && b.Key != ban.Key).ToList();
            if (kept.Count >= Capacity)
                throw new InvalidOperationException($"There are {Capacity} bans already; remove some, or raise MaxBans.");
            current = new Bans([.. kept, ban]);
        }

        Changed?.Invoke();
    }

    /// <param name="namespace">As it was added.</param>
    /// <returns>False: there was none.</returns>
    public bool Remove(BanKind kind, string value, string? @namespace = null)
    {
        lock (gate)
        {
            var kept = current.All.Where(b => b.Key != (@namespace, kind, value)).ToList();
            if (kept.Count == current.All.Count)
                return false;
            current = new Bans(kept);
            return true;
        }
    }

    /// <summary>Takes some bans out and puts others in, at once; for a list that is kept elsewhere and has changed. What was added here besides stays.</summary>
    /// <exception cref="InvalidOperationException">Then there would be more than <see cref="Capacity"/>; nothing is changed.</exception>
    public void Exchange(IReadOnlyCollection<MqttBan> former, IReadOnlyCollection<MqttBan> bans)
    {
        lock (gate)
        {
            var (gone, come) = (former.ToHashSet(), bans.Select(static b => b.Key).ToHashSet());
            List<MqttBan> next = [.. current.All.Where(b => IsInForce(b) && !gone.Contains(b) && !come.Contains(b.Key)), .. bans];
            if (next.Count > Capacity)
                throw new InvalidOperationException($"That would be {next.Count} bans; {Capacity} may be held.");
            current = new Bans(next);
        }

        Changed?.Invoke();
    }

    /// <summary>Whether connections from there are closed at once.</summary>
    internal bool IsBanned(EndPoint? peer) =>
        current is { HasAddresses: true } bans && peer is IPEndPoint { Address: var address } && bans.Networks.Exists(b => b.Network.Contains(Plain(address)) && IsInForce(b.Ban));

    /// <param name="namespace">Null: only what holds in every namespace.</param>
    internal bool IsBanned(string? @namespace, string clientId, string? user)
    {
        var bans = current;
        if (bans.Names.Count == 0)
            return false;
        return IsBanned(bans, @namespace, BanKind.Client, clientId) || (user is not null && IsBanned(bans, @namespace, BanKind.User, user));
    }

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private bool IsBanned(Bans bans, string? @namespace, BanKind kind, string value) =>
        (bans.Names.TryGetValue((null, kind, value), out var ban) && IsInForce(ban))
        || (@namespace is not null && bans.Names.TryGetValue((@namespace, kind, value), out ban) && IsInForce(ban));

    private bool IsInForce(MqttBan ban) => ban.Until is not { } until || time.GetUtcNow() < until;

    private sealed class Bans(IReadOnlyList<MqttBan> all)
    {
        public IReadOnlyList<MqttBan> All { get; } = all;

        public Dictionary<(string? Namespace, BanKind Kind, string Value), MqttBan> Names { get; } = Of(all);

        public List<(IPNetwork Network, MqttBan Ban)> Networks { get; } = [.. all.Where(static b => b.Kind == BanKind.Address).Select(static b => (b.Network, b))];

        public bool HasAddresses => Networks.Count > 0;

        private static Dictionary<(string? Namespace, BanKind Kind, string Value), MqttBan> Of(IReadOnlyList<MqttBan> all)
        {
            var found = new Dictionary<(string? Namespace, BanKind Kind, string Value), MqttBan>();
            foreach (var ban in all)
            {
                if (ban.Kind != BanKind.Address)
                    found[ban.Key] = ban;
            }

            return found;
        }
    }
}

/// <summary>What a ban goes by.</summary>
public enum BanKind
{
    /// <summary>The client id.</summary>
    Client,

    /// <summary>The name a client has proved or said.</summary>
    User,

    /// <summary>An IP address, or a network as ADDR/BITS.</summary>
    Address,
}

/// <summary>One ban.</summary>
public sealed record MqttBan
{
    /// <param name="until">Null: for good.</param>
    /// <param name="namespace">The only namespace in which a client or user is banned; null: in every one. An address has none: it is looked at before there is a namespace.</param>
    /// <exception cref="FormatException">An address that is none, or in a namespace; a value that is empty or longer than 65,535 characters.</exception>
    public MqttBan(BanKind kind, string value, DateTimeOffset? until = null, string? @namespace = null)
    {
        (Kind, Value, Until, Namespace) = (kind, value, until, @namespace);
        if (value.Length is 0 or > ushort.MaxValue)
            throw new FormatException("A ban's value has 1 to 65,535 characters.");
        if (kind != BanKind.Address)
            return;
        if (@namespace is not null)
            throw new FormatException("An address is banned for all who are served here, which only who runs this node may do.");
        if (IPNetwork.TryParse(value, out var network))
            Network = network;
        else if (IPAddress.TryParse(value, out var single))
            Network = new IPNetwork(single, single.GetAddressBytes().Length * 8);
        else
            throw new FormatException($"'{value}' is no address; use ADDR or ADDR/BITS, for example 203.0.113.0/24.");
    }

    public BanKind Kind { get; }

    public string Value { get; }

    public DateTimeOffset? Until { get; }

    public string? Namespace { get; }

    internal (string? Namespace, BanKind Kind, string Value) Key => (Namespace, Kind, Value);

    internal IPNetwork Network { get; }
}
