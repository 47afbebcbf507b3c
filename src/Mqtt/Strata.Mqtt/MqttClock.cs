namespace Strata.Mqtt;

/// <summary>The engine's clock for expiries: milliseconds since the broker was made; a step of the machine's clock does not move it.</summary>
internal sealed class MqttClock(TimeProvider time)
{
    private readonly long started = time.GetTimestamp();
    private long coarse;

    public long Now => (long)time.GetElapsedTime(started).TotalMilliseconds;

    /// <summary><see cref="Now"/> as it was at the last turn of the deadline wheel: costs nothing to read.</summary>
    public long Coarse => Volatile.Read(ref coarse);

    /// <summary>For <see cref="Since"/>.</summary>
    public long Timestamp => time.GetTimestamp();

    public TimeSpan Since(long timestamp) => time.GetElapsedTime(timestamp);

    /// <summary>The wheel has turned.</summary>
    public void Turn() => Volatile.Write(ref coarse, Now);

    /// <summary>A time of this clock as the machine's clock tells it, Unix ms; 0 for never.</summary>
    public long ToWall(long at) => at == long.MaxValue ? 0 : Math.Max(1, time.GetUtcNow().ToUnixTimeMilliseconds() + (at - Now));

    /// <summary>The reverse; what is past is not later than now.</summary>
    public long FromWall(long at) => at == 0 ? long.MaxValue : Now + (at - time.GetUtcNow().ToUnixTimeMilliseconds());
}
