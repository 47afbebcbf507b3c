using System.Net;
using System.Net.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.OpenApi;
using Scalar.AspNetCore;
using Strata.Cloud.Artifacts;
using Strata.Cloud.Billing;
using Strata.Cloud.Billing.Sla;
using Strata.Cloud.Dashboard;
using Strata.Cloud.Devices;
using Strata.Cloud.Commands;
using Strata.Cloud.Health;
using Strata.Cloud.Identity;
using Strata.Cloud.Identity.Authorities;
using Strata.Cloud.Installer;
using Strata.Cloud.Operations;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Audit;
using Strata.Cloud.Provisioning;
using Strata.Cloud.Shadows;
using Strata.Cloud.Tenancy;
using Strata.Cloud.Updates;
using Strata.Core.Tenancy;
using Strata.Mqtt;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Devices;
using Strata.Node.Ingest;
using Strata.Node.Metering;
using Strata.Node.Operations;
using Strata.Node.Reads;
using Strata.Node.Tls;
using Strata.Postgres;
using Strata.Telemetry;
using Strata.Telemetry.DuckDb;
using Strata.Telemetry.Postgres;
using Strata.Telemetry.Transfer;

namespace Strata.Cloud;

/// <summary>What a cloud node is made of. Composes <c>Add*</c> and <c>Map*</c>; decides nothing itself.</summary>
internal static class CloudComposition
{
    /// <summary>The time a stop may take.</summary>
    public static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(4);

