using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Strata.Core.Tenancy;
using Strata.Fog.Below;
using Strata.Fog.Configuration;
using Strata.Fog.Link;
using Strata.Fog.Status;
using Strata.Fog.Uplink;
using Strata.Fog.Windows;
using Strata.Forwarding;
using Strata.Mqtt;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Devices;
using Strata.Node.Link;
using Strata.Node.Operations;
using Strata.Node.Reads;
using Strata.Node.Tls;
using Strata.Node.Uplink;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;

namespace Strata.Fog;

/// <summary>What a gateway is made of: a node for its site, and the uplink. Composes; decides nothing itself.</summary>
internal static class FogComposition
{
    /// <summary>The time a stop may take.</summary>
    public static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(4);

    public static WebApplication Build(
        FogOptions options, FogFolder folder, GatewayIdentity self, FogListeners listeners, (IPEndPoint Http, IPEndPoint Mqtt) at, TimeProvider time,
        Action<WebApplicationBuilder>? configure)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = StopWithin);
        ConfigureLogging(builder.Logging, options.LogLevel);
        ConfigureKestrel(builder.WebHost, options, listeners, at);
        AddNode(builder.Services, options, folder, self, time);
        AddUplink(builder.Services, options, folder, self, listeners);
        configure?.Invoke(builder);
        var app = builder.Build();
        Map(app);
        return app;
    }

    private static void ConfigureLogging(ILoggingBuilder logging, LogLevel level)
    {
        logging.ClearProviders();
        logging.Services.Configure<LoggerFilterOptions>(static filter => filter.CaptureScopes = false); // No line shows scopes; Kestrel would keep one for each connection.
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";
            console.ColorBehavior = LoggerColorBehavior.Disabled;
        });
        logging.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        logging.SetMinimumLevel(level);
        if (level == LogLevel.Information)
            logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error); // Its keys lie in the owner's own folder.
    }

    private static void ConfigureKestrel(IWebHostBuilder web, FogOptions options, FogListeners listeners, (IPEndPoint Http, IPEndPoint Mqtt) at) => web.ConfigureKestrel(kestrel =>
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = options.MaxRequestBytes;
        kestrel.Limits.MaxConcurrentConnections = options.MaxHttpConnections + options.MaxMqttConnections;
        kestrel.Listen(at.Http, http =>
        {
            http.Protocols = HttpProtocols.Http1;
            listeners.Http = http;
        });
        if (options.Https is { } endPoint)
            kestrel.Listen(endPoint, https => (listeners.Https = https).UseCertificate(options.CertificateFile!, options.CertificateKeyFile!));
        kestrel.Listen(at.Mqtt, mqtt =>
        {
            if (options.ProxiesFrom.Count > 0)
                mqtt.UseConnectTimeout().UseProxyProtocol(options.ProxiesFrom);
            (listeners.Mqtt = mqtt).UseMqtt();
        });
    });

    /// <summary>What a gateway has in common with the cloud.</summary>
    private static void AddNode(IServiceCollection services, FogOptions options, FogFolder folder, GatewayIdentity self, TimeProvider time)
    {
        services.AddSingleton(time);
        services.AddSingleton(AdminToken.LoadOrCreate(folder.Root));
        services.AddSingleton<ITokenStore>(s => s.GetRequiredService<AdminToken>());
        services.AddSingleton(_ => TenantsOf(self));
        services.AddStrataAuthentication(folder.Root);
        services.AddTelemetryStore(store => store.Folder = folder.Store);
        services.AddSingleton<CommitWatch>();
        services.AddSingleton<ICommitObserver>(s => s.GetRequiredService<CommitWatch>());
        services.AddSingleton<IDeviceActivity, FogActivity>();
        services.AddSingleton<IGatewayConfigurationSource>(s => s.GetRequiredService<GatewaysBelow>());
        services.AddSingleton<IFleetRoutes>(s => s.GetRequiredService<GatewaysBelow>());
        services.AddSingleton<IRejectionSink, RejectionUplink>();
        services.Configure<UplinkOptions>(uplink => uplink.AcceptUnknownDevices = true);
        services.AddNode(mqtt =>
        {
            mqtt.MaxConnections = options.MaxMqttConnections;
            mqtt.DataDirectory = Path.Combine(folder.Root, "mqtt");
            mqtt.SkipDamagedData = options.SkipDamagedSessions;
        });
        services.AddReadings();
        services.AddOperations(new NodeDescription("fog", self.Id, folder.Root, time.GetUtcNow()));
    }

    /// <summary>What makes it a gateway. The order is that of starting; stopping is its reverse, so that the last commits reach the log and the last status tells of them.</summary>
    private static void AddUplink(IServiceCollection services, FogOptions options, FogFolder folder, GatewayIdentity self, FogListeners listeners)
    {
        services.AddSingleton(options);
        services.AddSingleton(folder);
        services.AddSingleton(self);
        services.AddSingleton(listeners);
        services.AddSingleton<SteadyClock>();
        services.AddSingleton(s => new SiteConfiguration(folder.Configuration, s.GetRequiredService<DeviceDirectory>(), s.GetRequiredService<TenantDirectory>()));
        services.AddSingleton(s => new GatewaysBelow(folder.Below, s.GetRequiredService<SiteConfiguration>(), s.GetRequiredService<GatewayDirectory>()));
        services.AddSingleton<JoinBelow>();
        services.AddSingleton(_ => new ParentClient(options.Cloud, options.CloudCaFile, self));
        services.AddSingleton<LocalApi>();
        services.AddSingleton<LinkState>();
        services.AddSingleton<FlowTotals>();
        services.AddSingleton(s => OpenLog(options, folder, self, s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ILogger<ForwardLog>>()));
        services.AddSingleton(s => new ForwardLogMetrics(s.GetRequiredService<ForwardLog>(), s.GetRequiredService<IMeterFactory>()));
        services.AddSingleton(new UplinkSenderOptions { DrainRate = options.DrainRate });
        services.AddSingleton(new RetentionPolicy(options.KeepRaw, options.KeepWindows, options.MaxStoreBytes));
        services.AddSingleton<WindowIssuer>();
        services.AddSingleton<UplinkProjector>();
        services.AddSingleton<UplinkSender>();
        services.AddSingleton<FogBooks>();
        services.AddSingleton<INodeCheck, LinkCheck>();
        services.AddSingleton<INodeCheck, UplinkLogCheck>();
        services.AddHostedService<LatestWarmUp>();
        services.AddHostedService<StatusReporter>();
        services.AddHostedService(s => s.GetRequiredService<UplinkSender>());
        services.AddHostedService(s => s.GetRequiredService<UplinkProjector>());
        services.AddHostedService(s => s.GetRequiredService<WindowIssuer>());
        services.AddHostedService<RejectionFlusher>();
        services.AddHostedService<LinkRunner>();
        services.AddHostedService<Retention>();
    }

    /// <summary>A gateway is one tenant's, which it knows from the day it joined.</summary>
    private static TenantDirectory TenantsOf(GatewayIdentity self)
    {
        var tenants = new TenantDirectory();
        if (TenantId.TryParse(self.Tenant, out var tenant))
            tenants.ServeOnly(tenant);
        return tenants;
    }

    private static ForwardLog OpenLog(FogOptions options, FogFolder folder, GatewayIdentity self, TimeProvider time, ILogger logger)
    {
        ForwardLog? log = null;
        log = ForwardLog.Open(
            new ForwardLogOptions
            {
                Folder = folder.Uplink, MaxBytes = options.MaxBacklogBytes, WhenFull = options.WhenBacklogFull, GapTag = EntryTag.Gap,
                GapPayload = gap => EntryBuilder.GapPayload(self.Id, log?.Stream ?? "", gap),
            },
            time);
        foreach (var note in log.Opening.Notes)
            FogLog.Opened(logger, note);
        return log;
    }

    private static void Map(WebApplication app)
    {
        app.UseNodeErrors();
        app.UseWebSockets();
        app.UseAuthentication();
        app.UseCallerAccess();
        app.UseAuthorization();
        app.MapPost("/api/v1/gateways/join", JoinBelow.HandleAsync).IsOpen("the join token is the proof; the cloud checks it");
        app.MapNode();
        app.MapReadings();
        app.MapOperations();
    }
}
