using System.Collections.Immutable;
using Strata.Core.Architecture;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Metering;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;

namespace Strata.Telemetry;

/// <summary>
/// Where readings, windows, events and gaps are kept. One writer (<see cref="CommitAsync"/> is called by one caller at a time), any number of
/// readers. What a successful commit took is there after <c>kill -9</c>.
/// </summary>
public interface ITelemetryStore : IAsyncDisposable
{
    /// <summary>
    /// Stores the writes in one durable transaction. Messages whose stamp was seen before change nothing. Readings without a time get
    /// strictly increasing arrival times per device; <see cref="ReadingBatch.Times"/> holds them afterwards, and
    /// <see cref="BatchMessage.Outcome"/> says what became of each message. No writes at all: a probe that proves that the store can commit.
    /// </summary>
    /// <exception cref="ArgumentException">A write is malformed (a name is missing); nothing has changed and the other writes may be committed without it.</exception>
    /// <exception cref="TelemetryStoreException">Nothing may be acknowledged: the write failed, or its outcome is unknown. The store has reopened itself or says
    /// that it cannot; the caller may try again with later writes.</exception>
    ValueTask<CommitReport> CommitAsync(IReadOnlyList<TelemetryWrite> writes, CancellationToken cancellationToken);

    /// <summary>Raw readings in (device, metric, time) order or time order, each once, the last value standing.</summary>
    ValueTask<IReadOnlyList<Reading>> ReadAsync(TenantId tenant, ReadingRange range, CancellationToken cancellationToken);

    ValueTask<IReadOnlyList<AggregateRow>> AggregateAsync(TenantId tenant, ReadingRange range, long every, IReadOnlyList<AggregateFunction> functions, CancellationToken cancellationToken);

    /// <summary>
    /// What the tenant used in the hours that reach into [<paramref name="since"/>, <paramref name="until"/>), by hour and device class. Hours without use have no row. What was committed before the call is in it.
    /// </summary>
    ValueTask<IReadOnlyList<UsageHour>> UsageAsync(TenantId tenant, DateTimeOffset since, DateTimeOffset until, CancellationToken cancellationToken);

    /// <summary>Distinct raw readings, of one device or of all.</summary>
    ValueTask<long> CountAsync(TenantId tenant, DeviceId? device, CancellationToken cancellationToken);

    /// <summary>The newest reading of each metric of the devices (all devices when empty).</summary>
    ValueTask<IReadOnlyList<Reading>> LatestAsync(TenantId tenant, IReadOnlyList<DeviceId> devices, CancellationToken cancellationToken);

    /// <summary>Windows at their highest revision, in start order.</summary>
    ValueTask<IReadOnlyList<WindowRecord>> WindowsAsync(TenantId tenant, WindowRange range, CancellationToken cancellationToken);

    ValueTask<IReadOnlyList<StoredEvent>> EventsAsync(TenantId tenant, EventRange range, CancellationToken cancellationToken);

    ValueTask<IReadOnlyList<StoredGap>> GapsAsync(TenantId tenant, string? source, long? before, int limit, CancellationToken cancellationToken);

    /// <summary>Numbers seen per source and stream, as kept in the store.</summary>
    ValueTask<IReadOnlyList<SourceProgress>> ProgressAsync(TenantId tenant, string? source, CancellationToken cancellationToken);

    /// <summary>Totals that the statistics need, from the store itself, not from counters of the process.</summary>
    ValueTask<StoreTotals> TotalsAsync(TenantId tenant, CancellationToken cancellationToken);

    /// <summary>
    /// What was committed after <paramref name="after"/> in commit order: the feed from which a gateway derives its uplink entries. Every commit has a
    /// number; rows carry their commit's number.
    /// </summary>
    ValueTask<CommittedRows> CommittedAfterAsync(TenantId tenant, long after, int limit, CancellationToken cancellationToken);

    /// <summary>Drops what is older than the times allow, and the oldest beyond the size; returns rows dropped.</summary>
    ValueTask<long> RetainAsync(RetentionPolicy policy, CancellationToken cancellationToken);

