using System.CommandLine;
using System.Globalization;
using Strata.Mqtt;
using Strata.Mqtt.Broker;

namespace Strata.Cli.Commands;

/// <summary>The engine's limits as options of <c>strata broker</c>: every one of <see cref="MqttOptions"/>, which checks their ranges.</summary>
internal sealed class BrokerLimits
{
    private readonly List<(Option Option, Action<ParseResult, MqttOptions> Apply, EngineLimit InFile)> limits = [];

    public BrokerLimits()
    {
        Value("--max-connections", "Connections held at once; one more is closed at accept.", o => o.MaxConnections, (o, v) => o.MaxConnections = v);
        Seconds("--connect-timeout", "From accept until the CONNECT is answered, with all that stands before it.", o => o.ConnectTimeout, (o, v) => o.ConnectTimeout = v);
        Value("--max-failed-logins", "Failed logins of a name from an address within the window after which more are refused; 0 for no limit.", o => o.MaxFailedLogins, (o, v) => o.MaxFailedLogins = v);
        Seconds("--failed-login-window", "That window, and how long they are refused.", o => o.FailedLoginWindow, (o, v) => o.FailedLoginWindow = v);
        Value("--max-connection-rate", "Connections a second from one address that is not this machine; 0 for no limit.", o => o.MaxConnectionRate, (o, v) => o.MaxConnectionRate = v);
        Value("--max-reconnects", "Times a client connects within --reconnect-window after which it is refused; 0 for no limit.", o => o.MaxReconnects, (o, v) => o.MaxReconnects = v);
        Seconds("--reconnect-window", "That window.", o => o.ReconnectWindow, (o, v) => o.ReconnectWindow = v);
        Seconds("--flapping-ban", "How long it is refused.", o => o.FlappingBan, (o, v) => o.FlappingBan = v);
        Seconds("--close-timeout", "What a closed connection may take to send what is left.", o => o.CloseTimeout, (o, v) => o.CloseTimeout = v);
        Value("--max-connect-packet-size", "Bytes of a CONNECT packet.", o => o.MaxConnectPacketSize, (o, v) => o.MaxConnectPacketSize = v);
        Value("--max-unread-bytes", "Bytes of a peer that are taken from the kernel before they are looked at.", o => o.MaxUnreadBytes, (o, v) => o.MaxUnreadBytes = v);
        Value("--max-bans", "Bans at once.", o => o.MaxBans, (o, v) => o.MaxBans = v);
        Value("--max-packet-size", "Bytes of any other packet.", o => o.MaxPacketSize, (o, v) => o.MaxPacketSize = v);
        Value("--max-qos", "0, 1 or 2.", o => o.MaxQoS, (o, v) => o.MaxQoS = v);
        Value("--max-client-id-bytes", "UTF-8 bytes of a client id.", o => o.MaxClientIdBytes, (o, v) => o.MaxClientIdBytes = v);
        Value("--max-topic-bytes", "UTF-8 bytes of a topic or filter.", o => o.MaxTopicBytes, (o, v) => o.MaxTopicBytes = v);
        Value("--max-topic-levels", "Levels of a topic or filter.", o => o.MaxTopicLevels, (o, v) => o.MaxTopicLevels = v);
        Seconds("--max-keep-alive", "The longest keep-alive; 0 leaves it to the client.", o => o.MaxKeepAlive, (o, v) => o.MaxKeepAlive = v);
        Seconds("--tcp-keep-alive", "Silence after which a peer's machine is asked whether it is still there; 0: never.", o => o.TcpKeepAlive, (o, v) => o.TcpKeepAlive = v);
        Value("--max-sessions", "Sessions held, connected or not.", o => o.MaxSessions, (o, v) => o.MaxSessions = v);
        Seconds("--session-expiry-max", "How long a session may outlive its connection.", o => o.MaxSessionExpiry, (o, v) => o.MaxSessionExpiry = v);
        Value("--max-subscriptions", "Subscriptions of all clients.", o => o.MaxSubscriptions, (o, v) => o.MaxSubscriptions = v);
        Value("--max-subscriptions-per-client", "Subscriptions of one client.", o => o.MaxSubscriptionsPerClient, (o, v) => o.MaxSubscriptionsPerClient = v);
        Value("--checkpoint-bytes", "With --data: bytes on the disk beyond what counts before it is written anew.", o => o.CheckpointBytes, (o, v) => o.CheckpointBytes = v);
        Value("--max-uncommitted-bytes", "With --data: bytes that may wait for the disk.", o => o.MaxUncommittedBytes, (o, v) => o.MaxUncommittedBytes = v);
        Value("--skip-damaged", "With --data: start without what is damaged there.", o => o.SkipDamagedData, (o, v) => o.SkipDamagedData = v);
        Value("--retain-available", "Whether messages are retained.", o => o.RetainAvailable, (o, v) => o.RetainAvailable = v);
        Value("--max-retained-messages", "Retained messages.", o => o.MaxRetainedMessages, (o, v) => o.MaxRetainedMessages = v);
        Value("--max-retained-bytes", "Bytes of the retained messages.", o => o.MaxRetainedBytes, (o, v) => o.MaxRetainedBytes = v);
        Value("--max-retained-messages-per-client", "Retained messages that one client has published.", o => o.MaxRetainedMessagesPerClient, (o, v) => o.MaxRetainedMessagesPerClient = v);
        Value("--max-retained-bytes-per-client", "Bytes of those messages.", o => o.MaxRetainedBytesPerClient, (o, v) => o.MaxRetainedBytesPerClient = v);
        Value("--receive-maximum", "QoS 1 and 2 publishes of one client under way.", o => o.ReceiveMaximum, (o, v) => o.ReceiveMaximum = v);
        Value("--max-inflight", "QoS 1 and 2 messages under way to one subscriber.", o => o.MaxInflightToClient, (o, v) => o.MaxInflightToClient = v);
        Value("--max-queued-messages", "Messages waiting for one subscriber.", o => o.MaxQueuedMessagesPerClient, (o, v) => o.MaxQueuedMessagesPerClient = v);
        Value("--max-queued-bytes", "Bytes of those messages.", o => o.MaxQueuedBytesPerClient, (o, v) => o.MaxQueuedBytesPerClient = v);
        Value("--max-queued-messages-of-namespace", "Messages waiting for all subscribers of a namespace; a broker has one.", o => o.MaxQueuedMessagesPerNamespace, (o, v) => o.MaxQueuedMessagesPerNamespace = v);
        Value("--max-queued-bytes-of-namespace", "Bytes of those messages.", o => o.MaxQueuedBytesPerNamespace, (o, v) => o.MaxQueuedBytesPerNamespace = v);
        Value("--max-queued-messages-of-node", "Messages waiting for all subscribers.", o => o.MaxQueuedMessages, (o, v) => o.MaxQueuedMessages = v);
        Value("--max-queued-bytes-of-node", "Bytes of those messages.", o => o.MaxQueuedBytes, (o, v) => o.MaxQueuedBytes = v);
        Value("--max-publish-rate", "Publishes a second of one client, which is read no faster; 0 for no limit.", o => o.MaxPublishRatePerClient, (o, v) => o.MaxPublishRatePerClient = v);
        Value("--max-publish-bytes", "Bytes a second of those packets; 0 for no limit.", o => o.MaxPublishBytesPerClient, (o, v) => o.MaxPublishBytesPerClient = v);
        Value("--max-publish-rate-of-namespace", "Publishes a second of all clients of a namespace; 0 for no limit.", o => o.MaxPublishRatePerNamespace, (o, v) => o.MaxPublishRatePerNamespace = v);
        Value("--max-publish-bytes-of-namespace", "Bytes a second of those packets; 0 for no limit.", o => o.MaxPublishBytesPerNamespace, (o, v) => o.MaxPublishBytesPerNamespace = v);
        Seconds("--publish-rate-grace", "How long a client may be over its rate with 32 KiB unread before it is disconnected.", o => o.PublishRateGrace, (o, v) => o.PublishRateGrace = v);
        Value("--when-queue-is-full", "DropOldest or DropNewest, while the client is away.", o => o.WhenAwayQueueIsFull, (o, v) => o.WhenAwayQueueIsFull = v);
        Value("--topic-alias-maximum", "Topic aliases one client may set.", o => o.TopicAliasMaximum, (o, v) => o.TopicAliasMaximum = v);
        Seconds("--sys-interval", "How often $SYS/broker/... is published; 0 for never.", o => o.SysInterval, (o, v) => o.SysInterval = v);
        Seconds("--slow-after", "How long messages wait for a client without a break until it is listed as slow.", o => o.SlowAfter, (o, v) => o.SlowAfter = v);
        Value("--max-traces", "'strata broker trace' at once.", o => o.MaxTraces, (o, v) => o.MaxTraces = v);
        Seconds("--max-trace-time", "The longest time one of them runs.", o => o.MaxTraceTime, (o, v) => o.MaxTraceTime = v);
        Text("--server-reference", "Where MQTT 5 clients are sent when this broker stops (DISCONNECT 0x9C). Default nowhere.", "HOST:PORT", o => o.StopServerReference, (o, v) => o.StopServerReference = v);
        Value("--max-topic-aliases-to-client", "Topic aliases set towards one client.", o => o.MaxTopicAliasesToClient, (o, v) => o.MaxTopicAliasesToClient = v);
    }

