using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Description;
using Strata.Cloud.Devices.Gateways;
using Strata.Cloud.Devices.Presence;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.UseCases;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Audit;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node.Devices;
using Strata.Node.Metering;
using Strata.Node.Uplink;
using Strata.Postgres;
using Strata.Testing.Postgres;

namespace Strata.Cloud.Devices.Tests;

/// <summary>A registry on a real file in a folder of its own, with the directories it keeps in step.</summary>
internal sealed class TestRegistry : IAsyncDisposable
{
    public TestDatabase Server => server!;

    public static readonly Caller Admin = new(TenantId.Main, "admin");

    private readonly TestDatabase? server;
    private IRegistryDatabase database = null!;

    private TestRegistry(string folder, TestDatabase? server) => (Folder, this.server) = (folder, server);

    public string Folder { get; }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 5, 8, 0, 0, TimeSpan.Zero));

    public RegistryStore Store { get; private set; } = null!;

    public AuditNumbers Numbers { get; private set; } = null!;

    public RegistryFile File => (RegistryFile)database;

    public DeviceDirectory Devices { get; private set; } = null!;

    public GatewayDirectory Gateways { get; private set; } = null!;

    public GatewayConfigurations Configurations { get; private set; } = null!;

    public FleetPresence Presence { get; private set; } = null!;

    public Registry.Fleet Fleet { get; private set; } = null!;

    public RegistryImage Image => Store.Image(TenantId.Main);

    public static async Task<TestRegistry> OpenAsync()
    {
        var registry = new TestRegistry(Directory.CreateTempSubdirectory("strata-registry-").FullName, null);
        await registry.StartAsync();
        return registry;
    }

    /// <summary>In a database of its own of the server.</summary>
    public static async Task<TestRegistry> OpenAsync(PostgresServer server)
    {
        var database = await server.CreateAsync();
        await database.MigrateAsync(DevicesModule.Schema);
        var registry = new TestRegistry(Directory.CreateTempSubdirectory("strata-registry-").FullName, database);
        await registry.StartAsync();
        return registry;
    }

    /// <summary>Closes the file and opens it again, as a restart does.</summary>
    public async Task RestartAsync()
    {
        Store.Dispose();
        ((IDisposable)database).Dispose();
        await StartAsync();
    }

    public async Task<Outcome<ApplyResult>> ApplyAsync(string yaml, bool dryRun = false, bool prune = false)
    {
        var description = SiteFileReader.Read("site.yaml", yaml);
        return description.IsOk
            ? await ApplyArchitecture.ApplyAsync(Store, Admin, "site.yaml", description.Value, dryRun, prune, new(Devices.Capacity, 200, 20), access: null, CancellationToken.None)
            : description.Problem;
    }

    /// <summary>Applies what must be right and gives the lines of the difference as text.</summary>
    public async Task<IReadOnlyList<string>> ApplyRightAsync(string yaml, bool dryRun = false, bool prune = false)
    {
        var outcome = await ApplyAsync(yaml, dryRun, prune);
        Assert.True(outcome.IsOk, outcome.Problem?.Detail);
        return Lines(outcome.Value);
    }

    public static IReadOnlyList<string> Lines(ApplyResult result) =>
        [.. result.Changes.Select(c => $"{c.Action} {c.Kind} {c.Id}{string.Concat(c.Fields.Select(f => $" {f.Field}:{f.From ?? "-"}>{f.To ?? "-"}"))}")];

    public string Export(string? site = null) => Description.SiteFileWriter.Write(ExportArchitecture.Describe(Image, site is null ? null : [site]));

    public Task<Outcome<DeviceSecret>> RegisterAsync(CreateDevice request) =>
        Store.ChangeAsync(Admin, change => RegisterDevice.Decide(change, request, Devices.Capacity), CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        Store.Dispose();
        ((IDisposable)database).Dispose();
        if (server is not null)
            await server.DisposeAsync();
        await Task.Run(() => Directory.Delete(Folder, recursive: true));
    }

    private async Task StartAsync()
    {
        database = server is null ? RegistryFile.Open(new RegistryOptions { DataFolder = Folder }) : new RegistryServer(DatabaseAddress.Parse(server.Node));
        Numbers = new AuditNumbers();
        Store = new RegistryStore(database, Numbers, Time, NullLogger<RegistryStore>.Instance);
        (Devices, Gateways) = (new DeviceDirectory(), new GatewayDirectory());
        var statuses = new GatewayStatusBoard();
        var sync = new DirectorySync(Store, Devices, Gateways, statuses);
        Configurations = new GatewayConfigurations(Store);
        Presence = new FleetPresence();
        Fleet = new Registry.Fleet(Store, Presence, new GatewayLinks(Presence, null!, statuses, Time), Devices, new Meter());
        await Store.LoadAsync(CancellationToken.None);
        sync.Fill(TenantId.Main, Image);
    }
}
