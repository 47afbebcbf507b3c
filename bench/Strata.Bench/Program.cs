using Strata.Bench;
using Strata.Bench.Dataflow;
using Strata.Bench.Mqtt;
using Strata.Bench.Mqtt.Drive;
using Strata.Bench.Node;
using Strata.Bench.Postgres;
using Strata.Bench.Telemetry;
using Strata.Bench.Updates;

// One verb per benchmark; see README.md.
var arguments = new Arguments(args.Skip(1));
var verb = args.FirstOrDefault() ?? "help";
return verb switch
{
    "mqtt-load" => await LoadVerb.RunAsync(arguments),
    "mqtt-serve" => await ServeVerb.RunAsync(arguments),
    "mqtt-drive" => DriveVerb.Run(arguments),
    "mqtt-qos1" or "mqtt-pairs" or "mqtt-fanout" or "mqtt-shared" or "mqtt-offline" or "mqtt-connects" => await CaseVerb.RunAsync(verb, arguments),
    "mqtt-match" => MatchVerb.Run(arguments),
    "mqtt-recovery" => await RecoveryVerb.RunAsync(arguments),
    "mqtt-resume" => await ResumeVerb.RunAsync(arguments),
    "mqtt-idle" => await IdleVerb.RunAsync(arguments),
    "mqtt-store" => StoreVerb.Run(arguments),
    "mqtt-reconnect" => await ReconnectVerb.RunAsync(arguments),
    "reduction" => ReductionVerb.Run(arguments),
    "store-append" => await StoreAppendVerb.RunAsync(arguments),
    "store-query" => await StoreQueryVerb.RunAsync(arguments),
    "postgres-copy" => await CopyVerb.RunAsync(arguments),
    "postgres-query" => await QueryVerb.RunAsync(arguments),
    "telemetry" => await TelemetryVerb.RunAsync(arguments),
    "telemetry-compare" => await TelemetryVerb.CompareAsync(arguments),
    "noisy-tenant" => await NoisyTenantVerb.RunAsync(arguments),
    "provisioning" => await ProvisioningVerb.RunAsync(arguments),
    "fleet-report" => await FleetReportVerb.RunAsync(arguments),
    "fleet-search" => await FleetSearchVerb.RunAsync(arguments),
    "shadows" => await ShadowsVerb.RunAsync(arguments),
    "shadows-store" => await ShadowsVerb.StoreAsync(arguments),
    "node-start" => await NodeStartVerb.RunAsync(arguments),
    "fog-connections" => await FogConnectionsVerb.RunAsync(arguments),
    "polls" => await PollsVerb.RunAsync(arguments),
    "rollout" => await RolloutVerb.RunAsync(arguments),
    _ => Usage(),
};

static int Usage()
{
    Console.WriteLine("""
        Strata.Bench VERB [--option value ...]
          fleet-search  ms to find devices among 60,000 by query; writes bench/results/fleet-search.json
          mqtt-load   publish QoS 1 to --target HOST:PORT as fast as its acknowledgements allow (or at --rate), print JSON
          mqtt-serve  the MQTT engine with a host that drops everything, for the others
          mqtt-drive  publishers and subscribers on one thread against --target HOST:PORT, print JSON; the load of the next six
          mqtt-qos1, mqtt-pairs [--qos 2], mqtt-fanout, mqtt-shared, mqtt-offline [--fanout], mqtt-connects  the engine against mosquitto and, with --flashmq PATH
                      (or FLASHMQ=PATH), FlashMQ, each on core 0, load on core 1, alternated; [--rounds 3] [--seconds 5] [--only engine]; writes bench/results/
          mqtt-resume  a client comes back to its 100 queued messages: p50 and p99 to the first and to all; [--rounds 300] [--messages 100]; writes bench/results/mqtt-resume.json
          mqtt-match  ns to find the subscribers of a topic among 100,000 subscriptions; writes bench/results/mqtt-match.json
          mqtt-recovery  start of the engine with --sessions 100000 and --messages 1000000 stored, against mosquitto; writes bench/results/mqtt-recovery.json
          mqtt-idle   memory per idle connection; writes bench/results/mqtt-idle.json
          mqtt-store  messages kept and forgotten per second by the journal and by SQLite, by messages of a commit; --folder DIR [--seconds 3]; writes bench/results/mqtt-store.json
          mqtt-reconnect  strata broker with 10,000 lasting sessions, killed and started again, all connect at once; [--connections N]; writes bench/results/mqtt-reconnect.json
          reduction   what dead band and windows take away on the real recording, and their errors; writes bench/results/reduction.json
          store-append  rows/s that the embedded store commits, by rows of a commit; --folder DIR [--seconds 5] [--threads 1]; writes bench/results/store-append.json
          store-query   one device's month out of 100 million readings; --folder DIR (kept, made when missing) [--devices 2300] [--threads 2]; writes bench/results/store-query.json
          postgres-copy   rows/s that the store commits into PostgreSQL against plain binary COPY; --folder DIR (a cluster of its own) or --server "Host=..;Username=postgres"
                          [--rows 8192] [--rounds 5] [--seconds 4]; writes bench/results/postgres-copy.json
          postgres-query  one device's day among --rows readings (10000000; 100 million take about half an hour to make), and what row-level security costs; --folder or --server;
                          writes bench/results/postgres-query.json
          telemetry     QoS 1 telemetry stored by strata cloud against mosquitto dropping it; [--rounds 3] [--seconds 10] [--folder DIR]; writes bench/results/telemetry.json
          provisioning  devices registered in bulk with certificates, and arriving unregistered with certificates of a foreign authority; [--bulk 10000] [--few 200] [--many 10000]; writes bench/results/provisioning.json
          telemetry-compare  the load of telemetry on two builds of strata in turns: --strata PATH and --against PATH; [--rounds 5] [--seconds 10]; writes bench/results/ --name
          noisy-tenant  a quiet tenant's throughput and p99, alone and beside a tenant that floods the same node, in turns; [--rounds 5] [--seconds 8] [--rate 5000] [--flood 50]; writes bench/results/noisy-tenant.json
          fleet-report  the fleet report of --devices 60000, asked --rounds 50 times over HTTP; [--strata PATH]; writes bench/results/fleet-report.json
          shadows       updates/s of shadows on one core, memory of --devices 100000, ms to a delta at half load; [--strata PATH] [--seconds 10] [--folder DIR]; writes bench/results/shadows.json
          node-start    cold start and idle memory of strata cloud and strata fog; [--rounds 5] [--idle 10] [--edge PATH of strata-edge]; writes bench/results/node-start.json
          polls         devices that ask for their next job by MQTT, a second and a second of the node's processor; [--connections 200] [--seconds 10]; writes bench/results/polls.json
          rollout       what each look at a rollout over --devices 100000 simulated devices costs; writes bench/results/rollout.json
          fog-connections  memory of a gateway with --connections 10000 devices, and the time of asking for latest values; writes bench/results/fog-connections.json
        """);
    return 1;
}
