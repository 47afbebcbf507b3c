using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Strata.Core.Shadows;
using Strata.Core.Tenancy;
using Strata.Fog.Below;
using Strata.Fog.Configuration;
using Strata.Fog.Downward;
using Strata.Fog.Link;
using Strata.Fog.Shadows;
using Strata.Fog.Status;
using Strata.Fog.Trust;
using Strata.Fog.Uplink;
using Strata.Fog.Windows;
using Strata.Forwarding;
using Strata.Node.Auth;
using Strata.Node.Devices;
using Strata.Node.Identity;
using Strata.Node.Ingest;
using Strata.Node.Link;
using Strata.Node.Uplink;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;

namespace Strata.Fog.Served;

/// <summary>Composes what a tenant has for itself, out of what the node's container gives to all.</summary>
internal sealed class ServedTenantFactory(IServiceProvider node, FogOptions options)
{
    /// <summary>The order of services is that of starting; stopping is its reverse, so that the last commits reach the log and the last status tells of them.</summary>
    /// <param name="name">What the operator calls the tenant; empty for the gateway's own.</param>
    /// <exception cref="InvalidDataException">Something in the folder is damaged.</exception>
    public ServedTenant Create(string name, GatewayIdentity self, TenantFolder folder, CapacityShare share)
    {
        var services = new ServiceCollection();
        Shared(services);
        services.AddLogging();
        services.AddSingleton(self);
        services.AddSingleton(folder);
        services.AddSingleton(share);
        services.AddSingleton(node.GetRequiredService<UplinkSenderOptions>() with { DrainRate = share.DrainRate });
        services.AddSingleton(new RetentionPolicy(options.KeepRaw, options.KeepWindows, share.StoreBytes));
        services.AddSingleton(s => new SiteConfiguration(folder.Configuration, self.Owner, s.GetRequiredService<DeviceDirectory>(), Serve(name)));
        services.AddSingleton(s => new GatewaysBelow(folder.Below, s.GetRequiredService<SiteConfiguration>(), s.GetRequiredService<GatewayDirectory>(), node.GetRequiredService<BelowOptions>()));
        services.AddSingleton(_ => new ParentClient(options.Cloud, options.CloudCaFile, self));
        services.AddSingleton(s => new LocalApi(s.GetRequiredService<FogListeners>(), node.GetRequiredService<ParentTokens>().Of(self.Owner ?? TenantId.Main), node.GetRequiredService<ParentLinkOptions>().MaxAnswerBytes));
        services.AddSingleton(s => OpenLog(folder, self, share, s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ILogger<ForwardLog>>()));
        services.AddSingleton(s => new ForwardLogMetrics(s.GetRequiredService<ForwardLog>(), s.GetRequiredService<IMeterFactory>(), self.Tenant));
        services.AddSingleton<SteadyClock>();
        services.AddSingleton<CommitWatch>();
        services.AddSingleton<LinkState>();
        services.AddSingleton(s => new DownwardInbox(folder.Downward, node.GetRequiredService<DownwardOptions>(), s.GetRequiredService<TimeProvider>()));
        services.AddSingleton(s => new FogShadows(folder.Shadows, node.GetRequiredService<ShadowLimits>(), node.GetRequiredService<FogShadowOptions>(), s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<FogShadowSync>();
        services.AddSingleton<FlowTotals>();
        services.AddSingleton<RejectionUplink>();
        services.AddSingleton<WindowIssuer>();
        services.AddSingleton<UplinkProjector>();
        services.AddSingleton<UplinkSender>();
        services.AddSingleton<FogBooks>();
        services.AddHostedService<LatestWarmUp>();
        services.AddHostedService<StatusReporter>();
        services.AddHostedService(s => s.GetRequiredService<UplinkSender>());
        services.AddHostedService(s => s.GetRequiredService<UplinkProjector>());
        services.AddHostedService(s => s.GetRequiredService<WindowIssuer>());
        services.AddHostedService<LinkRunner>();
        services.AddHostedService(s => s.GetRequiredService<FogShadowSync>());
        if (options.Mqtts is not null)
        {
            services.AddSingleton(s => ActivatorUtilities.CreateInstance<TrustKeeper>(s, name.Length == 0));
            services.AddHostedService(s => s.GetRequiredService<TrustKeeper>());
        }
        services.AddHostedService<Retention>();
        return new ServedTenant(name, services.BuildServiceProvider());
    }

    /// <summary>What is the node's: given as it is, so that a tenant's end does not dispose it.</summary>
    private void Shared(ServiceCollection services)
    {
        services.AddSingleton(options);
        Give<TimeProvider>();
        Give<ILoggerFactory>();
        Give<IMeterFactory>();
        Give<FogListeners>();
        Give<ITelemetryStore>();
        Give<RoutedTelemetryStore>();
        Give<IngestWriter>();
        Give<LatestValues>();
        Give<IngestCounters>();
        Give<IFleetEvents>();
        Give<DeviceDirectory>();
        Give<GatewayDirectory>();
        Give<GatewayStatusBoard>();
        Give<GatewayLinkHub>();
        Give<FogShadowTopics>();
        Give<FogShadowOptions>();
        Give<ParentLinkOptions>();
        Give<CertificateDirectory>();
        if (options.Mqtts is not null)
            Give<GatewayServerCertificate>();

        void Give<T>()
            where T : class => services.AddSingleton(node.GetRequiredService<T>());
    }

    private Action<TenantId> Serve(string name)
    {
        var tenants = node.GetRequiredService<TenantDirectory>();
        return name.Length == 0 ? tenants.ServeAsOwn : tenant => tenants.Set(tenant, active: true);
    }

    private ForwardLog OpenLog(TenantFolder folder, GatewayIdentity self, CapacityShare share, TimeProvider time, ILogger logger)
    {
        ForwardLog? log = null;
        log = ForwardLog.Open(
            node.GetRequiredService<ForwardLogOptions>() with
            {
                Folder = folder.Uplink, MaxBytes = Math.Max(FogOptions.LeastBacklogBytes, share.BacklogBytes), WhenFull = options.WhenBacklogFull, GapTag = EntryTag.Gap,
                GapPayload = gap => EntryBuilder.GapPayload(self.Id, log?.Stream ?? "", gap),
            },
            time);
        foreach (var note in log.Opening.Notes)
            FogLog.Opened(logger, note);
        return log;
    }
}
