using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Strata.Telemetry.Ingest;
using Strata.Testing;
using static Strata.Telemetry.Tests.Writes;

namespace Strata.Telemetry.Tests;

/// <summary>The one writer against a store that does what the test says.</summary>
public sealed class IngestWriterTests : IAsyncDisposable
{
    private const int ProbeFailed = 3102;
    private readonly FakeTimeProvider time = new();
    private readonly GatedStore store = new();
    private readonly EventLogger<IngestWriter> log = new();
    private readonly ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly List<ICommitObserver> observers = [];
    private readonly IngestOptions options = new() { MaxQueuedItems = 3, MaxRowsPerCommit = 4 };
    private IngestWriter? writer;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        store.Open();
        if (writer is not null)
            await writer.DisposeAsync();
        await services.DisposeAsync();
    }

    [Fact]
    public async Task What_arrived_while_a_commit_ran_makes_up_the_next()
    {
        var writer = await Start();
        var first = writer.CommitAsync(Of(Number(1, 0)), Cancel);
        await Deadline.For(store.Entered, "the first commit begins");
        var others = new[] { writer.CommitAsync(Of(Number(2, 1)), Cancel), writer.CommitAsync(Of(Number(3, 2)), Cancel), writer.CommitAsync(Of(Number(4, 3)), Cancel) };
        store.Open();
        Assert.Equal(1, (await Deadline.For(first, "the first commit")).Commit);
        foreach (var other in others)
            Assert.Equal(2, (await Deadline.For(other, "the second commit")).Commit);
        Assert.Equal([1, 3], store.Groups);
    }

    [Fact]
    public async Task A_commit_is_bounded_in_rows()
    {
        var writer = await Start();
        var first = writer.CommitAsync(Of(Number(1, 0)), Cancel);
        await Deadline.For(store.Entered, "the first commit begins");
        var others = Enumerable.Range(0, 3).Select(i => writer.CommitAsync(Of(Number(1, i), Number(2, i + 100)), Cancel)).ToArray();
        store.Open();
        await Deadline.For(Task.WhenAll([first, .. others]), "all commits");
        Assert.Equal([1, 2, 1], store.Groups);
    }

    [Fact]
    public async Task A_full_queue_makes_the_giver_wait_and_cancelling_takes_it_out()
    {
        var writer = await Start();
        var first = writer.CommitAsync(Of(Number(1, 0)), Cancel);
        await Deadline.For(store.Entered, "the first commit begins");
        var items = Enumerable.Range(0, 5).Select(_ => new RecordingItem()).ToArray();
        var given = items.Select(i => writer.EnqueueAsync(i, CancellationToken.None).AsTask()).ToArray();
        Assert.Equal([true, true, true, false, false], given.Select(g => g.IsCompleted));
        using var cancel = new CancellationTokenSource();
        var leaving = new RecordingItem();
        var left = writer.EnqueueAsync(leaving, cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        store.Open();
        await Deadline.For(Task.WhenAll(given), "room for all");
        foreach (var item in items)
            Assert.NotNull(await Deadline.For(item.Outcome, "a callback"));
        Assert.False(leaving.Outcome.IsCompleted);
    }

    [Fact]
    public async Task A_malformed_write_fails_alone()
    {
        store.Refuse = w => w.Readings!.Numbers[0] == 13;
        var writer = await Start();
        var first = writer.CommitAsync(Of(Number(1, 0)), Cancel);
        await Deadline.For(store.Entered, "the first commit begins");
        var good = writer.CommitAsync(Of(Number(2, 0)), Cancel);
        var bad = writer.CommitAsync(Of(Number(13, 0)), Cancel);
        var after = writer.CommitAsync(Of(Number(3, 0)), Cancel);
        store.Open();
        await Deadline.For(Task.WhenAll(first, good, after), "the good ones");
        await Assert.ThrowsAsync<ArgumentException>(() => bad);
    }

    [Fact]
    public async Task A_callback_or_observer_that_throws_hurts_nobody_else()
    {
        observers.Add(new Observer(_ => throw new InvalidOperationException("observer")));
        var seen = 0;
        observers.Add(new Observer(_ => seen++));
        store.Open();
        var writer = await Start();
        await writer.EnqueueAsync(new ThrowingItem(), Cancel);
        await Deadline.For(writer.CommitAsync(Of(Number(1, 0)), Cancel), "the next item");
        Assert.Contains("observer", await Deadline.For(log.Happened(3104), "the observer's log"), StringComparison.Ordinal);
        Assert.Contains("callback", await Deadline.For(log.Happened(3105), "the callback's log"), StringComparison.Ordinal);
        Assert.True(seen > 0);
    }

    [Fact]
    public async Task Observers_see_a_commit_before_its_items_do()
    {
        var item = new RecordingItem();
        var before = false;
        observers.Add(new Observer(_ => before = !item.Outcome.IsCompleted));
        store.Open();
        var writer = await Start();
        await writer.EnqueueAsync(item, Cancel);
        await Deadline.For(item.Outcome, "the callback");
        Assert.True(before);
    }

    [Fact]
    public async Task While_the_store_cannot_commit_items_fail_at_once_and_a_probe_brings_it_back()
    {
        store.Failing = true;
        store.Open();
        var writer = await Start();
        await Assert.ThrowsAsync<TelemetryStoreException>(() => writer.CommitAsync(Of(Number(1, 0)), Cancel));
        await Deadline.For(log.Happened(ProbeFailed), "the first probe");
        Assert.False(writer.CanCommit);
        Assert.Equal("the disk is full", writer.Fault);
        var item = new RecordingItem();
        await writer.EnqueueAsync(item, Cancel);
        Assert.True(item.Outcome.IsCompleted);
        Assert.IsType<TelemetryStoreException>(await item.Outcome);
        store.Failing = false;
        var recovered = log.Happened(3103);
        while (!recovered.IsCompleted)
        {
            time.Advance(options.ProbeMaxDelay);
            await Task.Yield();
        }
        Assert.True(writer.CanCommit);
        await Deadline.For(writer.CommitAsync(Of(Number(1, 0)), Cancel), "a commit after the outage");
    }

    [Fact]
    public async Task Stopping_commits_what_was_taken_and_fails_what_comes_later()
    {
        var writer = await Start();
        var taken = Enumerable.Range(0, 3).Select(i => writer.CommitAsync(Of(Number(i, i)), Cancel)).ToArray();
        await Deadline.For(store.Entered, "the first commit begins");
        var stopping = writer.StopAsync(Cancel);
        var later = writer.CommitAsync(Of(Number(9, 9)), Cancel);
        store.Open();
        await Deadline.For(stopping, "the stop");
        await Task.WhenAll(taken);
        await Assert.ThrowsAsync<TelemetryStoreException>(() => later);
    }

    private async Task<IngestWriter> Start()
    {
        writer = new IngestWriter(store, options, observers, new IngestMetrics(services.GetRequiredService<IMeterFactory>()), time, log);
        await writer.StartAsync(Cancel);
        return writer;
    }

    private sealed class RecordingItem : IngestItem
    {
        private readonly TaskCompletionSource<object> outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override TelemetryWrite Write { get; } = Of(Number(1, 0));

        public Task<object> Outcome => outcome.Task;

        protected internal override void Committed(CommitReport report) => outcome.SetResult(report);

        protected internal override void Failed(Exception exception) => outcome.SetResult(exception);
    }

    private sealed class ThrowingItem : IngestItem
    {
        public override TelemetryWrite Write { get; } = Of(Number(1, 0));

        protected internal override void Committed(CommitReport report) => throw new InvalidOperationException("callback");

        protected internal override void Failed(Exception exception) => throw new InvalidOperationException("callback");
    }

    private sealed class Observer(Action<CommitReport> seen) : ICommitObserver
    {
        public void OnCommitted(IReadOnlyList<TelemetryWrite> writes, CommitReport report) => seen(report);
    }
}
