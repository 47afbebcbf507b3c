using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Core.Devices;
using Strata.Fog.Below;
using Strata.Fog.Configuration;
using Strata.Fog.Downward;
using Strata.Fog.Link;
using Strata.Fog.Shadows;
using Strata.Fog.Trust;
using Strata.Fog.Uplink;
using Strata.Forwarding;

namespace Strata.Fog.Served;

/// <summary>
/// One tenant at this gateway: its identity towards the parent, configuration, uplink and books. Tenants share the listeners, the engine and the memory of the process; nothing here knows of another.
/// </summary>
internal sealed class ServedTenant(string name, ServiceProvider services) : IAsyncDisposable
{
    private readonly List<IHostedService> running = [];
    private readonly TaskCompletionSource failed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What the operator calls it; empty for the gateway's own.</summary>
    public string Name => name;

    public IServiceProvider Services => services;

    public GatewayIdentity Identity { get; } = services.GetRequiredService<GatewayIdentity>();

    public SiteConfiguration Site { get; } = services.GetRequiredService<SiteConfiguration>();

    public GatewaysBelow Below { get; } = services.GetRequiredService<GatewaysBelow>();

    public DownwardInbox Inbox { get; } = services.GetRequiredService<DownwardInbox>();

    public FogShadows Shadows { get; } = services.GetRequiredService<FogShadows>();

    public FogShadowSync ShadowSync { get; } = services.GetRequiredService<FogShadowSync>();

    public CommitWatch Watch { get; } = services.GetRequiredService<CommitWatch>();

    public RejectionUplink Rejections { get; } = services.GetRequiredService<RejectionUplink>();

    public ParentClient Parent { get; } = services.GetRequiredService<ParentClient>();

    /// <summary>The parent, asked as a gateway below; null when none such is chained to this one.</summary>
    public ParentClient? ParentOf(GatewayId below) => Below.IdentityOf(below) is { } identity ? Parent.As(identity) : null;

    /// <summary>Faults when a part of it fails, as no part of it ever should; else never completes.</summary>
    public Task Failed => failed.Task;

    /// <summary>Takes what is kept from before, so that devices are served also when the parent is away.</summary>
    public void Load()
    {
        Site.Load(out var damage);
        if (damage is not null)
            FogLog.ConfigurationLost(services.GetRequiredService<ILogger<FogNode>>(), damage);
        Below.Load();
        services.GetService<TrustKeeper>()?.Load();
        if (Inbox.Load() is { } lost)
            FogLog.DownwardLost(services.GetRequiredService<ILogger<FogNode>>(), lost);
        if (Shadows.Load() is { } damaged)
            FogLog.ShadowLost(services.GetRequiredService<ILogger<FogNode>>(), damaged);
        services.GetRequiredService<ForwardLogMetrics>();
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var service in services.GetServices<IHostedService>())
        {
            await service.StartAsync(cancellationToken);
            running.Add(service);
            if (service is BackgroundService { ExecuteTask: { } work })
                _ = WatchAsync(work);
        }
    }

    /// <summary>In the reverse order of the start.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        for (var i = running.Count - 1; i >= 0; i--)
            await running[i].StopAsync(cancellationToken);
        running.Clear();
    }

    public ValueTask DisposeAsync() => services.DisposeAsync();

    private async Task WatchAsync(Task work)
    {
        await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (work.Exception?.InnerException is { } failure)
            failed.TrySetException(failure);
    }
}
