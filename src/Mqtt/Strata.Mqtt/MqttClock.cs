namespace Strata.Mqtt;

/// <summary>The engine's clock for expiries: milliseconds since the broker was made; a step of the machine's clock does not move it.</summary>
internal sealed class MqttClock(TimeProvider time)
{
    private readonly long started = time.GetTimestamp();

    public long Now => (long)time.GetElapsedTime(started).TotalMilliseconds;
}
