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
    /// <param name="longest">Seconds that it was away at most when it began: a machine's clock that was set back meanwhile makes nothing last longer.</param>
    public long FromWall(long at, long longest)
    {
        if (at == 0)
            return long.MaxValue;
        var now = Now;
        return Math.Min(now + (at - time.GetUtcNow().ToUnixTimeMilliseconds()), longest > long.MaxValue / 2000 ? long.MaxValue : now + (longest * 1000));
    }
}
