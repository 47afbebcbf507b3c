using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Contracts;
using Strata.Core.Devices;
using Strata.Fog.Below;
using Strata.Fog.Configuration;
using Strata.Fog.Downward;
using Strata.Fog.Shadows;
using Strata.Node.Link;

namespace Strata.Fog.Link;

/// <summary>Keeps this gateway's link to its parent, and one for each gateway chained to it, on whose behalf it asks.</summary>
internal sealed class LinkRunner(
    ParentClient parent, SiteConfiguration site, LocalApi api, LinkState state, GatewaysBelow below, GatewayLinkHub hub, DownwardInbox inbox, ParentLinkOptions options, TimeProvider time,
    ILoggerFactory loggers) : BackgroundService
{
    private readonly ConcurrentDictionary<string, (GatewayBelow Gateway, CancellationTokenSource Stop, Task Run)> chained = new();
    private CancellationToken stopping;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        stopping = stoppingToken;
        below.Added += Begin;
        foreach (var gateway in below.All)
            Begin(gateway);
        try
        {
            using var own = new LinkClient(parent, new OwnLink(site, api, inbox), state, options, time, loggers.CreateLogger<LinkClient>());
            await own.RunAsync(stoppingToken);
        }
        finally
        {
            below.Added -= Begin;
            foreach (var (_, stop, run) in chained.Values)
            {
                await stop.CancelAsync();
                await run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                stop.Dispose();
            }
        }
    }

    private void Begin(GatewayBelow gateway)
    {
        if (chained.TryRemove(gateway.Id, out var before))
            before.Stop.Cancel();
        var stop = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        chained[gateway.Id] = (gateway, stop, RunAsync(gateway, stop.Token));
    }

    private async Task RunAsync(GatewayBelow gateway, CancellationToken cancellationToken)
    {
        await Task.Yield();
        using var link = new LinkClient(parent.As(gateway.Identity), new ChainedLink(gateway.Id, below, hub, site, inbox), new LinkState(time), options, time, loggers.CreateLogger($"Strata.Fog.Link.{gateway.Id}"));
        await link.RunAsync(cancellationToken);
    }

    private sealed class OwnLink(SiteConfiguration site, LocalApi api, DownwardInbox inbox) : ILinkHandler
    {
        public long Version => site.Version;

        public void Apply(GatewayConfiguration configuration) => site.Apply(configuration);

        public bool TryApply(GatewayChange change) => site.TryApply(change);

        public bool Deliver(DownwardMessage message) => inbox.Keep(null, message);

        public Task CameUpAsync(CancellationToken cancellationToken) => Task.CompletedTask; // Who needs it sees it in the state.

        public Task<(int Status, ReadOnlyMemory<byte> Body)> AnswerAsync(string path, CancellationToken cancellationToken) => api.GetAsync(path, cancellationToken);
    }

    /// <summary>What the parent says to a gateway below is kept here and passed down; what it asks is asked there.</summary>
    private sealed class ChainedLink(string id, GatewaysBelow below, GatewayLinkHub hub, SiteConfiguration site, DownwardInbox inbox) : ILinkHandler
    {
        public long Version => below.VersionOf(id);

        public void Apply(GatewayConfiguration configuration) => below.Apply(id, configuration);

        /// <summary>Changes are asked for as a whole: they are rare, and the gateway below gets what is kept.</summary>
        public bool TryApply(GatewayChange change) => change.Version == Version;

        public bool Deliver(DownwardMessage message) => inbox.Keep(id, message);

        /// <summary>Its own link has stood all the while, so that it does not know that the cloud was away. One that cannot be told asks when its link comes up.</summary>
        public async Task CameUpAsync(CancellationToken cancellationToken)
        {
            try
            {
                await hub.AskAsync(site.View.Tenant, GatewayId.Parse(id), FogShadowRoutes.AllChangedPath, cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return; // The link is gone again.
            }
        }

        public async Task<(int Status, ReadOnlyMemory<byte> Body)> AnswerAsync(string path, CancellationToken cancellationToken)
        {
            var reply = await hub.AskAsync(site.View.Tenant, GatewayId.Parse(id), path, cancellationToken);
            return reply.IsOk
                ? (reply.Value.Status, reply.Value.Body)
                : (503, System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string> { ["detail"] = reply.Problem!.Detail }, FogJson.Default.DictionaryStringString));
        }
    }
}
