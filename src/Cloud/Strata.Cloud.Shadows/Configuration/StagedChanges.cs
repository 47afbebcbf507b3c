using System.Text;
using Strata.Cloud.Platform.Configuration;
using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Platform.Schemas;
using Strata.Cloud.Shadows.Store;
using Strata.Core;
using Strata.Core.Configuration;
using Strata.Core.Devices;
using Strata.Core.Shadows;
using Strata.Core.Tenancy;
using Strata.Core.Updates.Rollouts;

namespace Strata.Cloud.Shadows.Configuration;

/// <summary>Changes of layers that another slice gives to devices bit by bit: what they are for each device, and what became of them by its shadow.</summary>
internal sealed class StagedChanges(ConfigurationStore store, ShadowStore shadows, IFleet fleet) : ILayers
{
    private const int AtOnce = 500;

    public async Task<Outcome<PreparedLayer>> PrepareAsync(TenantId tenant, string layer, string? content, CancellationToken cancellationToken)
    {
        if (!LayerId.TryParse(layer, out var id) || layer.Contains('"', StringComparison.Ordinal))
            return new Problem(ProblemKind.Invalid, "A layer is 'tenant', 'group/ID', 'site/PATH' or 'device/ID'.", "configuration.layer");
        if (content?.Length > shadows.Limits.MaxRequestBytes)
            return new Problem(ProblemKind.TooMuch, $"What a layer says has at most {shadows.Limits.MaxRequestBytes:N0} bytes.", "configuration.content");
        var wanted = ConfigurationStore.Parse(Encoding.UTF8.GetBytes(content ?? ConfigurationStore.None), shadows.Limits);
        if (!wanted.IsOk)
            return wanted.Problem;
        var given = await store.StagedAsync(tenant, cancellationToken);
        var rows = await store.LayersAsync(tenant, cancellationToken);
        var before = rows.Find(r => r.Id == layer);
        var version = before?.Version ?? await store.VersionAsync(tenant, layer, cancellationToken);
        var change = new LayerChange(layer, version, ConfigurationStore.Said(before), content is null ? null : Encoding.UTF8.GetString(ConfigurationStore.Text(wanted.Value)));
        var (layers, next) = (rows.ConvertAll(ConfigurationStore.ToLayer), new ConfigurationLayer(id, wanted.Value));
        var (now, then) = (await store.ConcerningAsync(tenant, layers, given, cancellationToken), await store.ConcerningAsync(tenant, [.. LayeredConfiguration.With(layers, next)], given, cancellationToken));
        var schemas = ConfigurationSchema.ParseAll(await store.SchemasAsync(tenant, cancellationToken));
        return new PreparedLayer(change, QueryOf(id), device =>
        {
            // What a rollout gave the device of the layer already gives way to the change.
            var root = LayeredConfiguration.Root([.. then(device).Select(l => l.Id == id ? next : l)]);
            return new LayerEffect(Refusal(device, root, schemas), ConfigurationStore.Text(ShadowMath.Between(LayeredConfiguration.Root(now(device)), root)).Length);
        });
    }

    public Task<long> VersionAsync(TenantId tenant, string layer, CancellationToken cancellationToken) => store.VersionAsync(tenant, layer, cancellationToken);

    public async Task<LayerTrials> LookAsync(TenantId tenant, LayerChange change, IReadOnlyDictionary<DeviceId, DateTimeOffset> given, CancellationToken cancellationToken)
    {
        var early = await store.StagedAsync(tenant, cancellationToken);
        var rows = await store.LayersAsync(tenant, cancellationToken);
        var trials = new Dictionary<DeviceId, ConfigurationTrial>();
        var version = rows.Find(r => r.Id == change.Layer)?.Version ?? await store.VersionAsync(tenant, change.Layer, cancellationToken);
        if (given.Count == 0)
            return new LayerTrials(version, trials);
        var concerning = await store.ConcerningAsync(tenant, rows.ConvertAll(ConfigurationStore.ToLayer), early, cancellationToken);
        var schemas = ConfigurationSchema.ParseAll(await store.SchemasAsync(tenant, cancellationToken));
        var before = ConfigurationStore.Parse(Encoding.UTF8.GetBytes(change.Before ?? ConfigurationStore.None), shadows.Limits).Value ?? ShadowObject.Empty;
        // Together, so that they are few turns of the writer.
        foreach (var some in given.Chunk(AtOnce))
        {
            foreach (var (device, trial) in await Task.WhenAll(some.Select(g => JudgeAsync(g.Key, g.Value))))
                trials[device] = trial;
        }
        return new LayerTrials(version, trials);

        async Task<(DeviceId, ConfigurationTrial)> JudgeAsync(DeviceId id, DateTimeOffset since)
        {
            if (fleet.Find(tenant, id) is not { State: not DeviceState.Decommissioned } device)
                return (id, default);
            var layers = concerning(device);
            var wanted = LayeredConfiguration.Root(layers);
            if (Refusal(device, wanted, schemas) is { } refusal)
                return (id, new ConfigurationTrial(TrialOutcome.Refused, refusal));
            var old = LayeredConfiguration.Root([.. layers.Select(l => l.Id.ToString() == change.Layer ? l with { Content = before } : l)]);
            var read = await shadows.ReadAsync(new ShadowKey(tenant, id, ConfigurationRunner.Shadow), cancellationToken);
            return (id, read.Shadow is { } shadow ? ConfigurationTrial.Judge(old, wanted, shadow, since.ToUnixTimeMilliseconds()) : default);
        }
    }

    public Task<Problem?> KeepAsync(TenantId tenant, LayerChange change, string why, CancellationToken cancellationToken) => store.KeepAsync(tenant, change, why, cancellationToken);

    public void Bring(TenantId tenant) => store.Bring(tenant);

    private string? Refusal(FleetDevice device, ShadowObject root, Dictionary<string, PayloadSchema> schemas)
    {
        if (root.IsEmpty)
            return null;
        if (ConfigurationStore.Text(root).Length > shadows.Limits.MaxBytes)
            return $"its configuration would have more than {shadows.Limits.MaxBytes:N0} bytes";
        return device.Model is { } model && schemas.TryGetValue(model, out var schema) && ConfigurationSchema.Faults(schema, root) is { } faults ? $"it would not fit the schema of model '{model}': {faults}" : null;
    }

    private static string QueryOf(LayerId id) => id.Kind switch
    {
        LayerKind.Tenant => "id:*",
        LayerKind.Group => $"group:\"{id.Name}\"",
        LayerKind.Site => $"site:\"{id.Name}\"",
        _ => $"id=\"{id.Name}\"",
    };
}
