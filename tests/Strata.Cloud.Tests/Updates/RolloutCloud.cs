using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Platform.Updates;
using Strata.Cloud.Updates;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Core.Updates.Manifests;
using Strata.Testing.Postgres;

namespace Strata.Cloud.Tests.Updates;

/// <summary>A node with two versions of an app, whose clock can be set ahead; rollouts are looked at when a test says so.</summary>
public class RolloutCloud : RunningCloud
{
    public RolloutCloud()
        : this(null)
    {
    }

    protected RolloutCloud(PostgresServer? server)
        : base(server) => Updates = new UpdatesOptions { LookInterval = TimeSpan.FromMinutes(10), FollowInterval = TimeSpan.FromSeconds(1) };

    public UpdatesOptions Limits => Updates;

    internal MovedTime Time { get; } = new();

    internal WriteFaults Faults { get; } = new();

    /// <summary>Of layers and shadows.</summary>
    internal WriteFaults LayerFaults { get; } = new();

    public FewArtifacts Artifacts { get; } = new();

    /// <summary>Set while a search of the fleet is to wait: completed by the search that waits, with what lets it go on.</summary>
    public TaskCompletionSource<TaskCompletionSource>? HeldSearch { get; set; }

    /// <summary>Looks once at the rollouts of the main tenant.</summary>
    public Task LookAsync() => Node.Services.GetRequiredService<RolloutRunner>().LookAsync(TenantId.Main, TestContext.Current.CancellationToken);

    public HttpClient As(DeviceSecret device)
    {
        var http = NewClient();
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{device.Id}:{device.Secret}")));
        return http;
    }

    protected override void Configure(WebApplicationBuilder builder)
    {
        builder.Services.Replace(ServiceDescriptor.Singleton<TimeProvider>(Time));
        builder.Services.Replace(ServiceDescriptor.Singleton<IArtifacts>(Artifacts));
        var search = builder.Services.Last(s => s.ServiceType == typeof(IFleetSearch));
        builder.Services.Replace(ServiceDescriptor.Singleton<IFleetSearch>(services => new SlowSearch(
            (IFleetSearch)(search.ImplementationFactory?.Invoke(services) ?? ActivatorUtilities.CreateInstance(services, search.ImplementationType!)), this)));
        var registry = builder.Services.Last(s => s.ServiceType == typeof(IRegistryDatabase)).ImplementationFactory!;
        builder.Services.Replace(ServiceDescriptor.Singleton<IRegistryDatabase>(services => new FaultyRegistry((IRegistryDatabase)registry(services), Faults, LayerFaults)));
    }
}

/// <summary>A search that a test can hold up.</summary>
internal sealed class SlowSearch(IFleetSearch search, RolloutCloud cloud) : IFleetSearch
{
    public async Task<Outcome<IReadOnlyList<DeviceId>>> FindAsync(TenantId tenant, string query, CancellationToken cancellationToken)
    {
        var found = await search.FindAsync(tenant, query, cancellationToken);
        if (cloud.HeldSearch is { } held)
        {
            var goOn = new TaskCompletionSource();
            cloud.HeldSearch = null;
            held.SetResult(goOn);
            await goOn.Task;
        }
        return found;
    }

    public Task<Outcome<IReadOnlyList<DeviceId>>> FindAsync(TenantId tenant, string query, Node.Auth.Access? access, Permission permission, CancellationToken cancellationToken) =>
        search.FindAsync(tenant, query, access, permission, cancellationToken);
}

/// <summary>The same on PostgreSQL.</summary>
public sealed class RolloutCloudOnPostgres(PostgresServer server) : RolloutCloud(server);

/// <summary>Artifacts of <c>app</c> for the model <c>m1</c>: 1.0 and 2.0, with a patch between them.</summary>
public sealed class FewArtifacts : IArtifacts
{
    public static readonly ArtifactFacts Old = Of("1.0", 'a', [], [new BomComponent("openssl", "3.0.11", null)]);

    public static readonly ArtifactFacts New = Of("2.0", 'b', [new DeltaFacts(Old.Sha256, new string('c', 64), 9, "bsdiff")], [new BomComponent("openssl", "3.0.14", null)]);

    /// <summary>3.0, which needs a boot loader of 2.0.</summary>
    public static readonly ArtifactFacts Needing = Of("3.0", 'd', [], []) with { Needs = [new ComponentNeed("bootloader", "2.0")] };

    /// <summary>4.0, from which nothing goes back.</summary>
    public static readonly ArtifactFacts OneWay = Of("4.0", 'e', [], []) with { Reversible = false };

    /// <summary>5.0, with a higher counter than all before.</summary>
    public static readonly ArtifactFacts Counted = Of("5.0", 'f', [], []) with { Counter = 2 };

    /// <summary>How often a version was looked up.</summary>
    public int Lookups { get; private set; }

    /// <summary>The id of one that is not here any more.</summary>
    public string? Gone { get; set; }

    public ArtifactFacts? Find(TenantId tenant, string id) => All(tenant).FirstOrDefault(a => a.Id == id && id != Gone);

    public ArtifactFacts? FindVersion(TenantId tenant, string component, string version, string model)
    {
        Lookups++;
        return All(tenant).FirstOrDefault(a => a.Component == component && a.Version == version && a.Models.Contains(model));
    }

    public IReadOnlyList<ArtifactFacts> All(TenantId tenant) => [New, Old, Needing, OneWay, Counted];

    private static ArtifactFacts Of(string version, char digit, IReadOnlyList<DeltaFacts> deltas, IReadOnlyList<BomComponent> bom) => new(
        $"app/{version}/{new string(digit, 12)}", "app", version, ["m1"], [], [], [], 1, new string(digit, 64), 1_000, true, Encoding.UTF8.GetBytes("{}"), [new ManifestSignature("k1", "ed25519", new byte[64])], deltas, bom);
}
