using System.Security.Cryptography;
using DuckDB.NET.Native;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Storage;
using Strata.Telemetry.DuckDb;

namespace Strata.Telemetry.Archive;

/// <summary>What an archive holds.</summary>
/// <param name="Digest">SHA-256 of the file, lower-case hexadecimal.</param>
public sealed record ArchivedReadings(long Readings, long Bytes, string Digest);

/// <summary>
/// One device's readings as a Parquet file that any tool reads: <c>device</c>, <c>metric</c>, <c>time</c> (timestamp in microseconds, UTC), <c>kind</c> (<c>number</c>, <c>boolean</c>, <c>text</c>),
/// <c>number</c> (booleans are 0 and 1), <c>text</c>; in order of time and metric, each reading once.
/// </summary>
public static class ReadingsArchive
{
    /// <summary>Readings asked for at once.</summary>
    private const int Page = 20_000;

    private static readonly DuckDBType[] Columns = [DuckDBType.Varchar, DuckDBType.Varchar, DuckDBType.BigInt, DuckDBType.Varchar, DuckDBType.Double, DuckDBType.Varchar];

    /// <summary>Writes all readings of a device. The file is there whole, on the disk and readable by its owner only, or not at all; one that is there is replaced.</summary>
    /// <param name="path">In a folder that is the archives' alone: files that end in <c>.work</c> beside it are made and removed.</param>
    /// <exception cref="TelemetryStoreException">The store cannot answer, or the file cannot be written.</exception>
    public static async Task<ArchivedReadings> WriteAsync(ITelemetryStore store, TenantId tenant, DeviceId device, string path, CancellationToken cancellationToken)
    {
        var folder = Path.GetDirectoryName(path)!;
        StoreFolder.Prepare(folder);
        var (work, next) = (path + ".work", path + ".next.work");
        Clear(folder, path);
        try
        {
            long readings = 0;
            using (var connection = DuckDbConnection.Open(work, new TelemetryStoreOptions { Folder = folder, MemoryLimitMiB = 64, Threads = 1 }))
            {
                connection.Execute("CREATE TABLE readings(device VARCHAR, metric VARCHAR, time BIGINT, kind VARCHAR, number DOUBLE, text VARCHAR)");
                var range = new ReadingRange { Devices = [device], Limit = Page };
                while (await store.ReadAsync(tenant, range, cancellationToken) is { Count: > 0 } page)
                {
                    Append(connection, page);
                    readings += page.Count;
                    range = range with { After = (page[^1].Time, page[^1].Device, page[^1].Metric) };
                }
                connection.Execute(
                    $"COPY (SELECT device, metric, make_timestamp(time) AS time, kind, number, text FROM readings ORDER BY readings.time, metric) TO '{next.Replace("'", "''", StringComparison.Ordinal)}' (FORMAT parquet, COMPRESSION zstd)");
            }
            var archived = await FinishAsync(next, readings, cancellationToken);
            File.Move(next, path, overwrite: true);
            SafeFiles.SyncFolder(folder);
            return archived;
        }
        catch (Exception e) when (e is DuckDbFailure or DuckDB.NET.Data.DuckDBException or IOException)
        {
            throw new TelemetryStoreException($"The readings of {device} could not be archived in {folder}: {e.Message}", e);
        }
        finally
        {
            Clear(folder, path);
        }
    }

    /// <summary>SHA-256 of an archive, as <see cref="ArchivedReadings.Digest"/>; null when it is not there.</summary>
    public static async Task<string?> DigestAsync(string path, CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
            return null;
        await using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken));
    }

    /// <summary>Reads an archive back, in its order.</summary>
    public static IReadOnlyList<Reading> Read(string path)
    {
        var readings = new List<Reading>();
        using var connection = DuckDbConnection.Open(":memory:", new TelemetryStoreOptions { Folder = Path.GetTempPath(), MemoryLimitMiB = 64, Threads = 1 });
        connection.Query("SELECT device, metric, epoch_us(time), kind, number, text FROM read_parquet($1) ORDER BY time, metric", r =>
        {
            var kind = Enum.Parse<ReadingKind>(r.GetString(3), ignoreCase: true);
            readings.Add(new Reading(
                DeviceId.Parse(r.GetString(0)), MetricName.Parse(r.GetString(1)), r.GetInt64(2),
                kind == ReadingKind.Text ? ReadingValue.FromColumns(kind, 0, r.GetString(5)) : ReadingValue.FromColumns(kind, r.GetDouble(4), null)));
        }, path);
        return readings;
    }

    private static void Append(DuckDbConnection connection, IReadOnlyList<Reading> page)
    {
        using var table = connection.Appender("readings", Columns);
        foreach (var reading in page)
        {
            table.SetText(0, reading.Device.Value);
            table.SetText(1, reading.Metric.Value);
            table.Set(2, reading.Time);
            table.SetText(3, reading.Value.Kind switch { ReadingKind.Text => "text", ReadingKind.Boolean => "boolean", _ => "number" });
            table.Set(4, reading.Value.Number);
            table.SetText(5, reading.Value.Text);
            table.EndRow();
        }
        table.Flush();
    }

    private static async Task<ArchivedReadings> FinishAsync(string path, long readings, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, SafeFiles.OwnerOnly);
        await using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        file.Flush(flushToDisk: true);
        return new ArchivedReadings(readings, file.Length, Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken)));
    }

    /// <summary>Removes what is made beside an archive, also by a process that ended meanwhile.</summary>
    private static void Clear(string folder, string path)
    {
        // Not by a pattern: "name.*" means the name itself too.
        foreach (var file in Directory.EnumerateFiles(folder).Where(f => f.StartsWith(path + ".", StringComparison.Ordinal)))
            File.Delete(file);
    }
}