    public static WebApplication Build(CloudOptions options, DataFolder folder, CloudListeners listeners, Action<WebApplicationBuilder>? configure)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = StopWithin);
        ConfigureLogging(builder.Logging, options.LogLevel);
        ConfigureKestrel(builder.WebHost, options, listeners);
        builder.Services.AddOpenApi("v1", Describe);
        try
        {
            AddCloud(builder.Services, options, folder);
        }
        catch (ArgumentException outOfRange)
        {
            throw new CloudConfigurationException(outOfRange.Message, outOfRange);
        }
        AddPages(builder, listeners);
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
        // Session keys are kept in the data folder, which is the owner's alone; that they are not encrypted there is no news.
        logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);
        // Why a start failed is said once, by who started the node; that a background service stops the node is Critical and stays.
        logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);
    }

    private static void ConfigureKestrel(IWebHostBuilder web, CloudOptions options, CloudListeners listeners) => web.ConfigureKestrel(kestrel =>
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = options.MaxRequestBytes;
        kestrel.Limits.MaxConcurrentConnections = options.MaxHttpConnections + options.MaxMqttConnections;
        kestrel.Listen(options.Http, http =>
        {
            http.Protocols = HttpProtocols.Http1;
            listeners.Http = http;
        });
        if (options.Https is { } endPoint)
            kestrel.Listen(endPoint, https => (listeners.Https = https).UseHttpTls(CertificateOf(https, options)));
        if (options.Mqtts is { } mqttsAt)
            kestrel.Listen(mqttsAt, mqtts => (listeners.Mqtts = mqtts).UseTls(CertificateOf(mqtts, options)).UseMqtt());
        kestrel.Listen(options.Mqtt, mqtt =>
        {
            if (options.ProxiesFrom.Count > 0)
                mqtt.UseConnectTimeout().UseProxyProtocol(options.ProxiesFrom);
            (listeners.Mqtt = mqtt).UseMqtt();
        });
    });

    private static Func<SslStreamCertificateContext> CertificateOf(ListenOptions listen, CloudOptions options)
    {
        if (options.CertificateFile is { } file)
            return listen.CertificateOf(file, options.CertificateKeyFile!);
        var own = listen.ApplicationServices.GetRequiredService<ServerCertificate>();
        return () => own.Current;
    }

    /// <summary>The names by which this machine is reached, as far as it knows.</summary>
    private static ServerNames NamesOf(CloudOptions options)
    {
        if (options.CertificateFile is not null || (options.Https ?? options.Mqtts) is null)
            return new ServerNames([]);
        var listened = new[] { options.Https, options.Mqtts }.OfType<IPEndPoint>().Select(e => e.Address).Where(a => !a.Equals(IPAddress.Any) && !a.Equals(IPAddress.IPv6Any)).Select(a => a.ToString());
        return new ServerNames([.. new[] { Dns.GetHostName(), "localhost", "127.0.0.1", "::1" }.Concat(listened).Concat(options.PublicUrl is { } url ? [url.Host.Trim('[', ']')] : []).Distinct()]);
    }

    private static void Describe(OpenApiOptions openApi)
    {
        openApi.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        openApi.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "Strata", Version = NodeDescription.Version,
                Description = "The API of a Strata node. Times are ISO 8601 or milliseconds since 1970-01-01 UTC; lists are pages whose next is the cursor of the following one; a refusal is RFC 9457 problem details that name the field.",
            };
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
            document.Components.SecuritySchemes["token"] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "The admin token of a node is in admin.token of its data folder.",
            };
            document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("token", document)] = [] }];
            return Task.CompletedTask;
        });
    }

    private static void AddCloud(IServiceCollection services, CloudOptions options, DataFolder folder)
    {
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(AdminToken.LoadOrCreate(folder.Path));
        services.AddStrataAuthentication(folder.Path);
        if (options.Database is { } database)
        {
            services.AddPostgresTelemetryStore(store => store.Database = database);
            services.AddTenantStores<PostgresTelemetryStore>();
            services.AddSingleton(CloudDatabase.Schema);
            services.AddSingleton<Func<TenantId, ITransferStore>>(p => tenant => new PostgresTelemetryStore(
                new PostgresTelemetryOptions { Database = DatabaseAddress.Parse(database).Of(tenant).With(), MaxReaders = 2 }, p.GetRequiredService<TimeProvider>(),
                p.GetRequiredService<ILogger<PostgresTelemetryStore>>(), p.GetService<IDeviceClasses>()));
            services.AddSingleton<INodeCheck, DatabaseCheck>();
        }
        else
        {
            services.AddTelemetryStore(store => store.Folder = folder.Path);
            services.AddTenantStores<DuckDbTelemetryStore>();
        }
        var settings = options.Settings;
        var registry = new RegistryOptions { DataFolder = folder.Path, Database = options.Database, KeyFile = options.KeyFile, KeyCommand = options.KeyCommand };
        services.AddDevices(settings.On(registry), settings.On(new DevicesOptions()));
        services.AddSingleton(new PublicAddress(options.PublicUrl));
        services.AddTenancy(settings.On(new TenancyOptions()), options.People, smtp: options.Smtp);
        services.AddBilling(settings.On(new BillingOptions()));
        services.AddIdentity(Path.Combine(folder.Path, "ca"), NamesOf(options), settings.On(new IdentityOptions { PublicUrl = options.PublicUrl }));
        services.AddHealth(settings.On(new HealthOptions()));
        services.AddCommands(options.Commands);
        services.AddProvisioning(settings.On(new ProvisioningOptions()));
        services.AddInstaller(settings.On(new InstallerOptions()));
        services.AddArtifacts(Path.Combine(folder.Path, "artifacts"), options.Artifacts);
        services.AddShadows(options.Shadows);
        services.AddUpdates(options.Updates);
        services.AddHostedService<RejectionFlusher>();
        services.AddNode(mqtt =>
        {
            mqtt.MaxConnections = options.MaxMqttConnections;
            mqtt.DataDirectory = Path.Combine(folder.Path, "mqtt");
            mqtt.SkipDamagedData = options.SkipDamagedSessions;
        });
        services.AddMeter();
        services.AddReadings();
        services.AddOperations(new NodeDescription("cloud", "cloud", folder.Path, TimeProvider.System.GetUtcNow()));
        services.AddCloudOperations(settings.On(new StatisticsOptions()));
        services.AddSingleton(new RetentionPolicy(options.KeepRaw, options.KeepWindows, null));
        services.AddHostedService<RetentionRunner>();
        settings.Configure(services);
    }

    private static void AddPages(WebApplicationBuilder builder, CloudListeners listeners)
    {
        builder.WebHost.UseStaticWebAssets();
        builder.Services.AddDashboard(dashboard => dashboard.BaseAddress = () => new Uri($"http://{CloudNode.Reachable(listeners.Http!.IPEndPoint!)}/"));
        builder.Services.AddSingleton(new ProbeAddress(() => new Uri($"http://{CloudNode.Reachable(listeners.Http!.IPEndPoint!)}/")));
        builder.Services.AddOptions<DashboardOptions>().Configure<SessionTokens>((dashboard, sessions) => dashboard.Reader = reader => sessions.For(reader) is { } right ? new DashboardReader(right.Token, right.Tenant?.Value) : null);
    }

    private static void Map(WebApplication app)
    {
        app.UseServiceCounters();
        app.UseNodeErrors();
        app.UseStaticFiles();
        app.UseWebSockets();
        app.UseAuthentication();
        app.UseRefusalTrail();
        app.UseCallerAccess();
        app.UseSameOrigin();
        app.UseSignInPage(static context => context.RequestServices.GetRequiredService<ISignIn>().Page(context).ExecuteAsync(context));
        app.UseAuthorization();
        app.UseAntiforgery();
        app.MapOpenApi("/openapi/{documentName}.json").IsOpen("the API's description holds nobody's data");
        app.MapScalarApiReference("/docs", scalar => scalar.WithTitle("Strata API")).IsOpen("the API's description holds nobody's data");
        app.MapLogin();
        app.MapTenancy();
        app.MapBilling();
        app.MapIdentity();
        app.MapProvisioning();
        app.MapInstaller();
        app.MapArtifacts();
        app.MapShadows();
        app.MapDevices();
        app.MapHealth();
        app.MapUpdates();
        app.MapCommands();
        app.MapNode();
        app.MapReadings();
        app.MapUsage();
        app.MapOperations();
        app.MapCloudOperations();
        app.MapDashboard().RequiresCaller();
    }
}
