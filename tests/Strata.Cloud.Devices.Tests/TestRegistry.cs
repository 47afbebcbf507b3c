using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Gateways;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.UseCases;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Audit;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node.Devices;
using Strata.Node.Uplink;

namespace Strata.Cloud.Devices.Tests;

/// <summary>A registry on a real file in a folder of its own, with the directories it keeps in step.</summary>
internal sealed class TestRegistry : IAsyncDisposable
{
    public static readonly Caller Admin = new(TenantId.Main, "admin");

    private RegistryFile file = null!;

    private TestRegistry(string folder) => Folder = folder;

    public string Folder { get; }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 5, 8, 0, 0, TimeSpan.Zero));

    public RegistryStore Store { get; private set; } = null!;

    public AuditNumbers Numbers { get; private set; } = null!;

    public RegistryFile File => file;

    public DeviceDirectory Devices { get; private set; } = null!;

    public GatewayDirectory Gateways { get; private set; } = null!;

    public GatewayConfigurations Configurations { get; private set; } = null!;

    public RegistryImage Image => Store.Image(TenantId.Main);

    public static async Task<TestRegistry> OpenAsync()
    {
        var registry = new TestRegistry(Directory.CreateTempSubdirectory("strata-registry-").FullName);
        await registry.StartAsync();
        return registry;
    }

    /// <summary>Closes the file and opens it again, as a restart does.</summary>
    public async Task RestartAsync()
    {
        Store.Dispose();
        file.Dispose();
        await StartAsync();
    }

    public Task<Outcome<ApplyResult>> ApplyAsync(string yaml, bool dryRun = false, bool prune = false) =>
        ApplyArchitecture.ApplyAsync(Store, Admin, "site.yaml", yaml, dryRun, prune, Devices.Capacity, access: null, CancellationToken.None);

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
        file.Dispose();
        await Task.Run(() => Directory.Delete(Folder, recursive: true));
    }

    private async Task StartAsync()
    {
        file = RegistryFile.Open(new RegistryOptions { DataFolder = Folder });
        Numbers = new AuditNumbers();
        Store = new RegistryStore(file, Numbers, Time, NullLogger<RegistryStore>.Instance);
        (Devices, Gateways) = (new DeviceDirectory(), new GatewayDirectory());
        var sync = new DirectorySync(Store, Devices, Gateways, new GatewayStatusBoard());
        Configurations = new GatewayConfigurations(Store);
        await Store.LoadAsync(CancellationToken.None);
        sync.Fill(TenantId.Main, Image);
    }
}