    public IEnumerable<Option> Options => limits.Select(l => l.Option);

    /// <summary>The same limits for a file.</summary>
    public IReadOnlyList<EngineLimit> InFile => [.. limits.Select(static l => l.InFile)];

    /// <summary>Sets what was given; the rest keeps its default.</summary>
    public void Apply(ParseResult parsed, MqttOptions options)
    {
        foreach (var limit in limits)
            limit.Apply(parsed, options);
    }

    private void Value<T>(string name, string description, Func<MqttOptions, T> get, Action<MqttOptions, T> set)
        where T : struct
    {
        var option = new Option<T?>(name) { Description = $"{description} Default {get(new MqttOptions())}.", HelpName = typeof(T).IsEnum ? "POLICY" : typeof(T) == typeof(bool) ? "true|false" : "N" };
        limits.Add((option, (parsed, options) => set(options, parsed.GetValue(option) ?? get(options)), new EngineLimit(
            name[2..], typeof(T).IsEnum ? string.Join(" or ", Enum.GetNames(typeof(T))) : typeof(T) == typeof(bool) ? "true or false" : "a whole number",
            (options, text) => set(options, Parse<T>(text)), (from, to) => set(to, get(from)))));
    }

    private void Text(string name, string description, string helpName, Func<MqttOptions, string?> get, Action<MqttOptions, string?> set)
    {
        var option = new Option<string?>(name) { Description = description, HelpName = helpName };
        limits.Add((option, (parsed, options) =>
        {
            if (parsed.GetValue(option) is { } text)
                set(options, text);
        }, new EngineLimit(name[2..], "a text", set, (from, to) => set(to, get(from)))));
    }

