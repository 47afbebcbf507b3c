using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Fog.Configuration;
using Strata.Fog.Status;
using Strata.Fog.Windows;
using Strata.Forwarding;
using Strata.Node.Devices;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;

namespace Strata.Fog.Uplink;

/// <summary>
/// Derives the uplink's entries from what the local store committed, in the order of commits. The last commit stands in the entries themselves, so after a
/// crash it goes on where the log ends: nothing is left out, nothing sent twice. The same loop says which windows are due and which devices fell silent.
/// </summary>
internal sealed partial class UplinkProjector : BackgroundService
{
    private const int RowsPerStep = 4_096;
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Between two looks at the store while commits follow each other: what is committed meanwhile is read together, since a look costs about as much
    /// for one commit as for many. The first commit after a rest is read at once.
    /// </summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private static readonly TimeSpan SaveEvery = TimeSpan.FromSeconds(10);

    private readonly ITelemetryStore store;
    private readonly IngestWriter writer;
    private readonly IFleetEvents events;
    private readonly ForwardLog log;
    private readonly CommitWatch watch;
    private readonly WindowIssuer issuer;
    private readonly SiteConfiguration site;
    private readonly TenantFolder folder;
    private readonly FlowTotals flow;
    private readonly SteadyClock clock;
    private readonly ILogger<UplinkProjector> logger;
    private readonly SiteProjection projection;
    private long position;
    private long startedAt;
    private long sendBeyond;
    private long savedAt;
    private long openReadings;
    private long plainReadings;
    private bool isMidway;
    private volatile bool reconfigure = true;

    public UplinkProjector(
        ITelemetryStore store, IngestWriter writer, IFleetEvents events, ForwardLog log, CommitWatch watch, WindowIssuer issuer, SiteConfiguration site, GatewayIdentity self,
        TenantFolder folder, FlowTotals flow, SteadyClock clock, ILogger<UplinkProjector> logger)
    {
        (this.store, this.writer, this.events, this.log, this.watch, this.issuer) = (store, writer, events, log, watch, issuer);
        (this.site, this.folder, this.flow, this.clock, this.logger) = (site, folder, flow, clock, logger);
        projection = new SiteProjection(GatewayId.Parse(self.Id), new WindowScheduleOptions());
    }

    /// <summary>Readings in windows that are not committed yet.</summary>
    public long OpenReadings => Volatile.Read(ref openReadings);

    /// <summary>Readings received of devices that run no agent.</summary>
    public long PlainReadings => Volatile.Read(ref plainReadings);

    /// <summary>Whether everything committed is projected.</summary>
    public bool IsCurrent => Position >= watch.Last;

    /// <summary>Whether the uplink's log is full and refuses: committed readings wait in the store, which must keep them.</summary>
    public bool IsHeldBack { get; private set; }

    /// <summary>Why nothing is projected any more; null while all is well.</summary>
    public string? Failure { get; private set; }

    /// <summary>The last commit projected.</summary>
    public long Position => Volatile.Read(ref position);

