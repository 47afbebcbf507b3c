using CsCheck;
using Strata.Core.Architecture;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry;

namespace Strata.Core.Tests.Dataflow;

public sealed class WindowProperties
{
    private const int Length = 40;

    private static readonly DeviceId[] Devices = [DeviceId.Parse("a"), DeviceId.Parse("b"), DeviceId.Parse("c")];
    private static readonly MetricName[] Metrics = [MetricName.Parse("humidity"), MetricName.Parse("temperature")];

    private static readonly Gen<GroupMember[]> Members = Gen.Int[1, 30].Array[3].Select(
        beats => beats.Select((b, i) => new GroupMember(Devices[i], TimeSpan.FromMicroseconds(b))).ToArray());

    private static readonly Gen<WindowSample> Samples = Gen.Select(
        Gen.Int[0, 2], Gen.Int[0, 1], Gen.Int[0, 6 * Length - 1], Gen.Int[-50, 50], (d, m, t, v) => new WindowSample(Devices[d], Metrics[m], t, v / 4.0));

    [Fact]
    public void A_window_equals_the_naive_one_and_the_order_of_its_samples_does_not_matter() =>
        Gen.Select(Members, Samples.Array[0, 40], Gen.Int).Sample((members, samples, seed) =>
        {
            for (var start = 0; start < 7 * Length; start += Length)
            {
                var figures = WindowMath.Compute(start, Length, members, samples);
                NaiveWindows.AssertSame(NaiveWindows.Compute(start, Length, members, samples), figures.Metrics);
            }
            // Repeats are told apart by their place, so only distinct readings may be shuffled.
            var distinct = samples.DistinctBy(s => (s.Device, s.Metric, s.Time)).ToArray();
            var before = WindowMath.Compute(2 * Length, Length, members, distinct);
            new Random(seed).Shuffle(distinct);
            var after = WindowMath.Compute(2 * Length, Length, members, distinct);
            Assert.Equal(before.Metrics, after.Metrics);
            Assert.Equal(before.Heard, after.Heard);
        }, iter: 300);

    [Fact]
    public void Whatever_the_order_of_arrival_the_last_revisions_are_the_naive_windows() =>
        Gen.Select(Members, Samples.Array[1, 40], Gen.Int[0, 40].Array[40], Gen.Bool).Sample((members, samples, gaps, restarts) =>
        {
            var group = new GroupDefinition
            {
                Id = "g", Site = SiteId.Parse("hq"), Members = members, Window = TimeSpan.FromMicroseconds(Length), Default = new MetricPolicy(UplinkPolicy.Window),
            };
            var options = new WindowScheduleOptions();
            var (schedule, store, now) = (new WindowSchedule(group, options), new List<WindowSample>(), 1000L);
            var windows = new Dictionary<long, (int Revision, WindowRecord? Record)>();
            for (var i = 0; i < samples.Length; i++)
            {
                now += gaps[i];
                store.Add(samples[i]);
                Assert.NotEqual(HeardResult.TooLate, schedule.Heard(samples[i].Device, samples[i].Time, now));
                Issue();
                if (restarts)
                {
                    var saved = schedule.Save();
                    schedule = new WindowSchedule(group, options);
                    schedule.Restore(saved);
                }
            }
            for (var i = 0; i < 20; i++)
            {
                now += Length;
                Issue();
            }
            for (var start = 0; start < 8 * Length; start += Length)
            {
                var expected = NaiveWindows.Compute(start, Length, members, store);
                var actual = windows.TryGetValue(start, out var window) ? window.Record?.Metrics ?? [] : [];
                NaiveWindows.AssertSame(expected, actual);
            }

            void Issue()
            {
                foreach (var due in schedule.Due(now))
                {
                    Assert.Equal(windows.TryGetValue(due.Start, out var before) ? before.Revision + 1 : 0, due.Revision);
                    var from = due.Start - WindowMath.LookBack(group);
                    var samplesOfWindow = store.Where(s => s.Time >= from && s.Time < due.Start + Length).ToArray();
                    windows[due.Start] = (due.Revision, WindowMath.Compute(group, default, due.Start, due.Revision, samplesOfWindow));
                }
            }
        }, iter: 500);
}
