using Strata.Core.Tenancy;

namespace Strata.Cloud.Artifacts.Serving;

/// <summary>How many downloads run at once and how fast, per tenant and per reader. Safe from any thread.</summary>
internal sealed class DownloadGate(ArtifactsOptions options, TimeProvider time)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Lane> lanes = [];
    private readonly TimeProvider time = time;

    /// <summary>A place for one download; null when there is none just now.</summary>
    /// <param name="reader">Who reads, within the tenant.</param>
    public Passage? Enter(TenantId tenant, string reader)
    {
        lock (gate)
        {
            var (whole, own) = (LaneOf(tenant.Value, options.BytesPerSecondOfTenant), LaneOf($"{tenant.Value}\n{reader}", options.BytesPerSecondOfReader));
            if (whole.Running < options.MaxDownloadsOfTenant && own.Running < options.MaxDownloadsOfReader)
            {
                (whole.Running, own.Running) = (whole.Running + 1, own.Running + 1);
                return new Passage(this, whole, own);
            }
            Drop(whole);
            Drop(own);
            return null;
        }
    }

    private Lane LaneOf(string key, long bytesPerSecond)
    {
        if (!lanes.TryGetValue(key, out var lane))
            lanes.Add(key, lane = new Lane(key, bytesPerSecond, time.GetTimestamp()));
        return lane;
    }

    private void Drop(Lane lane)
    {
        if (lane.Running == 0)
            lanes.Remove(lane.Key);
    }

    /// <summary>How long the bytes have to wait for their turn; they are counted at once.</summary>
    private TimeSpan Take(Lane lane, int bytes)
    {
        if (lane.BytesPerSecond == 0)
            return TimeSpan.Zero;
        var now = time.GetTimestamp();
        // A second's worth may be taken at once after a rest.
        var free = Math.Max(lane.FreeAt, now - time.TimestampFrequency);
        lane.FreeAt = free + (long)((double)bytes / lane.BytesPerSecond * time.TimestampFrequency);
        return lane.FreeAt > now ? time.GetElapsedTime(now, lane.FreeAt) : TimeSpan.Zero;
    }

    private sealed class Lane(string key, long bytesPerSecond, long freeAt)
    {
        public string Key => key;

        public long BytesPerSecond => bytesPerSecond;

        public int Running { get; set; }

        public long FreeAt { get; set; } = freeAt;
    }

    /// <summary>A download that runs; disposing it gives its place back.</summary>
    internal sealed class Passage : IDisposable
    {
        private readonly DownloadGate owner;
        private readonly object whole;
        private readonly object own;
        private int done;

        internal Passage(DownloadGate owner, object whole, object own) => (this.owner, this.whole, this.own) = (owner, whole, own);

        /// <summary>Whether bytes are paced at all.</summary>
        public bool IsPaced => ((Lane)whole).BytesPerSecond + ((Lane)own).BytesPerSecond > 0;

        /// <summary>Waits until so many bytes may go.</summary>
        public async ValueTask PaceAsync(int bytes, CancellationToken cancellationToken)
        {
            TimeSpan wait;
            lock (owner.gate)
                wait = TimeSpan.FromTicks(Math.Max(owner.Take((Lane)whole, bytes).Ticks, owner.Take((Lane)own, bytes).Ticks));
            if (wait > TimeSpan.Zero)
                await Task.Delay(wait, owner.time, cancellationToken);
        }

        public void Dispose()
        {
            if (Interlocked.Exchange(ref done, 1) != 0)
                return;
            lock (owner.gate)
            {
                foreach (var lane in (Lane[])[(Lane)whole, (Lane)own])
                {
                    lane.Running--;
                    owner.Drop(lane);
                }
            }
        }
    }
}
