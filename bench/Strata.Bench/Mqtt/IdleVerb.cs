namespace Strata.Bench.Mqtt;
internal static class IdleVerb { public static Task<int> RunAsync(Arguments a) => Task.FromResult(a.Number("x", 0)); }
