using System.Net;

namespace Strata.Mqtt.Access;

/// <summary>Who may not connect. Safe for use by any number of threads; a change ends the connections that it concerns (<see cref="Changed"/>).</summary>
public sealed class BanList
{
    /// <summary>Bans that are held.</summary>
    public const int Capacity = 100_000;

    private readonly TimeProvider time;
    private readonly Lock gate = new();
    private volatile Bans current = new([]);

    internal BanList(TimeProvider time) => this.time = time;

    /// <summary>Raised after a change, on the thread that made it.</summary>
    internal event Action? Changed;

    /// <summary>Those in force, in no order.</summary>
    public IReadOnlyList<MqttBan> ToList() => [.. current.All.Where(IsInForce)];

    /// <summary>Adds a ban, or replaces the one of the same kind and value.</summary>
    /// <exception cref="InvalidOperationException"><see cref="Capacity"/> bans are in force.</exception>
    public void Add(MqttBan ban)
    {
        lock (gate)
        {
            var kept = current.All.Where(b => IsInForce(b) && (b.Kind, b.Value) != (ban.Kind, ban.Value)).ToList();
            if (kept.Count >= Capacity)
                throw new InvalidOperationException($"There are {Capacity} bans already.");
            current = new Bans([.. kept, ban]);
        }

        Changed?.Invoke();
    }

    /// <returns>False: there was none.</returns>
    public bool Remove(BanKind kind, string value)
    {
        lock (gate)
        {
            var kept = current.All.Where(b => (b.Kind, b.Value) != (kind, value)).ToList();
            if (kept.Count == current.All.Count)
                return false;
            current = new Bans(kept);
            return true;
        }
    }

    /// <summary>Makes the list exactly these.</summary>
    /// <exception cref="ArgumentException">They are more than <see cref="Capacity"/>.</exception>
    public void Replace(IReadOnlyCollection<MqttBan> bans)
    {
        if (bans.Count > Capacity)
            throw new ArgumentException($"More than {Capacity} bans.", nameof(bans));
        lock (gate)
            current = new Bans([.. bans]);
        Changed?.Invoke();
    }

    /// <summary>Whether connections from there are closed at once.</summary>
    internal bool IsBanned(EndPoint? peer) =>
        current is { HasAddresses: true } bans && peer is IPEndPoint { Address: var address } && bans.Networks.Exists(b => b.Network.Contains(Plain(address)) && IsInForce(b.Ban));

    internal bool IsBanned(string clientId, string? user) =>
        IsBanned(current.Clients, clientId) || (user is not null && IsBanned(current.Users, user));

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private bool IsBanned(Dictionary<string, MqttBan> bans, string value) => bans.Count > 0 && bans.TryGetValue(value, out var ban) && IsInForce(ban);

    private bool IsInForce(MqttBan ban) => ban.Until is not { } until || time.GetUtcNow() < until;

    private sealed class Bans(IReadOnlyList<MqttBan> all)
    {
        public IReadOnlyList<MqttBan> All { get; } = all;

        public Dictionary<string, MqttBan> Clients { get; } = Of(all, BanKind.Client);

        public Dictionary<string, MqttBan> Users { get; } = Of(all, BanKind.User);

        public List<(IPNetwork Network, MqttBan Ban)> Networks { get; } = [.. all.Where(static b => b.Kind == BanKind.Address).Select(static b => (b.Network, b))];

        public bool HasAddresses => Networks.Count > 0;

        private static Dictionary<string, MqttBan> Of(IReadOnlyList<MqttBan> all, BanKind kind)
        {
            var found = new Dictionary<string, MqttBan>(StringComparer.Ordinal);
            foreach (var ban in all)
            {
                if (ban.Kind == kind)
                    found[ban.Value] = ban;
            }

            return found;
        }
    }
}

/// <summary>What a ban goes by.</summary>
public enum BanKind
{
    /// <summary>The client id, in every namespace.</summary>
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
    /// <exception cref="FormatException">An address that is none.</exception>
    public MqttBan(BanKind kind, string value, DateTimeOffset? until = null)
    {
        (Kind, Value, Until) = (kind, value, until);
        if (kind != BanKind.Address)
            return;
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

    internal IPNetwork Network { get; }
}
