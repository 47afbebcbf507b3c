namespace Strata.Mqtt;

/// <summary>
/// The engine's limits. Every one is checked by <see cref="Validate"/> when the broker is made, and when <see cref="MqttBroker.Change"/> changes them, which holds at once unless
/// the limit says otherwise.
/// </summary>
public sealed class MqttOptions
{
    /// <summary>Connections held at once, those that have not sent CONNECT yet included; one more is closed at accept. 1 to 10,000,000. Default 100,000.</summary>
    public int MaxConnections { get; set; } = 100_000;

    /// <summary>
    /// From accept until the CONNECT is answered, the host's decision included; with <see cref="MqttHosting.UseConnectTimeout"/> also a PROXY header, the TLS handshake and the WebSocket's
    /// upgrade. 100 ms to 5 min. Default 10 s. A change holds for new connections.
    /// </summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Refused logins of one user name (without one: client id) from one address within <see cref="FailedLoginWindow"/> after which more are refused with 0x9F
    /// (3.1.1: 3), right or wrong, until the window has passed again. 0 for no limit, to 1,000,000. Default 10.
    /// A change holds from the next start.
    /// </summary>
    public int MaxFailedLogins { get; set; } = 10;

    /// <summary>See <see cref="MaxFailedLogins"/>. 1 s to 1 day. Default 1 min. A change holds from the next start.</summary>
    public TimeSpan FailedLoginWindow { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Connections a second from one address (IPv6: from its /64), of which a second's worth may come at once; one more is closed at accept. Peers on this machine are not
    /// limited. 0 for no limit, to 1,000,000. Default 1,000: a site of 10,000 devices behind one address is back in ten seconds.
    /// </summary>
    public int MaxConnectionRate { get; set; } = 1000;

    /// <summary>
    /// Times that a client connects within <see cref="ReconnectWindow"/> after which it is refused with 0x8A (3.1.1: 5) for <see cref="FlappingBan"/>. 0 for no limit, to 1,000,000.
    /// Default 0, because a script may connect for every message. A change holds from the next start.
    /// </summary>
    public int MaxReconnects { get; set; }

    /// <summary>See <see cref="MaxReconnects"/>. 1 s to 1 day. Default 1 min. A change holds from the next start.</summary>
    public TimeSpan ReconnectWindow { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>See <see cref="MaxReconnects"/>. 1 s to 30 days. Default 5 min. A change holds from the next start.</summary>
    public TimeSpan FlappingBan { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Bans held at once (<see cref="MqttBroker.Bans"/>); one more is refused to who adds it. 0 to 10,000,000. Default 100,000. A change holds from the next start.</summary>
    public int MaxBans { get; set; } = 100_000;

    /// <summary>
    /// Bytes of a CONNECT packet; a longer one is closed when its length is read. 256 to 1 MiB. Default 4 KiB. What a peer may take before its CONNECT is accepted grows
    /// with it four to five times, with the default to less than 64 KiB. A change holds for new connections.
    /// </summary>
    public int MaxConnectPacketSize { get; set; } = 4 * 1024;

    /// <summary>
    /// Bytes of a peer that are taken from the kernel before the engine has looked at them, rounded up to what one read takes; in memory they may take twice as much. Holds for HTTP
    /// on the same server too. 4 KiB to 1 MiB. Default 8 KiB. A change holds from the next start.
    /// </summary>
    public int MaxUnreadBytes { get; set; } = 8 * 1024;

    /// <summary>Bytes of any other packet a client may send, announced to MQTT 5 clients (Maximum Packet Size). 256 to 256 MiB. Default 1 MiB. A change holds for new connections.</summary>
    public int MaxPacketSize { get; set; } = 1024 * 1024;

    /// <summary>The highest QoS served, announced to MQTT 5 clients. 0 to 2. Default 2. A change holds for new connections.</summary>
    public int MaxQoS { get; set; } = 2;

    /// <summary>Whether messages are retained; announced to MQTT 5 clients. Default true. A change holds for new connections.</summary>
    public bool RetainAvailable { get; set; } = true;

    /// <summary>Retained messages of one namespace; one more is refused with 0x97. 0 to 100,000,000. Default 100,000.</summary>
    public int MaxRetainedMessages { get; set; } = 100_000;

    /// <summary>Bytes of those messages, with the same policy. 0 to 1 TiB. Default 256 MiB.</summary>
    public long MaxRetainedBytes { get; set; } = 256L * 1024 * 1024;

    /// <summary>
    /// Retained messages in a namespace that one client has published; one more is refused with 0x97. A message that another client replaces counts as that one's; the host's own are
    /// not limited by it. 0 to 100,000,000. Default 50,000, half of the namespace's.
    /// </summary>
    public int MaxRetainedMessagesPerClient { get; set; } = 50_000;

    /// <summary>Bytes of those messages, with the same policy. 0 to 1 TiB. Default 128 MiB, half of the namespace's.</summary>
    public long MaxRetainedBytesPerClient { get; set; } = 128L * 1024 * 1024;

    /// <summary>Sessions held, those of connected clients included; a client whose session would be one more is refused with 0x97. 1 to 100,000,000. Default 200,000.</summary>
    public int MaxSessions { get; set; } = 200_000;

    /// <summary>
    /// The longest time a session outlives its connection; MQTT 5 clients that ask for more are told, those of 3.1.1 without clean session get
    /// it. Zero: sessions end with their connection. 0 to 10 years. Default 1 day.
    /// A change holds for new connections.
    /// </summary>
    public TimeSpan MaxSessionExpiry { get; set; } = TimeSpan.FromDays(1);

    /// <summary>
    /// QoS 1 and 2 publishes of one client that may wait for their acknowledgement, announced to MQTT 5 clients (Receive Maximum; more is a
    /// protocol error); of a 3.1.1 client the engine reads no further meanwhile. 1 to 65,535. Default 1,024.
    /// A change holds for new connections.
    /// </summary>
    public int ReceiveMaximum { get; set; } = 1024;

    /// <summary>Topic aliases an MQTT 5 client may set on its connection. 0 to 65,535, each costs its topic's bytes. Default 16. A change holds for new connections.</summary>
    public int TopicAliasMaximum { get; set; } = 16;

    /// <summary>Topic aliases the engine sets towards a client that allows them; the client may lower it. 0 to 65,535. Default 16. A change holds for new connections.</summary>
    public int MaxTopicAliasesToClient { get; set; } = 16;

    /// <summary>UTF-8 bytes of a topic name or filter. 1 to 65,535. Default 1,024. A change holds for new connections.</summary>
    public int MaxTopicBytes { get; set; } = 1024;

    /// <summary>Levels of a topic name or filter. 1 to 1,024 (the trees are walked level by level on the stack). Default 64. A change holds for new connections.</summary>
    public int MaxTopicLevels { get; set; } = 64;

    /// <summary>UTF-8 bytes of a client id. 23 to 65,535. Default 256. A change holds for new connections.</summary>
    public int MaxClientIdBytes { get; set; } = 256;

    /// <summary>Subscriptions of one client; one more is refused with 0x97. 1 to 10,000,000. Default 1,000.</summary>
    public int MaxSubscriptionsPerClient { get; set; } = 1000;

    /// <summary>Subscriptions of all clients together; one more is refused with 0x97. 1 to 100,000,000. Default 1,000,000.</summary>
    public int MaxSubscriptions { get; set; } = 1_000_000;

    /// <summary>
    /// The longest keep-alive in whole seconds; a client that asks for more or for none gets this one (MQTT 5 is told so by Server Keep
    /// Alive, 3.1.1 is held to it only when it asked for a shorter one). Zero leaves the choice to the client. 0 to 65,535 s. Default 0.
    /// A change holds for new connections.
    /// </summary>
    public TimeSpan MaxKeepAlive { get; set; } = TimeSpan.Zero;

    /// <summary>
    /// Silence on a TCP connection after which the peer's machine is asked whether it is still there, which ends half-open connections of clients without a
    /// keep-alive a minute later. Holds for HTTP on the same server too. Zero: it is never asked. 0 to 1 h. Default 1 min.
    /// A change holds from the next start.
    /// </summary>
    public TimeSpan TcpKeepAlive { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>QoS 1 and 2 messages sent to one subscriber and not acknowledged by it; the client's own Receive Maximum may lower it. 1 to 65,535. Default 1,024. A change holds for new connections.</summary>
    public int MaxInflightToClient { get; set; } = 1024;

    /// <summary>
    /// Messages waiting for one subscriber beyond what its socket has taken, or while it is away. When full, a QoS 0 message is dropped and counted; a
    /// QoS 1 or 2 message ends the connection with 0x97; for a client that is away it makes room by <see cref="WhenAwayQueueIsFull"/>.
    /// 1 to 10,000,000. Default 1,000.
    /// </summary>
    public int MaxQueuedMessagesPerClient { get; set; } = 1000;

    /// <summary>Bytes of those messages, with the same policy. 1 KiB to 1 GiB. Default 1 MiB.</summary>
    public int MaxQueuedBytesPerClient { get; set; } = 1024 * 1024;

    /// <summary>
    /// Messages waiting for all clients of a namespace, as they would be counted for each. At the limit the client for which one more would wait loses what it would lose with
    /// a full queue of its own; one that is away and has nothing waiting loses the new one. What was stored comes back at the start whatever the limit. 1 to 1,000,000,000. Default 5,000,000.
    /// </summary>
    public long MaxQueuedMessagesPerNamespace { get; set; } = 5_000_000;

    /// <summary>Bytes of those messages, a message that waits for several clients once for each, with the same policy. 1 KiB to 1 TiB. Default 2 GiB.</summary>
    public long MaxQueuedBytesPerNamespace { get; set; } = 2L << 30;

    /// <summary>Messages waiting for all clients of the node, with the same policy. 1 to 1,000,000,000. Default 10,000,000, so that one namespace takes half at most.</summary>
    public long MaxQueuedMessages { get; set; } = 10_000_000;

    /// <summary>Bytes of those messages, with the same policy. 1 KiB to 1 TiB. Default 4 GiB.</summary>
    public long MaxQueuedBytes { get; set; } = 4L << 30;

    /// <summary>
    /// Publishes a second of one client, a second's worth at once. Above it the client is not read until the rate is kept, which slows it down; one that is over for
    /// <see cref="PublishRateGrace"/> is disconnected with 0x96. 0 for no limit, to 1,000,000,000. Default 0: what a device may need only its operator knows, and a slow disk or
    /// host holds publishers back already.
    /// </summary>
    public int MaxPublishRatePerClient { get; set; }

    /// <summary>Bytes a second of those packets, with the same policy; a packet larger than that is taken and paid for afterwards. 0 for no limit, to 1 TiB. Default 0.</summary>
    public long MaxPublishBytesPerClient { get; set; }

    /// <summary>Publishes a second of all clients of a namespace. Above it those that publish are not read until the rate is kept; nobody is disconnected for others' publishes. <see cref="MqttBroker.Limit"/> says otherwise for one namespace. 0 for no limit, to 1,000,000,000. Default 0.</summary>
    public int MaxPublishRatePerNamespace { get; set; }

    /// <summary>Bytes a second of those packets, with the same policy. 0 for no limit, to 1 TiB. Default 0.</summary>
    public long MaxPublishBytesPerNamespace { get; set; }

    /// <summary>
    /// How long a client may be over its own publish rate while 32 KiB and more of what it sent lie unread, which a client that waits for acknowledgements soon falls below. Then it is
    /// disconnected with 0x96 (3.1.1: closed). 1 s to 1 day. Default 30 s.
    /// </summary>
    public TimeSpan PublishRateGrace { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>What a full queue of a client that is away loses; counted either way. Default the oldest message.</summary>
    public QueueOverflow WhenAwayQueueIsFull { get; set; } = QueueOverflow.DropOldest;

    /// <summary>
    /// The directory where sessions that outlive their connection, what waits for them and retained messages are kept, so that they outlive the program; made 0700 when it is
    /// not there, for one program at a time. Null: they are in memory only. Default null.
    /// A change holds from the next start.
    /// </summary>
    public string? DataDirectory { get; set; }

    /// <summary>Bytes that this directory may hold beyond what counts before it is written anew; with more state, as much again as that. 1 MiB to 1 TiB. Default 64 MiB.</summary>
    public long CheckpointBytes { get; set; } = 64L * 1024 * 1024;

    /// <summary>Bytes that may wait for the disk; beyond that no more is read from those who publish. 64 KiB to 1 GiB. Default 16 MiB. A change holds from the next start.</summary>
    public int MaxUncommittedBytes { get; set; } = 16 * 1024 * 1024;

    /// <summary>Starts although stored data is damaged, without what is. Default false: such a start fails and says where the damage is. A change holds from the next start.</summary>
    public bool SkipDamagedData { get; set; }

    /// <summary>
    /// How often <c>$SYS/broker/...</c>, by which a server tells about itself, is published to those who have subscribed to it. Zero: never, and there are no such topics.
    /// 0 to 1 day. Default 10 s.
    /// </summary>
    public TimeSpan SysInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// A connected client is listed as slow when messages have waited for it for so long without a break, or its full queue has lost one within the last minute. 100 ms to 1 day.
    /// Default 2 s.
    /// </summary>
    public TimeSpan SlowAfter { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Packet traces at once (<see cref="Inspection.MqttInspection.Trace"/>). 0 to 1,000. Default 8.</summary>
    public int MaxTraces { get; set; } = 8;

    /// <summary>The longest time one trace runs. 1 s to 30 days. Default 1 h.</summary>
    public TimeSpan MaxTraceTime { get; set; } = TimeSpan.FromHours(1);

    /// <summary>
    /// Where MQTT 5 clients are sent when the server stops: DISCONNECT 0x9C (use another server) with this as its Server Reference, for example <c>HOST:PORT</c>, in place of
    /// 0x8B. Up to 256 UTF-8 bytes. Null: 0x8B. Default null.
    /// </summary>
    public string? StopServerReference { get; set; }

    /// <summary>How long a closed connection may take to send what is left, and a stop to get its last acknowledgements. 100 ms to 1 min. Default 2 s. A change holds for new connections.</summary>
    public TimeSpan CloseTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Puts a file on the disk; for tests of disks that fail.</summary>
    internal Action<Microsoft.Win32.SafeHandles.SafeFileHandle> Flush { get; set; } = RandomAccess.FlushToDisk;

    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range; the name says which.</exception>
    public void Validate()
    {
        Check(MaxConnections, 1, 10_000_000, nameof(MaxConnections));
        Check(ConnectTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5), nameof(ConnectTimeout));
        Check(MaxFailedLogins, 0, 1_000_000, nameof(MaxFailedLogins));
        Check(FailedLoginWindow, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1), nameof(FailedLoginWindow));
        Check(MaxConnectionRate, 0, 1_000_000, nameof(MaxConnectionRate));
        Check(MaxReconnects, 0, 1_000_000, nameof(MaxReconnects));
        Check(ReconnectWindow, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1), nameof(ReconnectWindow));
        Check(FlappingBan, TimeSpan.FromSeconds(1), TimeSpan.FromDays(30), nameof(FlappingBan));
        Check(MaxBans, 0, 10_000_000, nameof(MaxBans));
        Check(MaxConnectPacketSize, 256, 1024 * 1024, nameof(MaxConnectPacketSize));
        Check(MaxUnreadBytes, 4096, 1024 * 1024, nameof(MaxUnreadBytes));
        Check(MaxPacketSize, 256, 256 * 1024 * 1024, nameof(MaxPacketSize));
        Check(ReceiveMaximum, 1, ushort.MaxValue, nameof(ReceiveMaximum));
        Check(MaxQoS, 0, 2, nameof(MaxQoS));
        Check(MaxRetainedMessages, 0, 100_000_000, nameof(MaxRetainedMessages));
        Check(MaxRetainedBytes, 0, 1L << 40, nameof(MaxRetainedBytes));
        Check(MaxRetainedMessagesPerClient, 0, 100_000_000, nameof(MaxRetainedMessagesPerClient));
        Check(MaxRetainedBytesPerClient, 0, 1L << 40, nameof(MaxRetainedBytesPerClient));
        Check(MaxSessions, 1, 100_000_000, nameof(MaxSessions));
        Check(MaxSessionExpiry, TimeSpan.Zero, TimeSpan.FromDays(3660), nameof(MaxSessionExpiry));
        Check(MaxTopicAliasesToClient, 0, ushort.MaxValue, nameof(MaxTopicAliasesToClient));
        Check(TopicAliasMaximum, 0, ushort.MaxValue, nameof(TopicAliasMaximum));
        Check(MaxTopicBytes, 1, ushort.MaxValue, nameof(MaxTopicBytes));
        Check(MaxTopicLevels, 1, 1024, nameof(MaxTopicLevels));
        Check(MaxClientIdBytes, 23, ushort.MaxValue, nameof(MaxClientIdBytes));
        Check(MaxSubscriptionsPerClient, 1, 10_000_000, nameof(MaxSubscriptionsPerClient));
        Check(MaxSubscriptions, 1, 100_000_000, nameof(MaxSubscriptions));
        Check(MaxKeepAlive, TimeSpan.Zero, TimeSpan.FromSeconds(ushort.MaxValue), nameof(MaxKeepAlive));
        Check(TcpKeepAlive, TimeSpan.Zero, TimeSpan.FromHours(1), nameof(TcpKeepAlive));
        Check(MaxInflightToClient, 1, ushort.MaxValue, nameof(MaxInflightToClient));
        Check(MaxQueuedMessagesPerClient, 1, 10_000_000, nameof(MaxQueuedMessagesPerClient));
        Check(MaxQueuedBytesPerClient, 1024, 1024 * 1024 * 1024, nameof(MaxQueuedBytesPerClient));
        Check(MaxQueuedMessagesPerNamespace, 1, 1_000_000_000, nameof(MaxQueuedMessagesPerNamespace));
        Check(MaxQueuedBytesPerNamespace, 1024, 1L << 40, nameof(MaxQueuedBytesPerNamespace));
        Check(MaxQueuedMessages, 1, 1_000_000_000, nameof(MaxQueuedMessages));
        Check(MaxQueuedBytes, 1024, 1L << 40, nameof(MaxQueuedBytes));
        Check(MaxPublishRatePerClient, 0, 1_000_000_000, nameof(MaxPublishRatePerClient));
        Check(MaxPublishBytesPerClient, 0, 1L << 40, nameof(MaxPublishBytesPerClient));
        Check(MaxPublishRatePerNamespace, 0, 1_000_000_000, nameof(MaxPublishRatePerNamespace));
        Check(MaxPublishBytesPerNamespace, 0, 1L << 40, nameof(MaxPublishBytesPerNamespace));
        Check(PublishRateGrace, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1), nameof(PublishRateGrace));
        Check(CheckpointBytes, 1 << 20, 1L << 40, nameof(CheckpointBytes));
        Check(MaxUncommittedBytes, 64 * 1024, 1 << 30, nameof(MaxUncommittedBytes));
        Check(SysInterval, TimeSpan.Zero, TimeSpan.FromDays(1), nameof(SysInterval));
        Check(SlowAfter, TimeSpan.FromMilliseconds(100), TimeSpan.FromDays(1), nameof(SlowAfter));
        Check(MaxTraces, 0, 1000, nameof(MaxTraces));
        Check(MaxTraceTime, TimeSpan.FromSeconds(1), TimeSpan.FromDays(30), nameof(MaxTraceTime));
        if (StopServerReference is { } reference && !ConnectDecision.IsServerReference(reference))
            throw new ArgumentOutOfRangeException(nameof(StopServerReference), reference, "StopServerReference has 1 to 256 UTF-8 bytes and no control characters.");
        Check(CloseTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1), nameof(CloseTimeout));
    }

    internal MqttOptions Copy() => (MqttOptions)MemberwiseClone();

    private static void Check<T>(T value, T lowest, T highest, string name)
        where T : IComparable<T>
    {
        if (value.CompareTo(lowest) < 0 || value.CompareTo(highest) > 0)
            throw new ArgumentOutOfRangeException(name, value, $"{name} is {lowest} to {highest}.");
    }
}

/// <summary>What a full queue loses.</summary>
public enum QueueOverflow
{
    /// <summary>The message that has waited longest.</summary>
    DropOldest,

    /// <summary>The message that comes.</summary>
    DropNewest,
}
