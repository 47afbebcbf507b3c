using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Strata.Bench.Telemetry;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Postgres;
using Strata.Telemetry;
using Strata.Telemetry.Postgres;

namespace Strata.Bench.Postgres;

/// <summary>
/// Rows per second that the store commits into PostgreSQL, against a binary COPY of the same columns by the same encoder into a plain table of the same server: bare (plain), bare
/// with the tenant's constraint (bound), with the index of block ranges alone (ranges), with the same indexes (indexed), the same with its rows in the order of their series (sorted), and that with the
/// constraint (checked). Then sorted rows with cheaper indexes than the store's: without the tenant and the time (series), and an inverted one (inverted). One transaction a commit, each on the disk; alternated.
/// </summary>
internal static class CopyVerb
{
    private const string Columns = "commit bigint, time bigint, number double precision, series integer, row integer, kind smallint, tenant_id text COLLATE \"C\", text text";

    public static async Task<int> RunAsync(Arguments arguments)
    {
        var rows = arguments.Number("rows", 8_192);
        var devices = arguments.Number("devices", 2_300);
        var seconds = arguments.Number("seconds", 4);
        await using var database = await BenchDatabase.OpenAsync(arguments);
        foreach (var table in (string[])["plain", "bound", "ranges", "indexed", "sorted", "checked", "series", "inverted"])
            await BenchDatabase.ExecuteAsync(database.Admin, $"CREATE TABLE {table}({Columns}); GRANT INSERT ON {table} TO {Roles.Node}");
        foreach (var table in (string[])["ranges", "indexed", "sorted", "checked"])
            await BenchDatabase.ExecuteAsync(database.Admin, $"CREATE INDEX ON {table} USING brin (tenant_id, commit, time) WITH (autosummarize = on, pages_per_range = 64)");
        foreach (var table in (string[])["indexed", "sorted", "checked"])
            await BenchDatabase.ExecuteAsync(database.Admin, $"CREATE INDEX ON {table}(tenant_id, series, time)");
        await BenchDatabase.ExecuteAsync(database.Admin, "CREATE INDEX ON series(series)");
        await BenchDatabase.ExecuteAsync(database.Admin, "CREATE INDEX ON inverted USING gin ((ARRAY[series]))");
        foreach (var table in (string[])["bound", "checked"])
            await BenchDatabase.ExecuteAsync(database.Admin, $"ALTER TABLE {table} ADD CHECK ((tenant_id = {TenantBinding.Expression}) IS TRUE)");

        await using var store = new PostgresTelemetryStore(new PostgresTelemetryOptions { Database = database.Node }, TimeProvider.System, NullLogger<PostgresTelemetryStore>.Instance);
        await store.OpenAsync(CancellationToken.None);
        await using var connection = await BenchDatabase.ConnectAsync(database.Node);
        var fleet = new Fleet(devices);
        var encoder = new CopyEncoder();
        var ways = new Dictionary<string, Func<Task>>
        {
            ["plain"] = () => CopyAsync(connection, encoder, "plain", fleet.Next(rows), devices, false),
            ["bound"] = () => CopyAsync(connection, encoder, "bound", fleet.Next(rows), devices, false),
            ["ranges"] = () => CopyAsync(connection, encoder, "ranges", fleet.Next(rows), devices, false),
            ["indexed"] = () => CopyAsync(connection, encoder, "indexed", fleet.Next(rows), devices, false),
            ["sorted"] = () => CopyAsync(connection, encoder, "sorted", fleet.Next(rows), devices, true),
            ["checked"] = () => CopyAsync(connection, encoder, "checked", fleet.Next(rows), devices, true),
            ["series"] = () => CopyAsync(connection, encoder, "series", fleet.Next(rows), devices, true),
            ["inverted"] = () => CopyAsync(connection, encoder, "inverted", fleet.Next(rows), devices, true),
            ["store"] = async () => await store.CommitAsync([new TelemetryWrite { Tenant = TenantId.Main, Readings = fleet.Next(rows) }], CancellationToken.None),
        };
        var rates = ways.Keys.ToDictionary(k => k, _ => new List<double>());
        var perCpu = ways.Keys.ToDictionary(k => k, _ => new List<double>());
        foreach (var way in ways.Values)
            await way();
        for (var round = 0; round < arguments.Number("rounds", 5); round++)
        {
            foreach (var (name, way) in ways)
            {
                var watch = Stopwatch.StartNew();
                var commits = 0;
                var cpu = Environment.CpuUsage.TotalTime.TotalSeconds + await ServerSecondsAsync(database);
                for (; watch.Elapsed.TotalSeconds < seconds; commits++)
                    await way();
                rates[name].Add(commits * (double)rows / watch.Elapsed.TotalSeconds);
                perCpu[name].Add(commits * (double)rows / (Environment.CpuUsage.TotalTime.TotalSeconds + await ServerSecondsAsync(database) - cpu));
            }
        }
        double Median(string name) => MedianOf(rates[name]);
        double Cpu(string name) => MedianOf(perCpu[name]);
        return Results.Write("postgres-copy", new
        {
            server = await database.VersionAsync(),
            pattern = $"{devices} devices, {rows} rows a commit, one transaction each, synchronous; medians of {rates["plain"].Count} rounds of {seconds} s, alternated",
            rowsPerSecond = rates.Keys.ToDictionary(k => k, k => Math.Round(Median(k))),
            rowsPerCpuSecond = perCpu.Keys.ToDictionary(k => k, k => Math.Round(Cpu(k))),
            byRate = Ratios(Median),
            byCpu = Ratios(Cpu),
            storeToPlainBar = 0.6,
            constraintBar = 0.1,
            load = (await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0],
        });
    }

