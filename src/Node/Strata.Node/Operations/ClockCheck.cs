using Strata.Cloud.Contracts;

namespace Strata.Node.Operations;

/// <summary>
/// Whether the wall clock ran as the monotonic one did since the start: a jump means that times given by this node before and after do not
/// fit, and that readings may have been refused as clock faults.
/// </summary>
internal sealed class ClockCheck(TimeProvider time) : INodeCheck
{
    private static readonly TimeSpan Tolerated = TimeSpan.FromSeconds(5);
    private static readonly DateTimeOffset Plausible = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly DateTimeOffset startWall = time.GetUtcNow();
    private readonly long startMonotonic = time.GetTimestamp();

    public ValueTask<HealthCheck> CheckAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return ValueTask.FromResult(Judge(now, now - startWall - time.GetElapsedTime(startMonotonic)));
    }

    internal static HealthCheck Judge(DateTimeOffset now, TimeSpan jump)
    {
        if (now < Plausible)
            return new HealthCheck("clock", HealthStates.Failing, $"The clock shows {now:yyyy-MM-dd HH:mm}: set it (timedatectl set-ntp true).");
        return jump.Duration() > Tolerated
            ? new HealthCheck("clock", HealthStates.Degraded, $"The clock jumped by {jump.TotalSeconds:+0.#;-0.#} s since the start: check its time source (timedatectl timesync-status), then restart.")
            : new HealthCheck("clock", HealthStates.Ok, $"{now:yyyy-MM-dd HH:mm:ss} UTC, no jump since the start");
    }
}
