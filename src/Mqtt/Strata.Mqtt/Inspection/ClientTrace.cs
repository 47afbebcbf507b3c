namespace Strata.Mqtt.Inspection;

/// <summary>A trace under way; see <see cref="MqttInspection.Trace"/>. It counts against <see cref="MqttOptions.MaxTraces"/> until it ends.</summary>
public sealed class ClientTrace : IDisposable
{
    private readonly PacketTrace trace;
    private readonly PacketTraces all;
    private readonly ITimer? timer;

    internal ClientTrace(PacketTrace trace, PacketTraces all, TimeSpan time, TimeProvider clock)
    {
        (this.trace, this.all) = (trace, all);
        timer = clock.CreateTimer(static trace => ((ClientTrace)trace!).Dispose(), this, time, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The packets, until the trace ends; for one reader.</summary>
    public IAsyncEnumerable<TraceLine> ReadAsync(CancellationToken cancellationToken) => trace.Lines.ReadAllAsync(cancellationToken);

    public void Dispose()
    {
        timer?.Dispose();
        all.End(trace);
    }
}