    private void Seconds(string name, string description, Func<MqttOptions, TimeSpan> get, Action<MqttOptions, TimeSpan> set)
    {
        var option = new Option<double?>(name) { Description = $"{description} Default {get(new MqttOptions()).TotalSeconds:0.#} s.", HelpName = "SECONDS" };
        limits.Add((option, (parsed, options) => set(options, parsed.GetValue(option) is { } seconds ? Span(name, seconds) : get(options)), new EngineLimit(
            name[2..], "a number of seconds", (options, text) => set(options, TimeSpan.FromSeconds(double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture))), (from, to) => set(to, get(from)))));
    }

    private static T Parse<T>(string text)
        where T : struct
    {
        if (typeof(T).IsEnum)
            return Enum.TryParse<T>(text, ignoreCase: true, out var value) && Enum.IsDefined(typeof(T), value) ? value : throw new FormatException();
        return (T)Convert.ChangeType(text, typeof(T), CultureInfo.InvariantCulture);
    }

    /// <summary>The engine checks the range; this only that there is such a time.</summary>
    private static TimeSpan Span(string name, double seconds) => Math.Abs(seconds) < TimeSpan.MaxValue.TotalSeconds
        ? TimeSpan.FromSeconds(seconds)
        : throw new CliException(ExitCode.Usage, $"{name}: {seconds} is not a number of seconds.");
}
