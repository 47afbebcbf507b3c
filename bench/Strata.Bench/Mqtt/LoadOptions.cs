using System.Net;

namespace Strata.Bench.Mqtt;

/// <summary>What the load generator does.</summary>
internal sealed record LoadOptions
{
    public required IPEndPoint Target { get; init; }

    public required int Connections { get; init; }

    /// <summary>Publishes each connection has unacknowledged at most.</summary>
    public required int Window { get; init; }

    public required TimeSpan WarmUp { get; init; }

    public required TimeSpan Duration { get; init; }

    /// <summary>Publishes a second over all connections; 0: as many as are acknowledged.</summary>
    public required int Rate { get; init; }

    /// <summary><c>{client}</c> becomes the client id, without a tenant before it.</summary>
    public required string Topic { get; init; }

    /// <summary><c>{n}</c> becomes eight digits that change with each message.</summary>
    public required string Payload { get; init; }

    public required byte Version { get; init; }

    /// <summary>User and password per connection; the client id is the user (<c>ID</c> or <c>TENANT/ID</c>). Empty: none, and the id is bench-N.</summary>
    public required IReadOnlyList<(string User, string Password)> Users { get; init; }

    public static LoadOptions From(Arguments arguments)
    {
        var size = arguments.Number("payload", 64);
        return new LoadOptions
        {
            Target = IPEndPoint.Parse(arguments.Required("target")),
            Connections = arguments.Number("connections", 50),
            Window = arguments.Number("window", 200),
            WarmUp = TimeSpan.FromSeconds(arguments.Number("warmup", 2)),
            Duration = TimeSpan.FromSeconds(arguments.Number("seconds", 5)),
            Rate = arguments.Number("rate", 0),
            Topic = arguments.Text("topic", "devices/{client}/telemetry"),
            Payload = arguments.Text("template", "{n}" + new string('x', Math.Max(0, size - 8))),
            Version = (byte)arguments.Number("mqtt", 4),
            Users = ReadUsers(arguments.Text("users", "")),
        };
    }

    private static List<(string User, string Password)> ReadUsers(string path) => path.Length == 0
        ? []
        : [.. File.ReadLines(path).Select(static line => line.Split(' ', ',', '\t')).Where(static parts => parts.Length >= 2).Select(static parts => (parts[0], parts[1]))];
}