    /// <summary>Finds where to go on. Before anybody is served, so that the store's last commit is known.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        site.Changed += OnChanged;
        var state = PrivateFile.Read(folder.Windows, FogJson.Default.WindowsState, out var damage);
        if (damage is not null)
            LogStateLost(damage);
        var last = startedAt = await LastCommitAsync();
        watch.StartAt(last);
        projection.Configure(site.View);
        if (state is not null && state.Commit <= last)
        {
            position = state.Commit;
            projection.Restore(state, clock.Now);
        }
        if (state is not null)
            flow.Restore(state.Flow);
        sendBeyond = Math.Max(log.Cursor ?? 0, position);
        if (sendBeyond > last)
        {
            LogStoreIsNew(last, sendBeyond);
            (position, sendBeyond) = (0, 0);
        }
        await base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        site.Changed -= OnChanged;
        await LastAsync(cancellationToken);
        Save();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                watch.Rest();
                var before = position;
                await StepAsync(stoppingToken);
                if (position != before)
                    await Task.Delay(Pause, clock.Time, stoppingToken);
                await Task.WhenAny(watch.Woken, Task.Delay(Tick, clock.Time, stoppingToken));
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            return;
        }
        catch (ForwardLogStoppedException e)
        {
            Failure = e.Message;
            LogStopped(e);
        }
    }

    /// <summary>After the writer has stopped: what it committed last goes into the log, as far as the time allows.</summary>
    private async Task LastAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (!isMidway && await ProjectAsync(cancellationToken))
                continue;
        }
        catch (Exception e) when (e is TelemetryStoreException or ForwardLogStoppedException or OperationCanceledException)
        {
            LogStoreFails(e.Message); // The next start goes on where the log ends.
        }
    }

    private async Task StepAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (reconfigure && position >= startedAt)
                Configure();
            while (await ProjectAsync(cancellationToken))
                continue;
            LookAtClock();
        }
        catch (TelemetryStoreException e)
        {
            LogStoreFails(e.Message); // The next tick tries again; nothing has been taken.
        }
    }

    private async Task<bool> ProjectAsync(CancellationToken cancellationToken)
    {
        var through = watch.Last;
        if (position >= through)
            return false;
        var rows = await store.CommittedAfterAsync(site.View.Tenant, position, RowsPerStep, cancellationToken);
        var reached = Math.Min(rows.Last, through);
        if (reached <= position)
            return false;
        if (projection.FindsTooLate(rows))
            Save();
        var records = projection.Project(rows, sendBeyond, through, clock.Now);
        isMidway = true;
        if (records.Count > 0)
            await AppendAsync(records, cancellationToken);
        Volatile.Write(ref position, reached);
        isMidway = false;
        Note();
        return true;
    }

    private async Task AppendAsync(IReadOnlyList<ForwardRecord> records, CancellationToken cancellationToken)
    {
        while (true)
        {
            var result = await log.AppendAsync(records, cancellationToken: CancellationToken.None);
            foreach (var gap in result.Gaps)
                LogDropped(gap.First, gap.Last, gap.Readings);
            if (result.Outcome == AppendOutcome.Appended)
            {
                if (IsHeldBack)
                    LogGoesOn();
                IsHeldBack = false;
                return;
            }
            if (!IsHeldBack)
                LogHeldBack(result.Outcome);
            IsHeldBack = true;
            await Task.Delay(Tick, clock.Time, cancellationToken);
        }
    }

    private void LookAtClock()
    {
        while (issuer.TryTakeReturned(out var window))
            projection.Returned(window);
        var now = clock.Now;
        if (position >= watch.Last)
        {
            foreach (var group in projection.Groups)
            {
                foreach (var due in group.Due(now, issuer.Room))
                    issuer.Add(due);
            }
        }
        foreach (var happened in projection.Devices.Check(site.View, now))
            events.Raise(site.View.Tenant, happened);
        Note();
        if (clock.Time.GetElapsedTime(savedAt) >= SaveEvery)
            Save();
    }

    private void Note()
    {
        Volatile.Write(ref openReadings, projection.OpenReadings);
        Volatile.Write(ref plainReadings, projection.Devices.PlainReadings);
    }

    private void Configure()
    {
        reconfigure = false;
        if (projection.Configure(site.View))
            Save();
        if (projection.IsWaiting)
            reconfigure = true;
    }

    private void OnChanged()
    {
        reconfigure = true;
        watch.Wake();
    }

    /// <summary>Keeps the state, unless rows have been gone through that are not in the log: the state before stands then.</summary>
    private void Save()
    {
        if (isMidway)
            return;
        savedAt = clock.Time.GetTimestamp();
        try
        {
            PrivateFile.Write(folder.Windows, projection.Save(position, flow.Save()), FogJson.Default.WindowsState);
        }
        catch (IOException e)
        {
            LogNotSaved(e.Message); // The state before stands; more is gone through again at the next start.
        }
    }

    /// <summary>The store's last commit; a write without rows changes nothing and tells it.</summary>
    private async Task<long> LastCommitAsync()
    {
        try
        {
            return (await writer.CommitAsync(new TelemetryWrite { Tenant = site.View.Tenant }, CancellationToken.None)).Commit;
        }
        catch (TelemetryStoreException e)
        {
            LogStoreFails(e.Message);
            return Math.Max(log.Cursor ?? 0, 0);
        }
    }
}
