using System.Net;

namespace Strata.Bench.Mqtt.Drive;

/// <summary>Who publishes what to whom. In topics and filters <c>{n}</c> is the number of the client.</summary>
internal sealed record DriveOptions
{
    public required IPEndPoint Target { get; init; }

    /// <summary>Whose processor time is read while it is measured; 0: nobody's.</summary>
    public required int Server { get; init; }

    public required int Publishers { get; init; }

    public required int Subscribers { get; init; }

    /// <summary>Of the publisher with that number; with <see cref="Topics"/>, of its messages in turns.</summary>
    public required string Topic { get; init; }

    /// <summary>Topics that each publisher goes round; 0: the one with its own number.</summary>
    public required int Topics { get; init; }

    /// <summary>Of the subscriber with that number.</summary>
    public required string Filter { get; init; }

    public required int QoS { get; init; }

    /// <summary>Publishes each publisher has unacknowledged at most; with QoS 0: messages that are not everywhere yet.</summary>
    public required int Window { get; init; }

    /// <summary>Publishes a second in all; 0: as many as are taken.</summary>
    public required int Rate { get; init; }

    /// <summary>Subscribers that get one message.</summary>
    public required int Copies { get; init; }

    /// <summary>The subscribers' sessions outlast their connections, and they are away while it is published.</summary>
    public required bool Away { get; init; }

    /// <summary>Connections of those who connect and disconnect meanwhile, at once; 0: none.</summary>
    public required int Storm { get; init; }

    /// <summary>Ends after so many acknowledged publishes; 0: after <see cref="Duration"/>.</summary>
    public required long Messages { get; init; }

    public required int Payload { get; init; }

    public required TimeSpan WarmUp { get; init; }

    public required TimeSpan Duration { get; init; }

    public static DriveOptions From(Arguments arguments) => new()
    {
        Target = IPEndPoint.Parse(arguments.Required("target")),
        Server = arguments.Number("server", 0),
        Publishers = arguments.Number("publishers", 1),
        Subscribers = arguments.Number("subscribers", 0),
        Topic = arguments.Text("topic", "bench/{n}"),
        Topics = arguments.Number("topics", 0),
        Filter = arguments.Text("filter", "bench/{n}"),
        QoS = arguments.Number("qos", 1),
        Window = arguments.Number("window", 10),
        Rate = arguments.Number("rate", 0),
        Copies = arguments.Number("copies", 1),
        Away = arguments.Flag("away"),
        Storm = arguments.Number("storm", 0),
        Messages = arguments.Number("messages", 0),
        Payload = arguments.Number("payload", 64),
        WarmUp = TimeSpan.FromSeconds(arguments.Number("warmup", 2)),
        Duration = TimeSpan.FromSeconds(arguments.Number("seconds", 5)),
    };
}
