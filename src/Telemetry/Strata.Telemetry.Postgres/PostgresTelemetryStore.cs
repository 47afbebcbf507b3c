using Microsoft.Extensions.Logging;
using Npgsql;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Postgres;

namespace Strata.Telemetry.Postgres;

/// <summary>
/// The shared store: tables of PostgreSQL whose policies keep tenants apart. One writer's session at a time; whatever fails in it, the session is thrown away and
/// another is opened by the next commit. The tables are made by <c>strata database migrate</c>.
/// </summary>
public sealed partial class PostgresTelemetryStore : ITelemetryStore
{
    private readonly PostgresTelemetryOptions options;
    private readonly DatabaseAddress database;
    private readonly TimeProvider time;
    private readonly ILogger<PostgresTelemetryStore> logger;
    private readonly IDeviceClasses classes;
    private readonly SemaphoreSlim writing = new(1, 1);
    private readonly ReadPool reads;
    private readonly string instance = $"strata-writer {Guid.NewGuid():N}";
    private WriterSession? session;
    private volatile string fault = "";
    private long bytes;
    private bool disposed;

    /// <param name="classes">Under which class devices are metered; null for one class.</param>
    public PostgresTelemetryStore(PostgresTelemetryOptions options, TimeProvider time, ILogger<PostgresTelemetryStore> logger, IDeviceClasses? classes = null)
    {
        (this.options, this.time, this.logger, this.classes) = (options, time, logger, classes ?? OneDeviceClass.Instance);
        database = DatabaseAddress.Parse(options.Database);
        reads = new ReadPool(database, options);
    }

    /// <summary>Bytes are those of the whole database, as retention last saw them.</summary>
    public StoreHealth Health => new(fault.Length == 0, fault, Interlocked.Read(ref bytes));

    internal ReadPool Reads => reads;

    private long Now => EventTime.From(time.GetUtcNow());

    private DateOnly Today => DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);

    /// <summary>Opens the writer's session and makes the leaves of the next days.</summary>
    /// <exception cref="TelemetryStoreException">It cannot be opened; the message says why.</exception>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        await WriteAsync(async open =>
        {
            await open.EnsureLeavesAsync(Today, cancellationToken);
            return true;
        }, "The telemetry database cannot be opened", cancellationToken);
        await MeasureAsync(cancellationToken);
    }

    public async ValueTask<CommitReport> CommitAsync(IReadOnlyList<TelemetryWrite> writes, CancellationToken cancellationToken)
    {
        foreach (var write in writes)
            Check(write);
        // Once begun, a commit is carried through: a caller that goes away must not leave its outcome open.
        return await WriteAsync(async open =>
        {
            if (writes.Count == 0)
                await open.ProbeAsync(instance, CancellationToken.None);
            var report = await open.CommitAsync(writes, Now, CancellationToken.None) with { Time = time.GetUtcNow() };
            if (fault.Length > 0)
                Log.Recovered(logger, report.Commit);
            fault = "";
            return report;
        }, "The telemetry database could not commit", cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await writing.WaitAsync();
        try
        {
            if (disposed)
                return;
            disposed = true;
            await CloseAsync();
            await reads.DisposeAsync();
        }
        finally
        {
            writing.Release();
        }
    }

    private static void Check(TelemetryWrite write)
    {
        if (write.Tenant == default)
            throw new ArgumentException("A write names no tenant.", nameof(write));
        if (write.Usage.Count > 0 && write.UsageStamp is null)
            throw new ArgumentException("A write of usage has no number, by which it would be taken once.", nameof(write));
        if (write.Readings is not { } batch)
            return;
        var devices = batch.Devices;
        var metrics = batch.Metrics;
        for (var row = 0; row < devices.Length; row++)
            if (devices[row].Value.Length == 0 || metrics[row].Value.Length == 0)
                throw new ArgumentException($"Reading {row} of a write names no device or no metric.", nameof(write));
    }

    /// <summary>Runs on the writer's session, opened if need be, in turn. A failure throws the session away.</summary>
    private async Task<T> WriteAsync<T>(Func<WriterSession, Task<T>> work, string whenFailed, CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            try
            {
                session ??= await WriterSession.OpenAsync(database, options, classes, instance, CancellationToken.None);
                return await work(session);
            }
            catch (Exception e)
            {
                // While the server stays away the writer of the node says so with each probe.
                if (session is not null || fault.Length == 0)
                    Log.Failed(logger, e);
                await CloseAsync();
                var why = e is PostgresException p ? $"{p.MessageText} (SQLSTATE {p.SqlState})" : e is NpgsqlException ? e.InnerException?.Message ?? e.Message : e.Message;
                fault = $"{whenFailed}: {why.TrimEnd('.')}. Nothing is acknowledged until a commit succeeds; look at the server of {database.Name}.";
                throw new TelemetryStoreException(fault, e);
            }
        }
        finally
        {
            writing.Release();
        }
    }

    private async Task CloseAsync()
    {
        var old = session;
        session = null;
        if (old is not null)
            await old.DisposeAsync();
    }

    private async Task MeasureAsync(CancellationToken cancellationToken) =>
        Interlocked.Exchange(ref bytes, (await reads.ListAsync(TenantId.Main, "SELECT pg_database_size(current_database())", r => r.GetInt64(0), cancellationToken))[0]);
}
