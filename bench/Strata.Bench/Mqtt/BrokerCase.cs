namespace Strata.Bench.Mqtt;

/// <summary>A comparison of brokers under one load (<see cref="Drive.DriveVerb"/>).</summary>
/// <param name="Name">Of the verb and of the file with its result.</param>
/// <param name="What">For who reads the result.</param>
/// <param name="Load">Options of the generator.</param>
internal sealed record BrokerCase(string Name, string What, string Bar, params string[] Load)
{
    public Counted Counts { get; init; } = Counted.Deliveries;

    /// <summary>The load at a fixed rate whose time under way is measured, besides the one that takes what it gets; null for none.</summary>
    public string[]? Paced { get; init; }

    /// <summary>Options of the engine (<see cref="ServeVerb"/>).</summary>
    public string[] Engine { get; init; } = [];

    public string[] Mosquitto { get; init; } = ["persistence false"];

    public string[] FlashMq { get; init; } = [];

    /// <summary>What is stored goes to a folder of each run: in these lines <c>{folder}</c>.</summary>
    public bool IsDurable { get; init; }

    /// <summary>The load for Kestrel without an engine, which is measured too then; null: it is not.</summary>
    public string[]? Kestrel { get; init; }

    public static BrokerCase Of(string verb, Arguments arguments)
    {
        var qos = arguments.Number("qos", 1);
        return verb switch
        {
            "mqtt-qos1" => new("mqtt-qos1", "QoS 1, 50 publishers, nobody subscribes", "0.8x FlashMQ, 3x mosquitto; aim 1x FlashMQ", "--publishers", "50", "--window", "200")
            {
                Counts = Counted.Acknowledged,
            },
            "mqtt-pairs" => new(
                qos == 2 ? "mqtt-pairs-qos2" : "mqtt-pairs", $"QoS {qos}, 1,000 publishers, each with a subscriber of its own", qos == 2 ? "2x mosquitto" : "0.8x FlashMQ; aim 1x",
                "--publishers", "1000", "--subscribers", "1000", "--qos", $"{qos}", "--window", "10"),
            "mqtt-fanout" => new(
                "mqtt-fanout", "QoS 0, one publisher to 1,000 subscribers", "0.8x FlashMQ, p99 under 10 ms at 250,000 deliveries a second or this machine's limit; aim 1x",
                "--publishers", "1", "--subscribers", "1000", "--qos", "0", "--topic", "fan", "--filter", "fan", "--copies", "1000", "--window", "8")
            {
                Paced = ["--rate", arguments.Text("rate", "250")],
            },
            "mqtt-shared" => new(
                "mqtt-shared", "QoS 1, 1,000 publishers to one shared subscription with 5 members", "2x mosquitto",
                "--publishers", "1000", "--subscribers", "5", "--topic", "shared/{n}", "--filter", "$share/five/shared/+", "--window", "10")
            {
                Engine = ["--max-inflight", "65535", "--max-queued", "100000", "--max-queued-bytes", "100000000"],
            },
            "mqtt-connects" => new(
                "mqtt-connects", "50 connections at once, each connects, is welcomed, disconnects, and is followed by another; meanwhile 100 pairs have 1,000 QoS 1 messages a second in all",
                "0.5x mosquitto (a bare accept loop on Kestrel: 0.6x), the pairs' p99 under 50 ms; aim 0.6x",
                "--publishers", "100", "--subscribers", "100", "--rate", "1000", "--storm", arguments.Text("at-once", "50"))
            {
                Counts = Counted.Connections,
                Kestrel = ["--publishers", "0", "--subscribers", "0", "--storm", arguments.Text("at-once", "50")],
            },
            _ => new(
                arguments.Flag("fanout") ? "mqtt-offline-fanout" : "mqtt-offline",
                arguments.Flag("fanout")
                    ? "QoS 1, each message to 1,000 durable sessions whose clients are away; queued copies are counted, of acknowledged publishes"
                    : "QoS 1 to 1,000 durable sessions whose clients are away, each message to one of them; acknowledged publishes are counted",
                "5x mosquitto with persistence and max_queued_messages 0, ours on the disk when it is acknowledged",
                arguments.Flag("fanout")
                    ? ["--publishers", "50", "--subscribers", "1000", "--away", "--topic", "fan", "--filter", "fan", "--copies", "1000", "--window", "10"]
                    : ["--publishers", "50", "--subscribers", "1000", "--away", "--topics", "1000", "--window", "200"])
            {
                Counts = Counted.Acknowledged,
                IsDurable = true,
                Engine = ["--data", "{folder}/engine", "--max-queued", "10000000", "--max-queued-bytes", "1073741824", "--max-queued-in-all", "1000000000"],
                Mosquitto = ["persistence true", "persistence_location {folder}/", "max_queued_messages 0"],
                FlashMq = ["storage_dir {folder}", "max_qos_bytes_pending_per_client 1073741824"],
            },
        };
    }
}

/// <summary>What a case counts.</summary>
internal enum Counted
{
    Deliveries,
    Acknowledged,
    Connections,
}
