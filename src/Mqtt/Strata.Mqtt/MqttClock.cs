namespace Strata.Mqtt;

/// <summary>The engine's clock for expiries: milliseconds since the broker was made; a step of the machine's clock does not move it.</summary>
internal sealed class MqttClock(TimeProvider time)
{
    private readonly long started = time.GetTimestamp();

    public long Now => (long)time.GetElapsedTime(started).TotalMilliseconds;

    /// <summary>A time of this clock as the machine's clock tells it, Unix ms; 0 for never.</summary>
    public long ToWall(long at) => at == long.MaxValue ? 0 : Math.Max(1, time.GetUtcNow().ToUnixTimeMilliseconds() + (at - Now));

    /// <summary>The reverse; what is past is not later than now.</summary>
    public long FromWall(long at) => at == 0 ? long.MaxValue : Now + (at - time.GetUtcNow().ToUnixTimeMilliseconds());
}
