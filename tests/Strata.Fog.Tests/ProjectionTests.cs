using Strata.Cloud.Contracts;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Fog.Configuration;
using Strata.Fog.Uplink;
using Strata.Fog.Windows;
using Strata.Telemetry;

namespace Strata.Fog.Tests;

/// <summary>Whatever comes late, whatever is killed when, however often the length of windows changes: each reading goes up raw or in a window, and is counted once.</summary>
public sealed class ProjectionTests
{
    [Theory]
    [MemberData(nameof(Seeds))]
    public void Each_reading_is_counted_once_through_kills_late_readings_and_changes_of_the_length(int seed)
    {
        var gateway = new ModelGateway(seed);
        for (var step = 0; step < 400; step++)
            gateway.Step();
        gateway.Settle();
        Assert.Equal(0, gateway.Open);
        Assert.Equal(gateway.Readings, gateway.SentRaw + gateway.SentInWindows);
    }

    public static IEnumerable<TheoryDataRow<int>> Seeds() => Enumerable.Range(1, 100).Select(seed => new TheoryDataRow<int>(seed));

    /// <summary>The projection between a model of the store and a model of the log: both survive a kill, nothing else does but the state last saved.</summary>
    private sealed class ModelGateway
    {
        private const long Second = 1_000_000;
        private static readonly GatewayId Self = GatewayId.Parse("gw-hq");
        private static readonly WindowScheduleOptions Options = new() { Lateness = TimeSpan.FromMinutes(5), MaxLag = TimeSpan.FromMinutes(3) };
        private static readonly long[] Lengths = [20_000, 90_000, 120_000, 420_000];
        private static readonly string[] MetricNames = ["temperature", "motion", "alarm", "light", "health.readingsIn"];

        private readonly Random random;
        private readonly List<(long Commit, Reading Reading)> readings = [];
        private readonly List<(long Commit, WindowRecord Window)> windows = [];
        private readonly HashSet<(DeviceId, MetricName, long)> seen = [];
        private readonly long[] clocks;
        private readonly Queue<DueGroupWindow> due = [];
        private readonly Queue<ReturnedWindow> returned = [];
        private readonly List<WindowRecord> computed = [];
        private SiteView view;
        private SiteProjection projection;
        private bool reconfigure;
        private long startedAt;
        private WindowsState? saved;
        private long commit;
        private long position;
        private long sendBeyond;
        private long cursor;
        private long now = 1_767_225_600L * Second;
        private int slow;

        public ModelGateway(int seed)
        {
            random = new Random(seed);
            view = View(60_000, 120_000);
            clocks = [.. view.Devices.Select(_ => now - random.NextInt64(60 * Second))];
            projection = Start();
        }

        /// <summary>What devices measured; reports of their health go up beside it and are in no books.</summary>
        public long Readings => readings.Count(r => !r.Reading.Metric.IsHealth);

        public long SentRaw { get; private set; }

        public long SentInWindows { get; private set; }

        public long Open => projection.OpenReadings;

        public void Step()
        {
            now += random.NextInt64(3 * Second);
            if (random.Next(60) == 0)
                (view, reconfigure) = (View(60_000, Lengths[random.Next(Lengths.Length)]), true);
            switch (random.Next(20))
            {
                case < 7: Receive(); break;
                case < 12: Project(); break;
                case < 15: LookAtClock(); break;
                case < 17: Compute(); break;
                case < 18: Commit(); break;
                case < 19: saved = projection.Save(position, default); break;
                default: projection = Start(); break;
            }
        }

        /// <summary>Everything runs until nothing is left to do; the clock closes the last windows.</summary>
        public void Settle()
        {
            for (var round = 0; round < 200; round++)
            {
                now += 60 * Second;
                while (position < commit)
                    Project();
                LookAtClock();
                while (due.Count > 0 || computed.Count > 0)
                    Compute();
            }
            while (position < commit)
                Project();
            LookAtClock();
        }

        /// <summary>A kill: the state last saved, the store and the log are what there is.</summary>
        private SiteProjection Start()
        {
            due.Clear();
            returned.Clear();
            computed.Clear();
            var fresh = new SiteProjection(Self, Options);
            fresh.Configure(view);
            position = saved?.Commit ?? 0;
            if (saved is not null)
                fresh.Restore(saved, now);
            saved ??= fresh.Save(position, default);
            sendBeyond = Math.Max(cursor, position);
            (startedAt, reconfigure) = (commit, true);
            return fresh;
        }

