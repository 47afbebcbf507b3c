using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Platform.Schemas;
using Strata.Cloud.Shadows.Store;
using Strata.Core;
using Strata.Core.Configuration;
using Strata.Core.Devices;
using Strata.Core.Shadows;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Shadows.Configuration;

/// <summary>
/// Brings what the layers come to into each device's shadow <c>config</c>, as what is desired: after a change, and every few seconds, so that groups by query and devices that move are followed. It compares
/// states, so that a node that was killed goes on where it was. A configuration that does not fit its model's schema is not sent.
/// </summary>
internal sealed partial class ConfigurationRunner(
    ConfigurationStore store, ShadowStore shadows, ShadowTables tables, IFleet fleet, ShadowOptions options, TimeProvider time, ILogger<ConfigurationRunner> logger) : BackgroundService, IShadowObserver
{
    /// <summary>The shadow that holds the configuration.</summary>
    public const string Shadow = "config";

    private const int AtOnce = 500;

    private static readonly ShadowAuthor Author = new("configuration", IsDevice: false);

    private readonly Channel<bool> wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly ConcurrentDictionary<(TenantId Tenant, DeviceId Device), ShadowObject> sent = new();
    private readonly ConcurrentDictionary<(TenantId Tenant, DeviceId Device), string> problems = new();
    private readonly ConcurrentDictionary<(TenantId Tenant, DeviceId Device), bool> touched = new();
    private readonly ConcurrentDictionary<TenantId, bool> begun = new();

    /// <summary>Devices whose shadow is to be looked at though nothing is known to be sent: it could not be brought to what it is to be yet.</summary>
    private readonly ConcurrentDictionary<(TenantId Tenant, DeviceId Device), bool> owed = new();

    /// <summary>Why a device's configuration is not sent; null when it is.</summary>
    public string? ProblemOf(TenantId tenant, DeviceId device) => problems.GetValueOrDefault((tenant, device));

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        store.Changed += OnChanged;
        return base.StartAsync(cancellationToken);
    }

    public override void Dispose()
    {
        store.Changed -= OnChanged;
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            foreach (var tenant in fleet.Tenants)
            {
#pragma warning disable CA1031 // The next round does what this one could not.
                try
                {
                    await RunOnceAsync(tenant, stoppingToken);
                }
                catch (Exception fault) when (fault is not OperationCanceledException)
                {
                    LogFault(tenant.Value, fault);
                }
#pragma warning restore CA1031
            }
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            await Task.WhenAny(wake.Reader.ReadAsync(either.Token).AsTask(), Task.Delay(options.ConfigurationEvery, time, either.Token));
            await either.CancelAsync();
        }
    }

    /// <summary>One round over a tenant's devices.</summary>
    public async Task RunOnceAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var given = await store.StagedAsync(tenant, cancellationToken);
        var layers = (await store.LayersAsync(tenant, cancellationToken)).ConvertAll(ConfigurationStore.ToLayer);
        // Of a node that was killed between the end of a layer and its devices hearing of it, only the shadows know.
        var had = begun.ContainsKey(tenant) ? owed.Keys.Where(k => k.Tenant == tenant).Select(k => k.Device.Value).ToHashSet() : await tables.DevicesWithAsync(tenant, Shadow, cancellationToken);
        if (layers.Count == 0 && given.Count == 0 && had.Count == 0 && !sent.Keys.Any(k => k.Tenant == tenant))
        {
            Forget(touched, tenant);
            return;
        }
        var (concerning, schemas) = (await store.ConcerningAsync(tenant, layers, given, cancellationToken), ConfigurationSchema.ParseAll(await store.SchemasAsync(tenant, cancellationToken)));
        // Together, so that they are few transactions.
        foreach (var some in fleet.Devices(tenant).Where(d => d.State != DeviceState.Decommissioned).Chunk(AtOnce))
            await Task.WhenAll(some.Select(d => BringAsync(d, concerning(d), had.Contains(d.Id.Value), schemas, cancellationToken)));
        begun[tenant] = true;
        foreach (var gone in sent.Keys.Where(k => k.Tenant == tenant && fleet.Find(tenant, k.Device) is null or { State: DeviceState.Decommissioned }).ToList())
            sent.TryRemove(gone, out _);
        foreach (var gone in problems.Keys.Concat(touched.Keys).Concat(owed.Keys).Where(k => k.Tenant == tenant && fleet.Find(tenant, k.Device) is null or { State: DeviceState.Decommissioned }).ToList())
        {
            problems.TryRemove(gone, out _);
            touched.TryRemove(gone, out _);
            owed.TryRemove(gone, out _);
        }
    }

    /// <summary>The tenant is gone, or comes anew: only its shadows know what was sent.</summary>
    public void Forget(TenantId tenant)
    {
        begun.TryRemove(tenant, out _);
        Forget(sent, tenant);
        Forget(problems, tenant);
        Forget(touched, tenant);
        Forget(owed, tenant);
    }

    /// <summary>What somebody else changed of a configuration's shadow is as the layers want it soon. Of a device that went, whoever gets its name is looked at as any that comes.</summary>
    public void OnDone(ShadowWork work, ShadowResult result)
    {
        if (work.Verb == ShadowVerb.Purge && result.Problem is null)
            touched[(work.Key.Tenant, work.Key.Device)] = true;
        if (work.Key.Name == Shadow && result.Change is { } change && change.Touched.Contains(ShadowSection.Desired) && work.Author.Name != Author.Name)
        {
            touched[(work.Key.Tenant, work.Key.Device)] = true;
            OnChanged(work.Key.Tenant);
        }
    }

    private async Task BringAsync(FleetDevice device, IReadOnlyList<ConfigurationLayer> layers, bool had, Dictionary<string, PayloadSchema> schemas, CancellationToken cancellationToken)
    {
        var of = (device.Tenant, device.Id);
        var known = sent.GetValueOrDefault(of);
        if (layers.Count == 0 && known is null && !had)
        {
            problems.TryRemove(of, out _);
            touched.TryRemove(of, out _);
            return;
        }
        if (had)
            owed[of] = true;
        var root = LayeredConfiguration.Root(layers);
        if (known is not null && !touched.ContainsKey(of) && ShadowNode.SameValue(known, root))
        {
            problems.TryRemove(of, out _);
            Sent(of, layers, root);
            return;
        }
        if (device.Model is { } model && schemas.TryGetValue(model, out var schema) && !root.IsEmpty && ConfigurationSchema.Faults(schema, root) is { } faults)
        {
            problems[of] = $"It does not fit the schema of model '{model}': {faults}";
            return;
        }
        touched.TryRemove(of, out _);
        // Of what is not known to be sent, only what the runner itself wrote goes with the layers: others use the shadow without any.
        Func<ShadowObject, ShadowObject> wanted = layers.Count == 0 && known is null ? WithoutOwn : _ => root;
        if (await SendAsync(new ShadowKey(device.Tenant, device.Id, Shadow), wanted, layers, cancellationToken) is { } refused)
        {
            problems[of] = refused.Detail;
            touched[of] = true;
            return;
        }
        problems.TryRemove(of, out _);
        Sent(of, layers, root);
    }

    /// <summary>Where no layer is left, what is desired is anybody's to say.</summary>
    private void Sent((TenantId Tenant, DeviceId Device) of, IReadOnlyList<ConfigurationLayer> layers, ShadowObject root)
    {
        owed.TryRemove(of, out _);
        if (layers.Count == 0)
            sent.TryRemove(of, out _);
        else
            sent[of] = root;
    }

    private static ShadowObject WithoutOwn(ShadowObject desired) => ShadowReunion.Filter(desired, "", path => ShadowMath.At(desired, path) is ShadowLeaf leaf && leaf.Actor != Author.Name);

    /// <param name="wanted">What is to be desired, of what is.</param>
    private async Task<Problem?> SendAsync(ShadowKey key, Func<ShadowObject, ShadowObject> wanted, IReadOnlyList<ConfigurationLayer> layers, CancellationToken cancellationToken)
    {
        var read = await shadows.ReadAsync(key, cancellationToken);
        if (read.Shadow is not { } shadow)
            return read.Problem;
        if (ShadowNode.SameValue(shadow.Desired.Root, wanted(shadow.Desired.Root)))
            return null;
        var why = string.Join(", ", layers);
        return (await shadows.RunAsync(new ShadowWork(key, ShadowVerb.Update)
        {
            Author = Author,
            Make = now => new ShadowRequest(new ShadowPartRequest(ShadowMath.Between(now.Desired.Root, wanted(now.Desired.Root))), null, null, null, null, why.Length <= ShadowLimits.MaxWhyLength ? $"from {why}" : $"from {layers.Count} layers"),
        }, cancellationToken)).Problem;
    }

    private static void Forget<T>(ConcurrentDictionary<(TenantId Tenant, DeviceId Device), T> known, TenantId tenant)
    {
        foreach (var (of, _) in known)
        {
            if (of.Tenant == tenant)
                known.TryRemove(of, out _);
        }
    }

    private void OnChanged(TenantId tenant) => wake.Writer.TryWrite(true);

    [LoggerMessage(7030, LogLevel.Error, "Configurations of tenant {Tenant} could not be brought to devices; it is tried again.")]
    private partial void LogFault(string tenant, Exception fault);
}
