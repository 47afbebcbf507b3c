namespace Strata.Bench.Mqtt;

/// <summary>
/// Memory per idle connection: the server's resident memory with 10,000 connected and silent clients (one publish each, acknowledged, so that
/// every buffer has been used) less that without, taken after a garbage collection would have had cause (a wave of connections before).
/// </summary>
internal static class IdleVerb
{
    public static async Task<int> RunAsync(Arguments arguments)
    {
        // Else the collector's first generation is as large as this machine's processor cache, and what connecting left behind would be counted too.
        Environment.SetEnvironmentVariable("DOTNET_GCgen0size", "400000");
        var count = arguments.Number("connections", 10_000);
        var settle = TimeSpan.FromSeconds(arguments.Number("settle", 3));
        var (before, during) = await MeasureAsync(count, settle);
        var (tlsBefore, tlsDuring) = await MeasureAsync(count, settle, "--tls");
        var (bareBefore, bareDuring) = await MeasureAsync(count, settle, "--bare");
        return Results.Write("mqtt-idle", new
        {
            Case = "connections that published one QoS 1 message and are silent since; resident memory of the whole server process, the collector's first generation 4 MB",
            Connections = count,
            ResidentBefore = before,
            ResidentWith = during,
            BytesPerConnection = (during - before) / count,
            BytesPerTlsConnection = (tlsDuring - tlsBefore) / count,
            KestrelAloneBytesPerConnection = (bareDuring - bareBefore) / count,
        });
    }

    private static async Task<(long Before, long During)> MeasureAsync(int count, TimeSpan settle, params string[] mode)
    {
        await using var server = await ServerProcess.StartEngineAsync("0", mode);
        var options = LoadOptions.From(new Arguments(["--target", $"127.0.0.1:{server.Port}", "--window", "1", "--mqtt", "5"]));

        // A first, smaller wave makes the code and the pools that every program has anyway.
        var isTls = mode.Contains("--tls");
        await HoldAsync(options, 500, settle, server, isTls);
        await Task.Delay(settle, TimeProvider.System);
        var before = server.ResidentBytes();
        return (before, await HoldAsync(options, count, settle, server, isTls));
    }

    private static async Task<long> HoldAsync(LoadOptions options, int count, TimeSpan settle, ServerProcess server, bool isTls)
    {
        var connections = new List<IDisposable>(count);
        for (var number = 0; number < count; number++)
        {
            if (isTls)
            {
                var client = new TlsClient();
                connections.Add(client);
                await client.ConnectAsync(options.Target, $"bench-{number}");
                await client.PublishAsync($"devices/bench-{number}/telemetry", new byte[64]);
                continue;
            }

            var connection = new LoadConnection(options, number);
            connections.Add(connection);
            await connection.ConnectAsync();
            await connection.PublishOnceAsync();
        }

        await Task.Delay(settle, TimeProvider.System);
        var resident = server.ResidentBytes();
        connections.ForEach(static connection => connection.Dispose());
        return resident;
    }
}