        private static SiteView View(long floor, long house)
        {
            var uplink = new Dictionary<string, string> { ["*"] = "window", ["alarm"] = "both", ["light"] = "raw" };
            return SiteView.From(Site.Configuration(uplink, devices: 4) with
            {
                Groups = [new GatewayGroup("floor-1", "hq/floor-1", ["hq/floor-1"], floor), new GatewayGroup("house", "hq", ["hq"], house)],
            });
        }

        private void Receive()
        {
            commit++;
            for (var left = random.Next(1, 6); left > 0; left--)
            {
                var at = random.Next(clocks.Length);
                clocks[at] += random.NextInt64(40 * Second);
                var back = random.Next(10) switch { < 3 => random.NextInt64(240 * Second), 3 => random.NextInt64(900 * Second), _ => 0 };
                var metric = MetricName.Parse(MetricNames[random.Next(MetricNames.Length)]);
                var value = metric.Value is "motion" ? ReadingValue.OfBoolean(random.Next(2) == 0) : ReadingValue.OfNumber(random.Next(100));
                var reading = new Reading(view.Devices[at].Device, metric, clocks[at] - back, value);
                if (seen.Add((reading.Device, metric, reading.Time)))
                    readings.Add((commit, reading));
            }
        }

        private void Configure()
        {
            if (!reconfigure || position < startedAt)
                return;
            reconfigure = false;
            if (projection.Configure(view))
                saved = projection.Save(position, default);
            reconfigure = projection.IsWaiting;
        }

        private void Project()
        {
            Configure();
            var through = position + random.Next(1, 8);
            var last = Math.Min(commit, through + random.Next(0, 2));
            var rows = new CommittedRows(
                last, [.. readings.Where(r => r.Commit > position && r.Commit <= last)], [.. windows.Where(w => w.Commit > position && w.Commit <= last)], [], []);
            var reached = Math.Min(last, through);
            if (reached <= position)
                return;
            if (projection.FindsTooLate(rows))
                saved = projection.Save(position, default);
            foreach (var record in projection.Project(rows, sendBeyond, through, now))
            {
                SentRaw += record.Tag == EntryTag.Readings ? record.Readings : 0;
                SentInWindows += record.Tag == EntryTag.Window ? record.Readings : 0;
                cursor = record.Cursor!.Value;
            }
            if (random.Next(20) == 0)
                projection = Start();
            else
                position = reached;
        }

        private void LookAtClock()
        {
            while (returned.TryDequeue(out var window))
                projection.Returned(window);
            Configure();
            if (position < commit)
                return;
            foreach (var group in projection.Groups)
            {
                foreach (var window in group.Due(now, random.Next(1, 5)))
                    due.Enqueue(window);
            }
        }

        /// <summary>Computes a window from the store as it is now; it is committed later.</summary>
        private void Compute()
        {
            Commit();
            if (computed.Count > 0 || !due.TryDequeue(out var window))
                return;
            var isFirst = window is { Standing: < 0, Revision: 0 }; // As the issuer does: it does not ask the store for one that cannot be there.
            var standing = isFirst ? null : windows.Where(w => w.Window.Group == window.Group.Id && w.Window.Start == window.Start).Select(w => w.Window).MaxBy(w => w.Revision);
            var samples = readings.Where(r => window.Group.Members.Any(m => m.Device == r.Reading.Device)).Select(r => WindowSample.From(r.Reading)).ToArray();
            var record = WindowMath.Compute(window.Group, Self, window.Start, standing is null ? window.Revision : standing.Revision + 1, samples);
            if (record is null || (standing is not null && record.Metrics.SequenceEqual(standing.Metrics)))
                returned.Enqueue(new ReturnedWindow(window.Group.Id, window.Start));
            else
                computed.Add(record);
        }

        private void Commit()
        {
            if (computed.Count == 0 || slow-- > 0)
                return;
            slow = random.Next(3) == 0 ? random.Next(12) : 0; // At times a commit takes long, and much comes meanwhile.
            commit++;
            windows.AddRange(computed.Select(w => (commit, w)));
            computed.Clear();
        }
    }
}
