namespace Strata.Edge.Delivery;

/// <summary>How the agent reaches its gateways.</summary>
public sealed record DeliveryOptions
{
    /// <summary>Batches under way without acknowledgement; the gateway's receive maximum may lower it. 1 to 1,000; default 64.</summary>
    public int Window { get; init; } = 64;

    /// <summary>For a connection and its CONNACK. 100 ms to 1 min; default 5 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long an acknowledgement may take before the connection counts as broken. 1 s to 1 h; default 1 min.</summary>
    public TimeSpan AcknowledgeTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>MQTT keep-alive. 1 s to 1 h; default 20 s.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>After how long with another gateway the first of the list is tried again, and how often. 1 s to 1 day; default 1 min.</summary>
    public TimeSpan ReturnAfter { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// The wait after no gateway of the list took a connection: it doubles from here to <see cref="LongestBackOff"/>, each time with a random part of a half off.
    /// 10 ms to 1 min; default 500 ms.
    /// </summary>
    public TimeSpan ShortestBackOff { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>10 ms to 1 h; default 30 s.</summary>
    public TimeSpan LongestBackOff { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time between two health messages. 100 ms to 1 h; default 5 s.</summary>
    public TimeSpan HealthInterval { get; init; } = TimeSpan.FromSeconds(5);

    internal IEnumerable<string> Validate()
    {
        if (Window is < 1 or > 1000)
            yield return $"{nameof(Window)} is {Window}; it must be 1 to 1,000.";
        (TimeSpan Value, TimeSpan Least, TimeSpan Most, string Name)[] spans =
        [
            (ConnectTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1), nameof(ConnectTimeout)),
            (AcknowledgeTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1), nameof(AcknowledgeTimeout)),
            (KeepAlive, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1), nameof(KeepAlive)),
            (ReturnAfter, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1), nameof(ReturnAfter)),
            (ShortestBackOff, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1), nameof(ShortestBackOff)),
            (LongestBackOff, TimeSpan.FromMilliseconds(10), TimeSpan.FromHours(1), nameof(LongestBackOff)),
            (HealthInterval, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1), nameof(HealthInterval)),
        ];
        foreach (var (value, least, most, name) in spans)
        {
            if (value < least || value > most)
                yield return $"{name} is {value}; it must be {least} to {most}.";
        }
    }
}
