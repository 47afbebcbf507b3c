using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Strata.Bench.Telemetry;
using Strata.Core.Tenancy;
using Strata.Postgres;
using Strata.Telemetry;
using Strata.Telemetry.Postgres;

namespace Strata.Bench.Postgres;

/// <summary>
/// One device over one day among --rows readings in daily leaves; and what row-level security costs: the store's own statement as the node's role, and the very same as a
/// role that policies do not bind, alternated on one connection each.
/// </summary>
internal static class QueryVerb
{
    private const long Day = 86_400_000_000;

    public static async Task<int> RunAsync(Arguments arguments)
    {
        var rows = arguments.Number("rows", 10_000_000);
        var devices = arguments.Number("devices", 2_300);
        var days = Math.Max(1, (int)Math.Ceiling(rows / (devices * 1440.0)));
        await using var database = await BenchDatabase.OpenAsync(arguments);
        var watch = Stopwatch.StartNew();
        await FillAsync(database, devices, days);
        var filled = watch.Elapsed.TotalSeconds;
        await using var store = new PostgresTelemetryStore(new PostgresTelemetryOptions { Database = database.Node }, TimeProvider.System, NullLogger<PostgresTelemetryStore>.Instance);
        var times = new List<double>();
        var read = 0;
        for (var i = 0; i < 60; i++)
        {
            watch.Restart();
            read = (await store.ReadAsync(TenantId.Main, Range(devices, days, i), CancellationToken.None)).Count;
            times.Add(watch.Elapsed.TotalMilliseconds);
        }
        var first = times[0];
        times.Sort();
        var (bound, free, boundCpu, freeCpu) = await CompareAsync(database, devices, days);
        return Results.Write("postgres-query", new
        {
            server = await database.VersionAsync(),
            pattern = $"{devices} devices, one reading a minute over {days} days, a leaf a day",
            readings = (long)devices * days * 1440,
            filledSeconds = Math.Round(filled),
            oneDevice1Day = new { rows = read, firstMs = Math.Round(first, 2), medianMs = Math.Round(times[30], 2), p95Ms = Math.Round(times[57], 2), maxMs = Math.Round(times[^1], 2), barMs = 20 },
            rowLevelSecurity = new
            {
                withMs = Math.Round(bound, 3), withoutMs = Math.Round(free, 3), costs = Math.Round(bound / free - 1, 3),
                withServerCpuMs = Math.Round(boundCpu, 3), withoutServerCpuMs = Math.Round(freeCpu, 3), costsCpu = Math.Round(boundCpu / freeCpu - 1, 3), bar = 0.1,
            },
            load = (await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0],
        });
    }

    private static ReadingRange Range(int devices, int days, int i)
    {
        var from = BenchStore.Start + i * 7 % days * Day;
        return new ReadingRange { Devices = [BenchStore.Device(i * 89 % devices)], From = from, To = from + Day, Limit = 10_000 };
    }

    /// <summary>Rows as the store writes them, in order of time, made in the server; the index is made after them, which is quicker.</summary>
    private static async Task FillAsync(BenchDatabase database, int devices, int days)
    {
        await BenchDatabase.ExecuteAsync(database.Admin,
            $"""
            SET {TenantBinding.Setting} = 'main';
            INSERT INTO telemetry_tenants VALUES ('main', 0, 1, 0, 0);
            INSERT INTO telemetry_series SELECT 'main', s, 'sensor-' || lpad(s::text, 5, '0'), 'temperature' FROM generate_series(0, {devices - 1}) s;
            """);
        await BenchDatabase.ExecuteAsync(database.Admin, "DROP INDEX telemetry_readings_series");
        for (var day = 0; day < days; day++)
        {
            await BenchDatabase.ExecuteAsync(database.Admin, $"SELECT strata_create_leaves(DATE '2026-01-01' + {day}, 1)");
            await BenchDatabase.ExecuteAsync(database.Admin,
                $"""
                SET {TenantBinding.Setting} = 'main';
                INSERT INTO telemetry_readings SELECT m, {BenchStore.Start} + ({day} * 1440 + m) * 60000000::bigint + s, floor(random() * 1000) / 10, s, s, DATE '2026-01-01' + {day}, 0, 'main', NULL
                    FROM generate_series(0, 1439) m, generate_series(0, {devices - 1}) s
                """);
        }
        await BenchDatabase.ExecuteAsync(database.Admin, "CREATE INDEX telemetry_readings_series ON telemetry_readings (tenant_id, series, time)");
        await BenchDatabase.ExecuteAsync(database.Admin, "VACUUM ANALYZE");
    }

    /// <summary>Medians of the time that a query takes, and the processor time that it takes in the server, which other programs on the machine do not change.</summary>
    private static async Task<(double Bound, double Free, double BoundCpu, double FreeCpu)> CompareAsync(BenchDatabase database, int devices, int days)
    {
        await using var node = await BenchDatabase.ConnectAsync(database.Node);
        await using var admin = await BenchDatabase.ConnectAsync(database.Admin);
        var times = new Dictionary<NpgsqlConnection, List<double>> { [node] = [], [admin] = [] };
        var cpu = new Dictionary<NpgsqlConnection, double>();
        const int warm = 100, all = 500;
        for (var i = 0; i < all; i++)
        {
            if (i == warm)
                cpu = times.Keys.ToDictionary(c => c, ServerMilliseconds);
            foreach (var connection in (NpgsqlConnection[])(i % 2 == 0 ? [node, admin] : [admin, node]))
            {
                var range = Range(devices, days, i);
                await using var batch = new NpgsqlBatch(connection) { BatchCommands = { TenantBinding.Command(TenantId.Main), new(ReadingSql.Singly(10_000)) } };
                foreach (var value in (object[])["main", range.From, range.To, new[] { range.Devices[0].Value }, Array.Empty<string>(), "", "", long.MinValue])
                    batch.BatchCommands[1].Parameters.Add(new NpgsqlParameter { Value = value });
                var watch = Stopwatch.StartNew();
                await using (var reader = await batch.ExecuteReaderAsync())
                {
                    do
                    {
                        while (await reader.ReadAsync())
                        {
                            // Read to the end.
                        }
                    }
                    while (await reader.NextResultAsync());
                }
                times[connection].Add(watch.Elapsed.TotalMilliseconds);
            }
        }
        double Cpu(NpgsqlConnection connection) => (ServerMilliseconds(connection) - cpu[connection]) / (all - warm);
        return (Median(times[node]), Median(times[admin]), Cpu(node), Cpu(admin));
    }

    /// <summary>What the session's process has used of a processor; the server is on this machine.</summary>
    private static double ServerMilliseconds(NpgsqlConnection connection) => File.Exists($"/proc/{connection.ProcessID}/schedstat")
        ? double.Parse(File.ReadAllText($"/proc/{connection.ProcessID}/schedstat").Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture) / 1e6
        : double.NaN;

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
