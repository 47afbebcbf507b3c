using System.Diagnostics;
using System.Text;
using System.Text.Unicode;
using Strata.Mqtt;
using Strata.Mqtt.Delivery;
using Strata.Mqtt.Subscriptions;
using Strata.Mqtt.Wire;

namespace Strata.Bench.Mqtt;

/// <summary>
/// Finds the subscribers of a topic among 100,000 subscriptions of as many sessions, in this process on core 0: topics in a shuffled order, so that most of what is
/// touched is in no cache; each is written to one buffer, as it would lie in a buffer that was received just now. The figures are medians of the rounds, in processor time, because the machine may be shared.
/// </summary>
internal static class MatchVerb
{
    private const int Sites = 1000;
    private const int Devices = 100;

    public static int Run(Arguments arguments)
    {
        Process.GetCurrentProcess().ProcessorAffinity = 1;
        var rounds = arguments.Number("rounds", 9);
        var exact = new MqttNamespace("bench", new DroppingHost(new DroppingMode(false)), new MqttOptions(), new MqttClock(TimeProvider.System), null);
        for (var i = 0; i < Sites * Devices; i++)
            Add(exact, $"site-{i % Sites}/device-{i / Sites}/telemetry");

        // The same number, 3 of which match each topic: two wildcards of its site, one of its device; the others are exact.
        var wild = new MqttNamespace("bench", new DroppingHost(new DroppingMode(false)), new MqttOptions(), new MqttClock(TimeProvider.System), null);
        for (var i = 0; i < Sites; i++)
        {
            Add(wild, $"site-{i}/+/alarm");
            Add(wild, $"site-{i}/#");
        }

        for (var i = 0; i < Devices; i++)
            Add(wild, $"+/device-{i}/alarm");
        for (var i = 0; wild.Tree.Count < Sites * Devices; i++)
            Add(wild, $"site-{i % Sites}/device-{i / Sites}/telemetry");
        return Results.Write("mqtt-match", new
        {
            Case = $"{Sites * Devices} subscriptions of as many sessions, topics of three levels in a shuffled order, one thread; ns of processor time a match, medians of {rounds} rounds",
            BarExactNs = 1000,
            BarThreeWildcardsNs = 5000,
            LoadAverage = File.ReadAllText("/proc/loadavg").Split(' ')[0],
            ExactNs = Measure(exact, "telemetry", 1, rounds),
            ThreeWildcardsNs = Measure(wild, "alarm", 3, rounds),
            NoneNs = Measure(exact, "nothing", 0, rounds),
        });
    }

    private static void Add(MqttNamespace to, string filter) =>
        to.Tree.Add(new Session(to, "", filter, new MqttOptions(), new MqttClock(TimeProvider.System)), Encoding.UTF8.GetBytes(filter), SubscriptionOptions.Read(1, 0, MqttProtocolVersion.V500));

    private static double Measure(MqttNamespace at, string last, int expected, int rounds)
    {
        var order = Enumerable.Range(0, Sites * Devices).ToArray();
        new Random(1).Shuffle(order);
        var topic = new byte[64];
        var matches = new MatchList();
        var times = new List<double>();
        for (var round = -2; round < rounds; round++)
        {
            var before = Environment.CpuUsage.TotalTime;
            long found = 0;
            foreach (var i in order)
            {
                Utf8.TryWrite(topic, $"site-{i % Sites}/device-{i / Sites}/{last}", out var length);
                matches.Begin(null);
                at.Tree.Match(topic.AsSpan(0, length), matches);
                found += matches.Count;
                matches.Clear();
            }

            if (found != (long)expected * order.Length)
                throw new InvalidOperationException($"{found} matches of {order.Length} topics, {expected} each are right.");
            if (round >= 0)
                times.Add((Environment.CpuUsage.TotalTime - before).TotalNanoseconds / order.Length);
        }

        return Math.Round(times.Order().ElementAt(rounds / 2), 1);
    }
}