    /// <summary>
    /// Removes what one device's readings are: rows, names of metrics, counters of them. Nothing of the device may be written any more. Goes on where an earlier call ended, also after a crash. Totals
    /// and usage keep what was stored once; windows and events, which are their groups' and the fleet's, stay. The bytes may lie in the files until <see cref="ScrubAsync"/>.
    /// </summary>
    /// <returns>Rows removed by this call.</returns>
    /// <exception cref="TelemetryStoreException">It failed, or cannot be done while a tenant is being copied; what was removed is removed, and a later call goes on.</exception>
    ValueTask<long> EraseAsync(TenantId tenant, DeviceId device, CancellationToken cancellationToken);

    /// <summary>Sees to it that files hold nothing any more of what was erased from the tenant's store before this call. May take as long as copying the store; writes go on beside it and wait at its end.</summary>
    /// <exception cref="TelemetryStoreException">It failed, or cannot be done while a tenant is being copied, or for want of room; nothing has changed.</exception>
    ValueTask ScrubAsync(TenantId tenant, CancellationToken cancellationToken);

    StoreHealth Health { get; }
}

/// <summary>What is to be stored for one tenant as one handed-over piece: a burst of a connection, or an uplink request.</summary>
public sealed class TelemetryWrite
{
    public required TenantId Tenant { get; init; }

    /// <summary>Readings; owned by the store during the commit, the giver's again afterwards.</summary>
    public ReadingBatch? Readings { get; init; }

    public IReadOnlyList<Stamped<WindowRecord>> Windows { get; init; } = [];

    public IReadOnlyList<Stamped<FleetEvent>> Events { get; init; } = [];

    public IReadOnlyList<Stamped<GapRecord>> Gaps { get; init; } = [];

    /// <summary>Numbers that carried nothing to store (a status, a rejection) but count as seen.</summary>
    public IReadOnlyList<SourceStamp> Seen { get; init; } = [];

    /// <summary>The gateway that the readings came through; null when the devices talk to this node.</summary>
    public GatewayId? Gateway { get; init; }

    /// <summary>
    /// What was used besides what this store counts of its commits (messages and bytes in, readings and bytes stored), to be added to its hours; gauges raise what stands. Taken once a
    /// <see cref="UsageStamp"/>.
    /// </summary>
    public IReadOnlyList<UsageHour> Usage { get; init; } = [];

    /// <summary>The number of <see cref="Usage"/>; required with it.</summary>
    public SourceStamp? UsageStamp { get; init; }

    /// <summary>
    /// When another store committed this, microseconds; null for what is new. What is brought from there is not metered again, and where the store can it keeps its age. Readings have their times. Alone in its commit.
    /// </summary>
    public long? Arrived { get; init; }
}

/// <summary>A record with the number of the entry that brought it; null when made here.</summary>
public readonly record struct Stamped<T>(T Record, SourceStamp? Stamp)
{
    /// <summary>Length of its payload as it came, for the meter; 0 for what was made here, which is no message.</summary>
    public int Bytes { get; init; }
}

/// <param name="Commit">The commit's number.</param>
/// <param name="Stored">Rows stored.</param>
/// <param name="Repeated">Messages and records that were seen before.</param>
/// <param name="Time">When the commit was durable.</param>
public sealed record CommitReport(long Commit, int Stored, int Repeated, DateTimeOffset Time)
{
    /// <summary>Messages refused for good, see <see cref="MessageOutcome.Refused"/>.</summary>
    public int Refused { get; init; }

    /// <summary>
    /// The very record objects (windows, events, gaps) of the writes that were seen before, compared by reference; null for none. Messages
    /// of readings carry theirs as <see cref="BatchMessage.Outcome"/>.
    /// </summary>
    public IReadOnlySet<object>? RepeatedRecords { get; init; }

    /// <summary>Whether this record of a write was seen before and changed nothing.</summary>
    public bool IsRepeated(object record) => RepeatedRecords is not null && RepeatedRecords.Contains(record);
}

public sealed record ReadingRange
{
    /// <summary>Empty for all devices.</summary>
    public IReadOnlyList<DeviceId> Devices { get; init; } = [];

    /// <summary>Empty for all metrics.</summary>
    public IReadOnlyList<MetricName> Metrics { get; init; } = [];

    /// <summary>Inclusive, microseconds.</summary>
    public long From { get; init; } = long.MinValue;

    /// <summary>Exclusive, microseconds.</summary>
    public long To { get; init; } = long.MaxValue;

