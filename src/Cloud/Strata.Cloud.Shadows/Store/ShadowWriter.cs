using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Shadows.Store;

/// <summary>
/// The one writer of shadows. Whatever came while the last commit ran is decided in its order and written as one transaction of each tenant; who asked hears of it after that. Reads come through it too,
/// so that a device that updates and then gets, gets what it updated. Safe from any thread.
/// </summary>
internal sealed partial class ShadowWriter(
    ShadowTables tables, IRegistryDatabase database, ShadowCache cache, ShadowOptions options, Lazy<IEnumerable<IShadowObserver>> observers, TimeProvider time, ILogger<ShadowWriter> logger) : IHostedService
{
    private readonly Channel<ShadowWork> queue = Channel.CreateBounded<ShadowWork>(new BoundedChannelOptions(options.MaxQueued) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });
    private readonly ConcurrentDictionary<(TenantId, string), int> waiting = new();
    private Task running = Task.CompletedTask;

    /// <summary>Hands a request over and waits for what becomes of it. Once taken it is not cancelled.</summary>
    public async Task<ShadowResult> RunAsync(ShadowWork work, CancellationToken cancellationToken)
    {
        var device = (work.Key.Tenant, work.Key.Device.Value);
        if (work.Author.IsDevice && waiting.AddOrUpdate(device, 1, static (_, n) => n + 1) > options.MaxQueuedOfDevice)
        {
            Left(device);
            return ShadowResult.Refused(new Problem(ProblemKind.TooMuch, $"{options.MaxQueuedOfDevice} requests of the device wait already; send the next when one is answered."));
        }
        try
        {
            if (!queue.Writer.TryWrite(work))
                await queue.Writer.WriteAsync(work, cancellationToken);
            return await work.Done;
        }
        catch (ChannelClosedException)
        {
            return ShadowResult.Refused(Stopping);
        }
        finally
        {
            if (work.Author.IsDevice)
                Left(device);
        }
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        running = Task.Run(LoopAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    /// <summary>Takes nothing more and writes what it has.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        queue.Writer.TryComplete();
        await running.WaitAsync(cancellationToken);
    }

    private static Problem Stopping => new(ProblemKind.Unavailable, "The node is stopping; send it again.");

    private async Task LoopAsync()
    {
        var taken = new List<ShadowWork>(options.MaxBatch);
        while (await queue.Reader.WaitToReadAsync())
        {
            while (taken.Count < options.MaxBatch && queue.Reader.TryRead(out var work))
                taken.Add(work);
            foreach (var tenant in taken.GroupBy(w => w.Key.Tenant))
            {
                await CommitAsync(tenant.Key, [.. tenant]);
                // What was told goes out before the next commit takes the processor.
                await Task.Yield();
            }
            taken.Clear();
        }
    }

    private async Task CommitAsync(TenantId tenant, List<ShadowWork> works)
    {
        var turn = new ShadowTurn(tenant, tables, cache, options, time.GetUtcNow(), LogUndecided);
        var results = new ShadowResult[works.Count];
#pragma warning disable CA1031 // Whatever fails, who asked hears of it and the loop goes on.
        try
        {
            await turn.LoadAsync(works);
            for (var i = 0; i < works.Count; i++)
                results[i] = await turn.DecideAsync(works[i]);
            if (!turn.Batch.IsEmpty)
                await tables.WriteAsync(tenant, turn.Batch, CancellationToken.None);
            turn.Keep();
        }
        catch (Exception failure)
        {
            // Whether it was written nobody knows: what is in the tables counts.
            turn.Forget();
            if (database.Explain(failure) is not { } problem)
            {
                LogFault(failure);
                problem = new Problem(ProblemKind.Unavailable, "The shadow could not be kept or read; the node's log says why.");
            }
            else
            {
                LogNotWritten(problem.Detail);
            }
            for (var i = 0; i < works.Count; i++)
                results[i] = results[i] is { Problem: not null } refused ? refused : ShadowResult.Refused(problem);
        }
        for (var i = 0; i < works.Count; i++)
        {
            try
            {
                foreach (var observer in observers.Value)
                    observer.OnDone(works[i], results[i]);
            }
            catch (Exception fault)
            {
                LogObserver(fault);
            }
            works[i].Complete(results[i]);
        }
#pragma warning restore CA1031
    }

    private void Left((TenantId, string) device)
    {
        if (waiting.AddOrUpdate(device, 0, static (_, n) => n - 1) <= 0)
            waiting.TryRemove(new KeyValuePair<(TenantId, string), int>(device, 0));
    }

    [LoggerMessage(7043, LogLevel.Error, "Shadows could not be kept or read.")]
    private partial void LogFault(Exception fault);

    [LoggerMessage(7044, LogLevel.Error, "Shadows could not be kept: {Reason}")]
    private partial void LogNotWritten(string reason);

    [LoggerMessage(7046, LogLevel.Error, "A request of a shadow could not be decided on; it is refused.")]
    private partial void LogUndecided(Exception fault);

    [LoggerMessage(7045, LogLevel.Error, "What was kept of a shadow could not be told.")]
    private partial void LogObserver(Exception fault);
}
