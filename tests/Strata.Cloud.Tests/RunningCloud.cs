using System.Net;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Contracts;
using Strata.Cloud.Shadows;
using Strata.Cloud.Tenancy.Mail;
using Strata.Cloud.Tenancy.People;
using Strata.Cloud.Updates;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Node.Devices;
using Strata.Postgres;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;
using Strata.Testing.Postgres;

namespace Strata.Cloud.Tests;

/// <summary>A real cloud node in this process: temporary folder, free ports.</summary>
public class RunningCloud : IAsyncLifetime
{
    private readonly PostgresServer? server;
    private TestDatabase? database;
    private HttpClient? http;
    private CloudNode? node;

    public RunningCloud()
    {
    }

    /// <param name="server">Where registry and telemetry are kept, as the node's role; null for files.</param>
    protected RunningCloud(PostgresServer? server) => this.server = server;

    public string Folder { get; } = Directory.CreateTempSubdirectory("strata-cloud-").FullName;

    public CloudNode Node => node!;

    /// <summary>With the admin token.</summary>
    public HttpClient Http => http!;

    public StrataClient Client => new(Http, null);

    /// <summary>A provider in this process may take its time on a busy machine.</summary>
    protected PeopleOptions People { get; } = new() { ProviderTimeout = TimeSpan.FromMinutes(1) };

    /// <summary>Limits of rollouts, and how often they are looked at.</summary>
    protected UpdatesOptions Updates { get; init; } = new();

    /// <summary>Limits of shadows and configurations.</summary>
    protected ShadowOptions Shadows { get; init; } = new();

    /// <summary>The mail server it uses; null for none.</summary>
    protected SmtpOptions? Smtp { get; init; }

    /// <summary>Where people reach it; null for where it listens.</summary>
    protected Uri? PublicUrl { get; init; }

    /// <summary>Whether it serves TLS too, with a certificate of its own authority.</summary>
    protected bool Tls { get; init; }

    /// <summary>The PostgreSQL database it uses; null for none.</summary>
    protected string? Database { get; set; }

    /// <summary>To look at the database as its roles.</summary>
    internal TestDatabase Server => database!;

    public virtual async ValueTask InitializeAsync()
    {
        if (server is not null)
        {
            database = await server.CreateAsync();
            await CloudDatabase.Schema.MigrateAsync(DatabaseAddress.Parse(database.Owner), null, CancellationToken.None);
            Database = database.Node;
        }
        await StartAsync();
    }

    public async Task StartAsync()
    {
        node = await CloudNode.StartAsync(new CloudOptions
        {
            DataFolder = Folder, Http = new IPEndPoint(IPAddress.Loopback, 0), Mqtt = new IPEndPoint(IPAddress.Loopback, 0), LogLevel = LogLevel.Warning, Database = Database, People = People, Updates = Updates, Shadows = Shadows, Smtp = Smtp, PublicUrl = PublicUrl,
            Https = Tls ? new IPEndPoint(IPAddress.Loopback, 0) : null, Mqtts = Tls ? new IPEndPoint(IPAddress.Loopback, 0) : null,
        }, Configure);
        http = NewClient();
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", node.AdminToken);
    }

    /// <summary>Changes what the node is composed of.</summary>
    protected virtual void Configure(WebApplicationBuilder builder)
    {
    }

    public async Task StopAsync()
    {
        http?.Dispose();
        if (node is not null)
            await node.DisposeAsync();
        node = null;
    }

    /// <summary>A client without credentials; does not follow redirects.</summary>
    public HttpClient NewClient() =>
        new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = Node.Address, Timeout = TimeSpan.FromSeconds(20) };

    /// <summary>Stores readings of one device, as its connection would.</summary>
    public Task CommitAsync(string device, params (string Metric, long Time, ReadingValue Value)[] readings)
    {
        var batch = new ReadingBatch();
        foreach (var (metric, time, value) in readings)
        {
            batch.BeginMessage();
            batch.Add(new Reading(DeviceId.Parse(device), MetricName.Parse(metric), time, value));
            batch.EndMessage();
        }
        return CommitAsync(new TelemetryWrite { Tenant = TenantId.Main, Readings = batch });
    }

    public Task CommitAsync(TelemetryWrite write) =>
        Node.Services.GetRequiredService<IngestWriter>().CommitAsync(write, TestContext.Current.CancellationToken);

    /// <summary>Makes the node know a device without the registry.</summary>
    public void Know(string device, string site) => Node.Services.GetRequiredService<DeviceDirectory>()
        .Set(new DeviceEntry(TenantId.Main, DeviceId.Parse(device), default, SiteId.Parse(site), TimeSpan.FromMinutes(5), true));

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await StopAsync();
        if (database is not null)
            await database.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}
