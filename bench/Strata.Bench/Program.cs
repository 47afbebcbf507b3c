using Strata.Bench;
using Strata.Bench.Dataflow;
using Strata.Bench.Mqtt;

// One verb per benchmark; see README.md.
var arguments = new Arguments(args.Skip(1));
return (args.FirstOrDefault() ?? "help") switch
{
    "mqtt-load" => await LoadVerb.RunAsync(arguments),
    "mqtt-serve" => await ServeVerb.RunAsync(arguments),
    "mqtt-qos1" => await QoS1Verb.RunAsync(arguments),
    "mqtt-idle" => await IdleVerb.RunAsync(arguments),
    "reduction" => ReductionVerb.Run(arguments),
    _ => Usage(),
};

static int Usage()
{
    Console.WriteLine("""
        Strata.Bench VERB [--option value ...]
          mqtt-load   publish QoS 1 to --target HOST:PORT as fast as its acknowledgements allow (or at --rate), print JSON
          mqtt-serve  the MQTT engine with a host that drops everything, for the others
          mqtt-qos1   the engine against mosquitto, each on core 0, load on core 1, alternated; writes bench/results/mqtt-qos1.json
          mqtt-idle   memory per idle connection; writes bench/results/mqtt-idle.json
          reduction   what dead band and windows take away on the real recording, and their errors; writes bench/results/reduction.json
        """);
    return 1;
}