    private static object Ratios(Func<string, double> of) => new
    {
        storeToPlain = Math.Round(of("store") / of("plain"), 3),
        storeToIndexed = Math.Round(of("store") / of("indexed"), 3),
        storeToSorted = Math.Round(of("store") / of("sorted"), 3),
        seriesToPlain = Math.Round(of("series") / of("plain"), 3),
        invertedToPlain = Math.Round(of("inverted") / of("plain"), 3),
        boundToPlain = Math.Round(of("bound") / of("plain"), 3),
        sortedToIndexed = Math.Round(of("sorted") / of("indexed"), 3),
        constraintCosts = Math.Round(1 - of("checked") / of("sorted"), 3),
    };

    private static double MedianOf(List<double> values) => values.Order().ElementAt(values.Count / 2);

    /// <summary>Processor time of the two sessions that write, when the server is on this machine; with that of this process it is what the rows cost, whatever else the machine does.</summary>
    private static async Task<double> ServerSecondsAsync(BenchDatabase database)
    {
        await using var connection = await BenchDatabase.ConnectAsync(database.Admin);
        var pids = await connection.ListAsync("SELECT pid FROM pg_stat_activity WHERE usename = 'strata_node'", r => r.GetInt32(0), CancellationToken.None);
        double ticks = 0;
        foreach (var stat in pids.Select(p => $"/proc/{p}/stat").Where(File.Exists))
        {
            var fields = (await File.ReadAllTextAsync(stat)).Split(')')[^1].Split(' ');
            ticks += double.Parse(fields[12], System.Globalization.CultureInfo.InvariantCulture) + double.Parse(fields[13], System.Globalization.CultureInfo.InvariantCulture);
        }
        return ticks / 100;
    }

    private static async Task CopyAsync(NpgsqlConnection connection, CopyEncoder encoder, string table, ReadingBatch batch, int devices, bool isSorted)
    {
        await using var transaction = await connection.BeginTransactionAsync();
        await connection.RunAsync(TenantBinding.Statement(TenantId.Main), CancellationToken.None);
        Copy(connection, encoder, table, batch, devices, isSorted);
        await transaction.CommitAsync();
    }

    private static void Copy(NpgsqlConnection connection, CopyEncoder encoder, string table, ReadingBatch batch, int devices, bool isSorted)
    {
        using var stream = connection.BeginRawBinaryCopy($"COPY {table} FROM STDIN (FORMAT BINARY)");
        encoder.Begin(stream);
        var order = Enumerable.Range(0, batch.Count).ToArray();
        if (isSorted)
            Array.Sort(Array.ConvertAll(order, r => r % devices * batch.Count + r), order);
        foreach (var row in order)
        {
            encoder.Row(8, 80);
            encoder.Int64(1);
            encoder.Int64(batch.Times[row]);
            encoder.Double(batch.Numbers[row]);
            encoder.Int32(row % devices);
            encoder.Int32(row);
            encoder.Int16(0);
            encoder.Bytes("main"u8);
            encoder.LastText(null);
        }
        encoder.End();
    }

    /// <summary>Each device reports one temperature a minute; times go on from batch to batch.</summary>
    private sealed class Fleet(int devices)
    {
        private readonly Core.Devices.DeviceId[] names = [.. Enumerable.Range(0, devices).Select(BenchStore.Device)];
        private readonly Random random = new(1);
        private readonly ReadingBatch batch = new();
        private long next;

        public ReadingBatch Next(int rows)
        {
            batch.Clear();
            batch.BeginMessage();
            for (var i = 0; i < rows; i++, next++)
                batch.Add(names[next % devices], BenchStore.Metric, BenchStore.Start + next / devices * 60_000_000 + next % devices, Math.Round(20 + random.NextDouble(), 1));
            batch.EndMessage();
            return batch;
        }
    }
}
