using Strata.Core.Metering;

namespace Strata.Node.Artifacts;

/// <summary>Downloads that are bounded together: those of a tenant, of a gateway, of one reader.</summary>
/// <param name="Key">Tells it from others.</param>
/// <param name="MostAtOnce">Downloads that run at once.</param>
/// <param name="BytesPerSecond">Of all of them together; 0 for no bound. May be another one with each download: it holds for those that run too.</param>
public readonly record struct DownloadLane(string Key, int MostAtOnce, long BytesPerSecond);

/// <summary>How many downloads run at once and how fast, by HTTP and in blocks alike. A lane is remembered until it has rested, so that many small requests are no faster than one large one. Safe from any thread.</summary>
public sealed class DownloadGate(TimeProvider time)
{
    /// <summary>A lane that owes more than this takes no further download: it would only wait.</summary>
    public static readonly TimeSpan MostOwed = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(1);
    private readonly Lock gate = new();
    private readonly Dictionary<string, Lane> lanes = [];
    private readonly long began = time.GetTimestamp();
    private TimeSpan swept;

    /// <summary>Lanes that are remembered.</summary>
    internal int Count
    {
        get
        {
            lock (gate)
                return lanes.Count;
        }
    }

    private TimeSpan Now => time.GetElapsedTime(began);

    /// <summary>A place for one download in all of these; null when one of them has none just now.</summary>
    public DownloadPassage? Enter(params ReadOnlySpan<DownloadLane> wanted)
    {
        lock (gate)
        {
            var now = Now;
            Sweep(now);
            foreach (var lane in wanted)
            {
                if (lanes.TryGetValue(lane.Key, out var there))
                    there.Rate.BytesPerSecond = lane.BytesPerSecond;
                if (there is not null && (there.Running >= lane.MostAtOnce || there.Rate.Owed(now) > MostOwed))
                    return null;
            }
            var taken = new Lane[wanted.Length];
            for (var i = 0; i < taken.Length; i++)
            {
                if (!lanes.TryGetValue(wanted[i].Key, out var lane))
                    lanes.Add(wanted[i].Key, lane = new Lane { Rate = { BytesPerSecond = wanted[i].BytesPerSecond } });
                lane.Running++;
                taken[i] = lane;
            }
            return new DownloadPassage(this, taken);
        }
    }

    /// <summary>Waits until so many bytes may go.</summary>
    internal async ValueTask PaceAsync(Lane[] of, int bytes, CancellationToken cancellationToken)
    {
        var wait = TimeSpan.Zero;
        lock (gate)
        {
            var now = Now;
            foreach (var lane in of)
            {
                var own = lane.Rate.Take(bytes, now);
                wait = own > wait ? own : wait;
            }
        }
        if (wait > TimeSpan.Zero)
            await Task.Delay(wait, time, cancellationToken);
    }

    internal void Leave(Lane[] of)
    {
        lock (gate)
        {
            foreach (var lane in of)
                lane.Running--;
        }
    }

    private void Sweep(TimeSpan now)
    {
        if (now - swept < SweepEvery)
            return;
        swept = now;
        foreach (var (key, lane) in lanes)
        {
            if (lane.Running == 0 && lane.Rate.IsRested(now))
                lanes.Remove(key);
        }
    }

    internal sealed class Lane
    {
        public ByteRate Rate { get; } = new();

        public int Running { get; set; }
    }
}

/// <summary>A download that runs; disposing it gives its place back.</summary>
public sealed class DownloadPassage : IDisposable
{
    private readonly DownloadGate owner;
    private readonly DownloadGate.Lane[] lanes;
    private int done;

    internal DownloadPassage(DownloadGate owner, DownloadGate.Lane[] lanes) => (this.owner, this.lanes) = (owner, lanes);

    /// <summary>Waits until so many bytes may go.</summary>
    public ValueTask PaceAsync(int bytes, CancellationToken cancellationToken) => owner.PaceAsync(lanes, bytes, cancellationToken);

    public void Dispose()
    {
        if (Interlocked.Exchange(ref done, 1) == 0)
            owner.Leave(lanes);
    }
}
