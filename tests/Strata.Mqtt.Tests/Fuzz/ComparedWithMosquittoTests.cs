using Strata.Mqtt.Tests.Durability;

namespace Strata.Mqtt.Tests.Fuzz;

/// <summary>
/// The same random script, step by step, against the engine and against mosquitto: what each client saw after each step must be the same. Where the
/// specification leaves a choice (copies for overlapping subscriptions), the scripts leave it out. STRATA_FUZZ_SCRIPTS sets how many are run.
/// </summary>
public sealed class ComparedWithMosquittoTests
{
    private const int Steps = 120;
    private static readonly int Scripts = int.TryParse(Environment.GetEnvironmentVariable("STRATA_FUZZ_SCRIPTS"), out var scripts) ? scripts : 60;
    private static readonly int FirstSeed = int.TryParse(Environment.GetEnvironmentVariable("STRATA_FUZZ_SEED"), out var seed) ? seed : 1;

    // Each topic matches one filter at most.
    private static readonly string[] Filters = ["a/b", "c/+", "d/#", "+/e/f", "/g", "h//+"];
    private static readonly string[] Topics = ["a/b", "c/x", "c/y", "d", "d/x", "d/x/y", "q/e/f", "/g", "h//z", "nobody"];

    [Fact]
    public async Task Subscribers_see_the_same_of_both()
    {
        await using var mosquitto = await Mosquitto.StartAsync();
        for (var seed = FirstSeed; seed < FirstSeed + Scripts; seed++)
        {
            await using var own = new CrashingServer(stored: false);
            await own.StartAsync();
            await RunAsync(seed, own, mosquitto.Port);
        }
    }

    [Fact]
    public async Task Subscribers_of_a_broker_that_crashes_now_and_then_see_the_same()
    {
        await using var mosquitto = await Mosquitto.StartAsync();
        for (var seed = FirstSeed; seed < FirstSeed + ((Scripts + 2) / 3); seed++)
        {
            await using var own = new CrashingServer(stored: true);
            await own.StartAsync();
            await RunAsync(seed, own, mosquitto.Port);
        }
    }

    private static async Task RunAsync(int seed, CrashingServer ours, int theirs)
    {
        var random = new Random(seed);
        ScriptedClient[][] clients = [.. Enumerable.Range(0, 3).Select(i =>
        {
            var version = random.Next(2) == 0 ? (byte)4 : (byte)5;
            return (ScriptedClient[])[
                new ScriptedClient($"s{seed}-{i}", version) { Port = ours.Port, Barrier = ours.BarrierAsync }, new ScriptedClient($"s{seed}-{i}", version) { Port = theirs },
            ];
        })];
        var script = new List<string>();
        var number = 0;
        for (var step = 0; step < Steps; step++)
        {
            if (ours.IsStored && random.Next(20) == 0)
            {
                script.Add("our server crashes, everybody is cut off");
                foreach (var client in clients.SelectMany(static pair => pair))
                    client.Drop();
                await ours.CrashAsync();
                foreach (var pair in clients)
                    pair[0].Port = ours.Port;
                continue;
            }

            if (ours.IsStored && random.Next(20) == 0)
            {
                script.Add("our server writes a checkpoint");
                await ours.Server.Broker.CheckpointAsync();
            }

            var acting = clients[random.Next(clients.Length)];
            var (name, act) = Choose(random, acting[0].IsConnected, $"m{++number}");
            script.Add($"{Array.IndexOf(clients, acting)}: {name}");
            await act(acting[0]);
            await act(acting[1]);
            foreach (var each in clients)
            {
                await each[0].SettleAsync();
                await each[1].SettleAsync();
                var (own, peer) = (each[0].TakeSeen(), each[1].TakeSeen());
                Assert.True(
                    own.SequenceEqual(peer),
                    $"seed {seed}, client {Array.IndexOf(clients, each)}:\nours  {string.Join("\n      ", own)}\ntheirs {string.Join("\n      ", peer)}\nscript\n{string.Join('\n', script)}");
            }
        }

        // Nothing of this script stays in the peer, which is used again.
        foreach (var pair in clients)
        {
            await pair[1].ConnectAsync(clean: true);
            foreach (var topic in Topics)
                await pair[1].PublishAsync(topic, "", 0, retain: true);
            await pair[1].DisconnectAsync();
            pair[0].Dispose();
        }
    }

    private static (string Name, Func<ScriptedClient, Task> Act) Choose(Random random, bool connected, string payload)
    {
        if (!connected)
        {
            var clean = random.Next(4) == 0;
            return ($"connect clean {clean}", c => c.ConnectAsync(clean));
        }

        var (filter, topic, qos) = (Filters[random.Next(Filters.Length)], Topics[random.Next(Topics.Length)], random.Next(3));
        switch (random.Next(20))
        {
            case < 5:
                // mosquitto 2.0 keeps No Local and Retain As Published of the first subscription (against MQTT-3.8.4-3), so each filter has its own.
                var flags = Array.IndexOf(Filters, filter) & 3;
                var options = (byte)(random.Next(3) | (flags << 2) | (random.Next(3) << 4));
                return ($"subscribe {filter} {options:X2}", c => c.SubscribeAsync(filter, options));
            case < 6:
                return ($"unsubscribe {filter}", c => c.UnsubscribeAsync(filter));
            case < 17:
                var retain = random.Next(4) == 0;
                var text = retain && random.Next(4) == 0 ? "" : payload;
                return ($"publish {topic} '{text}' qos {qos} retain {retain}", c => c.PublishAsync(topic, text, qos, retain));
            case < 18:
                return ("disconnect", c => c.DisconnectAsync());
            case < 19:
                return ("connect again", c => c.ConnectAsync(clean: false));
            default:
                return ("drop", c =>
                {
                    c.Drop();
                    return Task.CompletedTask;
                });
        }
    }
}
