using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Strata.Mqtt;

namespace Strata.Node.Ingest;

/// <summary>Committed data waiting to be sent to live subscribers.</summary>
internal interface ILivePart
{
    void Publish(MqttBroker broker);

    /// <summary>Called once afterwards: gives back what was rented.</summary>
    void Done(MqttBroker broker);
}

/// <summary>
/// Sends committed data to live MQTT subscribers, in commit order, on a loop of its own: a wide fan-out delays no commit. When it falls
/// behind by more than its queue, what comes is left out for live subscribers; it is stored all the same. Where sessions outlive the program nothing is left
/// out: what comes waits, unacknowledged.
/// </summary>
public sealed partial class LivePublisher : IAsyncDisposable
{
    private const int MaxWaiting = 512;

    private readonly Lazy<MqttBroker> broker;
    private readonly ILogger<LivePublisher> logger;
    private readonly Channel<ILivePart> waiting =
        Channel.CreateBounded<ILivePart>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private readonly Task loop;
    private long left;

    public LivePublisher(Lazy<MqttBroker> broker, ILogger<LivePublisher> logger)
    {
        (this.broker, this.logger) = (broker, logger);
        loop = Task.Run(RunAsync);
    }

    /// <summary>Parts left out because the loop was behind.</summary>
    public long LeftOut => Volatile.Read(ref left);

    internal MqttBroker Broker => broker.Value;

    /// <summary>The part is the publisher's on true; on false too much waits and it stays the caller's.</summary>
    internal bool TryPost(ILivePart part)
    {
        if (waiting.Writer.TryWrite(part))
            return true;
        Interlocked.Increment(ref left);
        return false;
    }

    /// <summary>The part is the publisher's, however much waits; its owner limits how many there are. On a fault it was not published.</summary>
    internal ValueTask PostAsync(ILivePart part) => waiting.Writer.WriteAsync(part);

    public async ValueTask DisposeAsync()
    {
        waiting.Writer.TryComplete();
        await loop;
    }

    private async Task RunAsync()
    {
        await foreach (var part in waiting.Reader.ReadAllAsync())
        {
            try
            {
                part.Publish(Broker);
            }
#pragma warning disable CA1031 // Live delivery is the last and least duty: what fails here is stored, and the next must not suffer.
            catch (Exception failure)
#pragma warning restore CA1031
            {
                LogFailed(failure);
            }
            part.Done(Broker);
        }
    }

    [LoggerMessage(4110, LogLevel.Error, "Committed data could not be sent to live subscribers.")]
    private partial void LogFailed(Exception failure);
}
