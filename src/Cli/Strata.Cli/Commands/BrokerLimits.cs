using System.CommandLine;
using Strata.Mqtt;

namespace Strata.Cli.Commands;

/// <summary>The engine's limits as options of <c>strata broker</c>: every one of <see cref="MqttOptions"/>, which checks their ranges.</summary>
internal sealed class BrokerLimits
{
    private readonly List<(Option Option, Action<ParseResult, MqttOptions> Apply)> limits = [];

    public BrokerLimits()
    {
        Value("--max-connections", "Connections held at once; one more is closed at accept.", o => o.MaxConnections, (o, v) => o.MaxConnections = v);
        Seconds("--connect-timeout", "From accept until the CONNECT is answered.", o => o.ConnectTimeout, (o, v) => o.ConnectTimeout = v);
        Value("--max-failed-logins", "Failed logins of a name from an address within the window after which more are refused; 0 for no limit.", o => o.MaxFailedLogins, (o, v) => o.MaxFailedLogins = v);
        Seconds("--failed-login-window", "That window, and how long they are refused.", o => o.FailedLoginWindow, (o, v) => o.FailedLoginWindow = v);
        Seconds("--close-timeout", "What a closed connection may take to send what is left.", o => o.CloseTimeout, (o, v) => o.CloseTimeout = v);
        Value("--max-connect-packet-size", "Bytes of a CONNECT packet.", o => o.MaxConnectPacketSize, (o, v) => o.MaxConnectPacketSize = v);
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
        Value("--receive-maximum", "QoS 1 and 2 publishes of one client under way.", o => o.ReceiveMaximum, (o, v) => o.ReceiveMaximum = v);
        Value("--max-inflight", "QoS 1 and 2 messages under way to one subscriber.", o => o.MaxInflightToClient, (o, v) => o.MaxInflightToClient = v);
        Value("--max-queued-messages", "Messages waiting for one subscriber.", o => o.MaxQueuedMessagesPerClient, (o, v) => o.MaxQueuedMessagesPerClient = v);
        Value("--max-queued-bytes", "Bytes of those messages.", o => o.MaxQueuedBytesPerClient, (o, v) => o.MaxQueuedBytesPerClient = v);
        Value("--when-queue-is-full", "DropOldest or DropNewest, while the client is away.", o => o.WhenAwayQueueIsFull, (o, v) => o.WhenAwayQueueIsFull = v);
        Value("--topic-alias-maximum", "Topic aliases one client may set.", o => o.TopicAliasMaximum, (o, v) => o.TopicAliasMaximum = v);
        Seconds("--sys-interval", "How often $SYS/broker/... is published; 0 for never.", o => o.SysInterval, (o, v) => o.SysInterval = v);
        Seconds("--slow-after", "How long messages wait for a client without a break until it is listed as slow.", o => o.SlowAfter, (o, v) => o.SlowAfter = v);
        Value("--max-traces", "'strata broker trace' at once.", o => o.MaxTraces, (o, v) => o.MaxTraces = v);
        Seconds("--max-trace-time", "The longest time one of them runs.", o => o.MaxTraceTime, (o, v) => o.MaxTraceTime = v);
        Text("--server-reference", "Where MQTT 5 clients are sent when this broker stops (DISCONNECT 0x9C). Default nowhere.", "HOST:PORT", (o, v) => o.StopServerReference = v);
        Value("--max-topic-aliases-to-client", "Topic aliases set towards one client.", o => o.MaxTopicAliasesToClient, (o, v) => o.MaxTopicAliasesToClient = v);
    }

    public IEnumerable<Option> Options => limits.Select(l => l.Option);

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
        limits.Add((option, (parsed, options) => set(options, parsed.GetValue(option) ?? get(options))));
    }

    private void Text(string name, string description, string helpName, Action<MqttOptions, string> set)
    {
        var option = new Option<string?>(name) { Description = description, HelpName = helpName };
        limits.Add((option, (parsed, options) =>
        {
            if (parsed.GetValue(option) is { } text)
                set(options, text);
        }));
    }

    private void Seconds(string name, string description, Func<MqttOptions, TimeSpan> get, Action<MqttOptions, TimeSpan> set)
    {
        var option = new Option<double?>(name) { Description = $"{description} Default {get(new MqttOptions()).TotalSeconds:0.#} s.", HelpName = "SECONDS" };
        limits.Add((option, (parsed, options) => set(options, parsed.GetValue(option) is { } seconds ? Span(name, seconds) : get(options))));
    }

    /// <summary>The engine checks the range; this only that there is such a time.</summary>
    private static TimeSpan Span(string name, double seconds) => Math.Abs(seconds) < TimeSpan.MaxValue.TotalSeconds
        ? TimeSpan.FromSeconds(seconds)
        : throw new CliException(ExitCode.Usage, $"{name}: {seconds} is not a number of seconds.");
}
