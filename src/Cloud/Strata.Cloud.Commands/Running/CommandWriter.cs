using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Core;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Commands.Running;

/// <summary>
/// The one writer of commands: whatever came while the last transaction was written is decided, one after the other, and written as one of each tenant; then the memory follows, and whoever asked hears of it. What could
/// not be written is told to all whose it was, and the tenant is loaded again.
/// </summary>
internal sealed partial class CommandWriter(CommandStore store, CommandBook book, CommandNews news, TimeProvider time, ILogger<CommandWriter> logger) : IHostedService, IDisposable
{
    private const int MaxBatch = 256;
    private const int MaxJobs = 20_000;

    private readonly Channel<Job> jobs = Channel.CreateBounded<Job>(new BoundedChannelOptions(MaxJobs) { SingleReader = true });
    private readonly ConcurrentDictionary<TenantId, bool> doubtful = new();
    private Task run = Task.CompletedTask;

    /// <summary>Decides and writes; the outcome comes after the commit.</summary>
    public async Task<Outcome<T>> DoAsync<T>(TenantId tenant, Func<CommandBatch, ValueTask<Outcome<T>>> decide, CancellationToken cancellationToken)
    {
        var job = new Job<T>(tenant, decide);
        try
        {
            await jobs.Writer.WriteAsync(job, cancellationToken);
        }
        catch (ChannelClosedException)
        {
            return Job.Stopping;
        }
        return await job.Outcome;
    }

    /// <summary>The same for one who cannot wait for room: null when there is none.</summary>
    public Task<Outcome<T>>? TryDo<T>(TenantId tenant, Func<CommandBatch, ValueTask<Outcome<T>>> decide)
    {
        var job = new Job<T>(tenant, decide);
        return jobs.Writer.TryWrite(job) ? job.Outcome : null;
    }

    /// <summary>Whether something of the tenant could not be written: memory may say what the tables do not, until the next that is done.</summary>
    public bool IsDoubtful(TenantId tenant) => doubtful.ContainsKey(tenant);

    /// <summary>Takes what is in the tables.</summary>
    public async Task LoadAsync(TenantId tenant, CancellationToken cancellationToken) =>
        book.Load(
            tenant, await store.OpenAsync(tenant, cancellationToken), await store.UnansweredAsync(tenant, time.GetUtcNow().AddDays(-1), CommandBook.MaxUnanswered, cancellationToken),
            await store.RunsAsync(tenant, open: true, cancellationToken));

    public Task StartAsync(CancellationToken cancellationToken)
    {
        run = Task.Run(RunAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        jobs.Writer.TryComplete();
        await run.WaitAsync(cancellationToken);
    }

    public void Dispose() => jobs.Writer.TryComplete();

    private async Task RunAsync()
    {
        var taken = new List<Job>(MaxBatch);
        while (await jobs.Reader.WaitToReadAsync())
        {
            taken.Clear();
            while (taken.Count < MaxBatch && jobs.Reader.TryRead(out var next))
                taken.Add(next);
            foreach (var of in taken.GroupBy(static j => j.Tenant))
                await WriteAsync(of.Key, [.. of]);
        }
    }

    private async Task WriteAsync(TenantId tenant, List<Job> taken)
    {
        try
        {
            if (doubtful.ContainsKey(tenant))
            {
                await LoadAsync(tenant, CancellationToken.None);
                doubtful.TryRemove(tenant, out _);
            }
            var batch = new CommandBatch(tenant, book, store, EventTime.ToDateTimeOffset(EventTime.From(time.GetUtcNow())));
            foreach (var job in taken)
                await job.DecideAsync(batch);
            if (!batch.IsEmpty)
                await store.WriteAsync(batch);
            foreach (var row in batch.Commands)
            {
                book.Put(tenant, row);
                news.Tell(tenant, row);
            }
            foreach (var run in batch.Runs)
                book.Put(tenant, run);
            foreach (var follow in batch.Afterwards)
                follow();
            foreach (var job in taken)
                job.Complete();
        }
#pragma warning disable CA1031 // Whatever it is, nobody may wait for ever, and the next ones are written.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            LogNotWritten(failure);
            doubtful[tenant] = true;
            var problem = store.Explain(failure) ?? new Problem(ProblemKind.Unavailable, "The command could not be written.");
            foreach (var job in taken)
                job.Fail(problem);
        }
    }

    [LoggerMessage(5701, LogLevel.Error, "Commands could not be written, or nobody knows.")]
    private partial void LogNotWritten(Exception failure);

    private abstract class Job(TenantId tenant)
    {
        public static readonly Problem Stopping = new(ProblemKind.Unavailable, "The node stops.");

        public TenantId Tenant { get; } = tenant;

        public abstract ValueTask DecideAsync(CommandBatch batch);

        public abstract void Complete();

        public abstract void Fail(Problem problem);
    }

    private sealed class Job<T>(TenantId tenant, Func<CommandBatch, ValueTask<Outcome<T>>> decide) : Job(tenant)
    {
        private readonly TaskCompletionSource<Outcome<T>> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private Outcome<T> decided;

        public Task<Outcome<T>> Outcome => done.Task;

        public override async ValueTask DecideAsync(CommandBatch batch) => decided = await decide(batch);

        public override void Complete() => done.TrySetResult(decided);

        public override void Fail(Problem problem) => done.TrySetResult(problem);
    }
}
