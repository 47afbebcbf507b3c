using System.Collections.Concurrent;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Commands.Rows;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform.Fleet;
using Strata.Core.Tenancy;
using Strata.Mqtt;

namespace Strata.Cloud.Commands.Running;

/// <summary>Tells of each step of a command after its commit: on the MQTT topic <c>fleet/commands</c>, to the tenant's hooks, and to who waits for its end.</summary>
internal sealed partial class CommandNews(Lazy<MqttBroker> broker, CommandsOptions options, ILogger<CommandNews> logger, ITenantHooks? hooks = null) : BackgroundService
{
    private static readonly byte[] Topic = "fleet/commands"u8.ToArray();

    private readonly Channel<(TenantId Tenant, CommandRow Row)> waiting = Channel.CreateBounded<(TenantId, CommandRow)>(new BoundedChannelOptions(options.MaxWaitingNews) { SingleReader = true });
    private readonly ConcurrentDictionary<(TenantId Tenant, string Key), TaskCompletionSource<CommandRow>> ends = new();
    private long dropped;

    /// <summary>Callers that wait now.</summary>
    public int Waiting => ends.Count;

    /// <summary>Completes when the command is over. To be asked for before its state is looked at; several ask for the same.</summary>
    public Task<CommandRow> EndOf(TenantId tenant, string key) =>
        ends.GetOrAdd((tenant, key), static _ => new TaskCompletionSource<CommandRow>(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>Nobody waits any more; who still does asks again.</summary>
    public void Leave(TenantId tenant, string key)
    {
        if (ends.TryRemove((tenant, key), out var left))
            left.TrySetCanceled();
    }

    /// <summary>It was written.</summary>
    public void Tell(TenantId tenant, CommandRow row)
    {
        if (row.Ended is not null && ends.TryRemove((tenant, row.Key), out var end))
            end.TrySetResult(row);
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
                    var payload = JsonSerializer.SerializeToUtf8Bytes(CommandViews.Info(item.Row), ContractsJson.Default.CommandInfo);
                    broker.Value.Publish(item.Tenant.Value, Topic, payload, qos: 1);
                    hooks?.Tell(item.Tenant, $"command.{item.Row.State}", payload);
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

    [LoggerMessage(5702, LogLevel.Warning, "{Count} steps of commands were not told on fleet/commands: too many came at once. They are with the commands.")]
    private partial void LogDropped(long count);
}
