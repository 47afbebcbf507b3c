using System.Net;
using System.Net.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Strata.Fog.Artifacts;
using Strata.Fog.Below;
using Strata.Fog.Configuration;
using Strata.Fog.Downward;
using Strata.Fog.Served;
using Strata.Fog.Shadows;
using Strata.Fog.Status;
using Strata.Fog.Trust;
using Strata.Mqtt;
using Strata.Node;
using Strata.Node.Artifacts;
using Strata.Node.Auth;
using Strata.Node.Devices;
using Strata.Node.Ingest;
using Strata.Node.Link;
using Strata.Node.Operations;
using Strata.Node.Reads;
using Strata.Node.Tls;
using Strata.Node.Uplink;
using Strata.Telemetry;
using Strata.Telemetry.DuckDb;
using Strata.Telemetry.Ingest;

namespace Strata.Fog;

/// <summary>What a gateway is made of: a node for its site, and the uplink. Composes; decides nothing itself.</summary>
internal static class FogComposition
{
    /// <summary>The time a stop may take.</summary>
    public static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(4);

    public static WebApplication Build(
        FogOptions options, FogLimits limits, FogFolder folder, GatewayIdentity self, FogListeners listeners, (IPEndPoint Http, IPEndPoint Mqtt) at, TimeProvider time,
        Action<WebApplicationBuilder>? configure)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = StopWithin);
        ConfigureLogging(builder.Logging, options.LogLevel);
        ConfigureKestrel(builder.WebHost, options, listeners, at);
        AddNode(builder.Services, options, folder, self, time);
        AddTenants(builder.Services, options, limits, folder, listeners, at);
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
        if (options.Mqtts is { } mqttsAt)
            kestrel.Listen(mqttsAt, mqtts => (listeners.Mqtts = mqtts).UseTls(CertificateOf(mqtts, options)).UseMqtt());
        kestrel.Listen(at.Mqtt, mqtt =>
        {
            if (options.ProxiesFrom.Count > 0)
                mqtt.UseConnectTimeout().UseProxyProtocol(options.ProxiesFrom);
            (listeners.Mqtt = mqtt).UseMqtt();
        });
    });

    private static Func<SslStreamCertificateContext> CertificateOf(ListenOptions listen, FogOptions options)
    {
        if (options.CertificateFile is { } file)
            return listen.CertificateOf(file, options.CertificateKeyFile!);
        var own = listen.ApplicationServices.GetRequiredService<GatewayServerCertificate>();
        return () => own.Current;
    }

    /// <summary>What a gateway has in common with the cloud.</summary>
    private static void AddNode(IServiceCollection services, FogOptions options, FogFolder folder, GatewayIdentity self, TimeProvider time)
    {
        services.AddSingleton(time);
        services.AddSingleton(AdminToken.LoadOrCreate(folder.Root));
        services.AddSingleton<ParentTokens>();
        services.AddSingleton<ITokenStore>(s => s.GetRequiredService<ParentTokens>());
        services.AddStrataAuthentication(folder.Root);
        services.AddTelemetryStore(store => store.Folder = folder.Own.Store);
        services.AddTenantStores<DuckDbTelemetryStore>();
        services.AddSingleton<IDeviceActivity, FogActivity>();
        services.AddSingleton<IGatewayConfigurationSource>(s => s.GetRequiredService<ServedTenants>());
        services.AddSingleton<IFleetRoutes>(s => s.GetRequiredService<ServedTenants>());
        services.AddSingleton<IRejectionSink>(s => s.GetRequiredService<ServedTenants>());
        services.AddSingleton<IDownward>(s => s.GetRequiredService<ServedTenants>());
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

    /// <summary>What makes it a gateway.</summary>
    private static void AddTenants(IServiceCollection services, FogOptions options, FogLimits limits, FogFolder folder, FogListeners listeners, (IPEndPoint Http, IPEndPoint Mqtt) at)
    {
        services.AddSingleton(options);
        services.AddSingleton(folder);
        services.AddSingleton(listeners);
        services.AddSingleton(new FogAddresses(FogListeners.Reachable(at.Mqtt), FogListeners.Reachable(at.Http)));
        limits.AddTo(services);
        services.AddSingleton(_ => new GatewayServerCertificate(folder.Own.ServerCertificate));
        services.AddSingleton<ServedTenants>();
        services.AddSingleton<ICommitObserver>(s => s.GetRequiredService<ServedTenants>());
        services.AddSingleton<ServedTenantFactory>();
        services.AddSingleton<TenantRunner>();
        services.AddSingleton<JoinBelow>().AddSingleton<ShadowsBelow>().AddSingleton<LocalCommands>();
        services.AddSingleton<DownloadGate>().AddSingleton<ArtifactCache>().AddSingleton<ServeArtifact>().AddSingleton<IDeviceTopics, JobTopics>();
        services.AddSingleton<IArtifactBytes>(s => s.GetRequiredService<ServeArtifact>()).AddSingleton<IDeviceTopics, ArtifactBlocks>();
        services.AddSingleton(s => new Lazy<TelemetryMqttHost>(s.GetRequiredService<TelemetryMqttHost>));
        services.AddSingleton<FogShadowTopics>();
        services.AddSingleton<IDeviceTopics>(s => s.GetRequiredService<FogShadowTopics>());
        foreach (var guest in options.Guests.Prepend(null))
        {
            services.AddSingleton<INodeCheck>(s => new LinkCheck(s.GetRequiredService<ServedTenants>(), s.GetRequiredService<TenantRunner>(), guest));
            services.AddSingleton<INodeCheck>(s => new UplinkLogCheck(s.GetRequiredService<ServedTenants>(), guest));
        }
        services.AddHostedService(s => s.GetRequiredService<FogShadowTopics>());
        services.AddHostedService(s => s.GetRequiredService<TenantRunner>());
        services.AddHostedService<DownwardDelivery>();
        services.AddHostedService<RejectionFlusher>();
        options.Settings.Configure(services);
    }

    private static void Map(WebApplication app)
    {
        app.UseNodeErrors();
        app.UseWebSockets();
        app.UseAuthentication();
        app.UseCallerAccess();
        app.UseAuthorization();
        app.MapPost("/api/v1/gateways/join", JoinBelow.HandleAsync).IsOpen("the join token is the proof; the cloud checks it");
        app.MapPost("/api/v1/gateways/{id}/shadows", (string id, HttpContext context, ShadowsBelow shadows) => shadows.HandleAsync(id, context)).RequiresGateway().WithTags("Gateway link")
            .WithSummary("Passes on what a gateway below asks of its devices' shadows, as that gateway");
        app.MapGet("/artifacts/{sha256}", (string sha256, HttpContext context, ServeArtifact serve, CancellationToken stop) => serve.HandleAsync(sha256, context, stop)).RequiresReader();
        app.MapNode();
        app.MapReadings();
        LocalCommands.Map(app);
        app.MapFogShadows();
        app.MapOperations();
    }
}
