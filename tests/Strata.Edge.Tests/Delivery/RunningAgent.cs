using System.Text.Json;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Edge.Delivery;
using Strata.Edge.Reduction;
using Strata.Edge.Sources;

namespace Strata.Edge.Tests.Delivery;

/// <summary>An agent in this process, with a folder of its own.</summary>
internal sealed class RunningAgent : IAsyncDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly StringWriter ready = new();

    public RunningAgent(EdgeOptions options, TimeProvider? time = null)
    {
        Folder = options.DataDirectory;
        Task = System.Threading.Tasks.Task.Run(() => EdgeAgent.RunAsync(options, ready, Log, time ?? TimeProvider.System, stop.Token));
    }

    public string Folder { get; }

    public ListLogger Log { get; } = new();

    public Task Task { get; }

    public string Ready => ready.ToString();

    /// <summary>Options for a room sensor that replays the occupancy file without waiting.</summary>
    public static EdgeOptions Room(string folder, params string[] gateways)
    {
        var secret = Path.Combine(folder, "device.secret");
        if (!File.Exists(secret))
            File.WriteAllText(secret, "secret\n");
        return new EdgeOptions
        {
            DataDirectory = Path.Combine(folder, "agent"),
            Device = DeviceId.Parse("room-101"),
            SecretFile = secret,
            Gateways = [.. gateways.Select(GatewayAddress.Parse)],
            Source = new ReplayOptions(Samples.Occupancy) { Map = Samples.Room, Speed = double.PositiveInfinity, ExitAtEnd = true },
            Reduction = new ReductionOptions { Immediate = [MetricName.Parse("occupancy")] },
            Delivery = new DeliveryOptions
            {
                ShortestBackOff = TimeSpan.FromMilliseconds(10), LongestBackOff = TimeSpan.FromMilliseconds(40), HealthInterval = TimeSpan.FromMilliseconds(100),
                ConnectTimeout = TimeSpan.FromSeconds(5),
            },
        };
    }

    /// <summary>SIGTERM, as it were.</summary>
    public async Task StopAsync()
    {
        await stop.CancelAsync();
        await Task.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
    }

    /// <summary>Waits for the agent to end by itself.</summary>
    public Task EndAsync() => Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

    public static Books ReadBooks(string folder)
    {
        using var status = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "status.json")));
        var root = status.RootElement;
        long Get(string name) => root.GetProperty(name).GetInt64();
        return new Books(Get("readingsIn"), Get("suppressed"), Get("readingsOut"), Get("waiting"), Get("lost"), Get("rejected"), Get("unexplained"));
    }

    public async ValueTask DisposeAsync()
    {
        if (!Task.IsCompleted)
            await StopAsync();
        stop.Dispose();
    }
}

internal sealed record Books(long In, long Suppressed, long Out, long Waiting, long Lost, long Rejected, long Unexplained);