    /// <summary>The last item of the page before; items after it in (time, device, metric) order follow.</summary>
    public (long Time, DeviceId Device, MetricName Metric)? After { get; init; }

    public int Limit { get; init; } = 1000;
}

public enum AggregateFunction
{
    Avg,
    Min,
    Max,
    Count,
    Last,
    Sum,
    Stddev,
}

/// <param name="Start">Start of the bucket, microseconds, a multiple of its length since the epoch.</param>
public sealed record AggregateRow(long Start, DeviceId Device, MetricName Metric, IReadOnlyList<double?> Values);

public sealed record WindowRange(SiteId? Site, string? Group, long From, long To, (long Start, string Group)? After, int Limit);

/// <param name="Before">Position of the page before; newest first.</param>
public sealed record EventRange(DeviceId? Device, GatewayId? Gateway, long? Before, int Limit);

/// <param name="Position">Orders and pages events.</param>
public sealed record StoredEvent(long Position, FleetEvent Event);

public sealed record StoredGap(long Position, DateTimeOffset Recorded, GapRecord Gap);

public sealed record SourceProgress(string Source, string Stream, IReadOnlyList<(long First, long Last)> Seen);

/// <summary>Since the store was new: what retention dropped stays counted, so that the books balance for good.</summary>
/// <param name="Readings">Distinct raw readings, those of <paramref name="Health"/> included.</param>
/// <param name="Aggregated">Readings counted in the standing windows.</param>
/// <param name="Windows">Standing windows (highest revision of each).</param>
/// <param name="Lost">Readings that gap records name.</param>
/// <param name="Health">Readings of metrics <c>health.*</c>: reports about sources, which no source counts among its readings.</param>
public sealed record StoreTotals(long Readings, long Aggregated, long Windows, long Gaps, long Lost, long Health = 0);

/// <summary>Rows of whole commits, in commit order.</summary>
/// <param name="Last">The last commit contained; equals what was asked for when there is nothing new.</param>
public sealed record CommittedRows(
    long Last, IReadOnlyList<(long Commit, Reading Reading)> Readings, IReadOnlyList<(long Commit, WindowRecord Window)> Windows,
    IReadOnlyList<(long Commit, FleetEvent Event)> Events, IReadOnlyList<(long Commit, GapRecord Gap)> Gaps)
{
    /// <summary>
    /// What the readings' messages said (<see cref="BatchMessage.Origin"/>), by index in <see cref="Readings"/>: those that were immediate or came through a
    /// gateway. Empty from a store that does not keep origins.
    /// </summary>
    public IReadOnlyDictionary<int, MessageOrigin> Origins { get; init; } = EmptyOrigins;

    private static readonly IReadOnlyDictionary<int, MessageOrigin> EmptyOrigins = new Dictionary<int, MessageOrigin>();
}

/// <param name="Raw">Age by arrival at which raw readings go.</param>
/// <param name="Windows">Age by start at which windows go.</param>
/// <param name="MaxBytes">Size of the store beyond which the oldest raw readings go; null for no limit.</param>
public sealed record RetentionPolicy(TimeSpan Raw, TimeSpan Windows, long? MaxBytes)
{
    /// <summary>Age at which hours of usage go.</summary>
    public TimeSpan Usage { get; init; } = TimeSpan.FromDays(3 * 366);

    /// <summary>Tenants whose raw readings go earlier than others', each with the age.</summary>
    public IReadOnlyDictionary<TenantId, TimeSpan> RawOf { get; init; } = ImmutableDictionary<TenantId, TimeSpan>.Empty;

    /// <summary>Those of <see cref="RawOf"/> that shorten anything.</summary>
    public IEnumerable<(TenantId Tenant, TimeSpan Raw)> Shorter => RawOf.Where(r => r.Value < Raw).Select(r => (r.Key, r.Value));
}

/// <param name="CanCommit">False while the last commit failed and the store has not proved itself since.</param>
/// <param name="Detail">What is wrong and what to do; empty when all is well.</param>
public sealed record StoreHealth(bool CanCommit, string Detail, long Bytes);

/// <summary>A commit failed or its outcome is unknown: nothing in it may be acknowledged.</summary>
public sealed class TelemetryStoreException(string message, Exception? inner = null) : Exception(message, inner);
