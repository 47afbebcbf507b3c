namespace Strata.Bench.Mqtt;
internal static class QoS1Verb { public static Task<int> RunAsync(Arguments a) => Task.FromResult(a.Number("x", 0)); }
