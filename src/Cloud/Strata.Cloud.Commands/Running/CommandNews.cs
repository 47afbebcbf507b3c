using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Commands.Rows;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform.Fleet;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Commands.Running;

/// <summary>Tells of each step of a command after its commit: on the MQTT topic <c>fleet/commands</c>, to the tenant's hooks, and to who waits for its end.</summary>
internal sealed partial class CommandNews(TenantNews news, CommandsOptions options, ILogger<CommandNews> logger) : BackgroundService
{
    private readonly Channel<(TenantId Tenant, CommandRow Row)> waiting = Channel.CreateBounded<(TenantId, CommandRow)>(new BoundedChannelOptions(options.MaxWaitingNews) { SingleReader = true });
    private readonly Lock gate = new();
    private readonly Dictionary<(TenantId Tenant, string Key), List<Wait>> waits = [];
    private int callers;
    private long dropped;

    /// <summary>Begins to wait for a command's end: before its state is looked at, and to be disposed. Several may wait for the same.</summary>
    /// <returns>Null when as many wait as may: <see cref="CommandsOptions.MaxWaiting"/>.</returns>
    public Wait? TryWait(TenantId tenant, string key)
    {
        lock (gate)
        {
            if (callers >= options.MaxWaiting)
                return null;
            callers++;
            var wait = new Wait(this, (tenant, key));
            if (waits.TryGetValue(wait.Of, out var others))
                others.Add(wait);
            else
                waits[wait.Of] = [wait];
            return wait;
        }
    }

    /// <summary>It was written.</summary>
    public void Tell(TenantId tenant, CommandRow row)
    {
        if (row.Ended is not null)
        {
            lock (gate)
            {
                foreach (var wait in waits.GetValueOrDefault((tenant, row.Key)) ?? [])
                    wait.Over(row);
            }
        }
        if (!waiting.Writer.TryWrite((tenant, row)))
            Interlocked.Increment(ref dropped);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (await waiting.Reader.WaitToReadAsync(stoppingToken))
            {
                while (waiting.Reader.TryRead(out var item))
                {
                    news.Tell(item.Tenant, "commands", $"command.{item.Row.State}", JsonSerializer.SerializeToUtf8Bytes(CommandViews.Info(item.Row), ContractsJson.Default.CommandInfo));
                }
                if (Interlocked.Exchange(ref dropped, 0) is > 0 and var lost)
                    LogDropped(lost);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The node stops; what happened is with the commands.
        }
    }

    private void Leave(Wait wait)
    {
        lock (gate)
        {
            if (!waits.TryGetValue(wait.Of, out var of) || !of.Remove(wait))
                return;
            callers--;
            if (of.Count == 0)
                waits.Remove(wait.Of);
        }
    }

    [LoggerMessage(5702, LogLevel.Warning, "{Count} steps of commands were not told on fleet/commands: too many came at once. They are with the commands.")]
    private partial void LogDropped(long count);

    /// <summary>A caller that waits for a command's end.</summary>
    public sealed class Wait(CommandNews news, (TenantId Tenant, string Key) of) : IDisposable
    {
        private readonly TaskCompletionSource<CommandRow> end = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public (TenantId Tenant, string Key) Of => of;

        /// <summary>Completes when the command is over.</summary>
        public Task<CommandRow> End => end.Task;

        public void Dispose() => news.Leave(this);

        internal void Over(CommandRow row) => end.TrySetResult(row);
    }
}
