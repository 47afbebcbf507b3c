using System.Text;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Configuration;
using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Platform.Schemas;
using Strata.Cloud.Shadows.Rows;
using Strata.Cloud.Shadows.Store;
using Strata.Core;
using Strata.Core.Architecture;
using Strata.Core.Configuration;
using Strata.Core.Devices;
using Strata.Core.Shadows;
using Strata.Core.Tenancy;
using Strata.Core.Updates.Rollouts;

namespace Strata.Cloud.Shadows.Configuration;

/// <summary>Layers of configuration and the schemas of models; a change is checked against every device that it concerns before it is kept.</summary>
internal sealed class ConfigurationStore(ShadowTables tables, IFleet fleet, IFleetSearch search, IStagedLayers staged, ShadowOptions options)
{
    /// <summary>Layers, and schemas, of one tenant at most.</summary>
    public const int Most = 10_000;

    /// <summary>Raised after a change.</summary>
    public event Action<TenantId>? Changed;

    public async Task<List<ConfigurationLayerRow>> LayersAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await using var context = tables.Create(tenant);
        return await context.Layers.AsNoTracking().OrderBy(l => l.Id).ToListAsync(cancellationToken);
    }

    /// <summary>Of a layer that was deleted the version that its end counted; 0 where there never was one.</summary>
    public async Task<long> VersionAsync(TenantId tenant, string layer, CancellationToken cancellationToken)
    {
        await using var context = tables.Create(tenant);
        return await context.Layers.Where(l => l.Id == layer).Select(l => (long?)l.Version).FirstOrDefaultAsync(cancellationToken)
            ?? await context.DeletedLayers.Where(l => l.Id == layer).Select(l => (long?)l.Version).FirstOrDefaultAsync(cancellationToken) ?? 0;
    }

    public async Task<Dictionary<string, string>> SchemasAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await using var context = tables.Create(tenant);
        return await context.Schemas.AsNoTracking().ToDictionaryAsync(s => s.Model, s => s.Schema, StringComparer.Ordinal, cancellationToken);
    }

    /// <summary>Keeps a layer.</summary>
    /// <param name="content">Null: it goes.</param>
    /// <param name="version">The version that it was decided on; null for any.</param>
    public async Task<Outcome<ConfigurationLayerRow>> SetAsync(Caller caller, LayerId id, ShadowObject? content, long? version, string? why, CancellationToken cancellationToken)
    {
        if (content is not null && id.Name.Any(char.IsControl))
            return new Problem(ProblemKind.Invalid, "A layer's name has no control characters.", "layer");
        var outcome = await tables.ChangeAsync<ConfigurationLayerRow>(caller, async (db, now, token) =>
        {
            if (HeldBy(caller.Tenant, id.ToString()) is { } held)
                return held;
            var rows = await db.Layers.AsNoTracking().ToListAsync(token);
            var before = rows.Find(r => r.Id == id.ToString());
            if (version is { } expected && expected != (before?.Version ?? 0))
                return new Problem(ProblemKind.Conflict, $"Layer '{id}' has version {before?.Version ?? 0}, the request was decided on {expected}. Read it again, then decide anew.", "version");
            if (content is null && before is null)
                return new Problem(ProblemKind.NotFound, $"There is no layer '{id}'.", "layer");
            if (before is null && rows.Count >= Most)
                return new Problem(ProblemKind.TooMuch, $"The tenant has {Most:N0} layers; remove one first.", "layer");
            var layers = rows.Where(r => r.Id != id.ToString()).Select(ToLayer).ToList();
            if (content is not null)
                layers.Add(new ConfigurationLayer(id, content));
            if (await FirstFaultAsync(caller.Tenant, layers, await db.Schemas.AsNoTracking().ToDictionaryAsync(s => s.Model, s => s.Schema, StringComparer.Ordinal, token), d => content is null || Touches(id, d), token) is { } fault)
                return fault;
            var deleted = await DeletedLayers.ReadAsync(db, token);
            var row = content is null ? null : new ConfigurationLayerRow
            {
                TenantId = caller.Tenant.Value, Id = id.ToString(), Version = deleted.VersionOf(id.ToString(), before) + 1, Content = Text(content), Updated = now, UpdatedBy = caller.Actor, Why = why,
            };
            return new DecidedChange<ConfigurationLayerRow>(row ?? before!, [(before, row), .. row is null ? deleted.Add([before!], now) : []], row is null ? "delete" : "change", "configuration", id.ToString(), before is null ? null : new { before.Version }, row is null ? null : new { row.Version, why });
        }, cancellationToken);
        if (outcome.IsOk)
            Changed?.Invoke(caller.Tenant);
        return outcome;
    }

    /// <summary>How many devices a layer concerns; it may be there before them. Null while groups cannot be looked for.</summary>
    public async Task<int?> CountAsync(TenantId tenant, ConfigurationLayerRow row, CancellationToken cancellationToken)
    {
        try
        {
            var concerning = await ConcerningAsync(tenant, [ToLayer(row)], [], cancellationToken);
            return fleet.Devices(tenant).Count(d => d.State != DeviceState.Decommissioned && concerning(d).Count > 0);
        }
        catch (IOException)
        {
            return null; // The layer is kept: only the number is not known.
        }
    }

    /// <summary>Has a layer say what was rolled out, or deletes it. Devices have it: one that came not to fit keeps what it has, as one that moves.</summary>
    public async Task<Problem?> KeepAsync(TenantId tenant, LayerChange change, string why, CancellationToken cancellationToken)
    {
        var outcome = await tables.ChangeAsync<bool>(Caller.Node(tenant), async (db, now, token) =>
        {
            var (before, deleted) = (await db.Layers.AsNoTracking().FirstOrDefaultAsync(l => l.Id == change.Layer, token), await DeletedLayers.ReadAsync(db, token));
            if (Said(before) == change.Content)
                return DecidedChange.None(true);
            if (deleted.VersionOf(change.Layer, before) is var version && version != change.Version)
                return new Problem(ProblemKind.Conflict, $"Layer '{change.Layer}' has version {version}; the change was made on {change.Version}.", "version");
            var row = change.Content is not { } content ? null : new ConfigurationLayerRow
            {
                TenantId = tenant.Value, Id = change.Layer, Version = version + 1, Content = Encoding.UTF8.GetBytes(content), Updated = now, UpdatedBy = Caller.NodeActor, Why = why,
            };
            return new DecidedChange<bool>(
                true, [(before, row), .. row is null ? deleted.Add([before!], now) : []], row is null ? "delete" : "change", "configuration", change.Layer, before is null ? null : new { before.Version }, new { Version = version + 1, why });
        }, cancellationToken);
        if (outcome.IsOk)
            Bring(tenant);
        return outcome.Problem;
    }

    /// <summary>Configurations are brought to devices soon.</summary>
    public void Bring(TenantId tenant) => Changed?.Invoke(tenant);

    /// <summary>Keeps a model's schema; every device of the model must fit it as it is configured now.</summary>
    /// <param name="schema">Null: it goes.</param>
    public Task<Outcome<string>> SetSchemaAsync(Caller caller, string model, string? schema, CancellationToken cancellationToken) => tables.ChangeAsync<string>(caller, async (db, now, token) =>
    {
        var rows = await db.Schemas.AsNoTracking().ToListAsync(token);
        var before = rows.Find(r => r.Model == model);
        if (schema is null && before is null)
            return new Problem(ProblemKind.NotFound, $"There is no schema of model '{model}'.", "model");
        if (before is null && rows.Count >= Most)
            return new Problem(ProblemKind.TooMuch, $"The tenant has {Most:N0} schemas; remove one first.", "model");
        if (schema is not null)
        {
            if (PayloadSchema.Parse(schema) is { IsOk: false } wrong)
                return wrong.Problem;
            var layers = (await db.Layers.AsNoTracking().ToListAsync(token)).ConvertAll(ToLayer);
            if (await FirstFaultAsync(caller.Tenant, layers, new Dictionary<string, string> { [model] = schema }, d => d.Model == model, token) is { } fault)
                return fault;
        }
        var row = schema is null ? null : new ConfigurationSchemaRow { TenantId = caller.Tenant.Value, Model = model, Schema = schema, Updated = now };
        return new DecidedChange<string>(schema ?? "", [(before, row)], row is null ? "delete" : "change", "configuration-schema", model, null, null);
    }, cancellationToken);

    /// <summary>Makes layers and schemas as a file describes, all or nothing; every device must fit afterwards.</summary>
    /// <param name="prune">What the file does not describe goes.</param>
    public async Task<Outcome<IReadOnlyList<ApplyChange>>> ApplyAsync(Caller caller, ConfigurationFile file, bool dryRun, bool prune, CancellationToken cancellationToken)
    {
        var outcome = await tables.ChangeAsync<IReadOnlyList<ApplyChange>>(caller, async (db, now, token) =>
        {
            var (layers, schemas) = (await db.Layers.AsNoTracking().ToDictionaryAsync(l => l.Id, StringComparer.Ordinal, token), await db.Schemas.AsNoTracking().ToDictionaryAsync(s => s.Model, StringComparer.Ordinal, token));
            var deleted = await DeletedLayers.ReadAsync(db, token);
            var (changes, rows) = (new List<ApplyChange>(), new List<(object? Before, object? After)>());
            void Change(string kind, string id, object? before, object? after, FieldChange? field)
            {
                changes.Add(new ApplyChange(before is null ? "+" : after is null ? "-" : "~", kind, id, field is null || before is null || after is null ? [] : [field]));
                rows.Add((before, after));
            }
            foreach (var (model, schema) in file.Schemas.Where(s => schemas.GetValueOrDefault(s.Key) is not { } known || ConfigurationSchema.InFile(known.Schema) != s.Value))
            {
                var before = schemas.GetValueOrDefault(model);
                schemas[model] = new ConfigurationSchemaRow { TenantId = caller.Tenant.Value, Model = model, Schema = schema, Updated = now };
                Change("configuration-schema", model, before, schemas[model], new FieldChange("schema", before?.Schema, schema));
            }
            foreach (var layer in file.Layers)
            {
                var (id, content, before) = (layer.Id.ToString(), Text(layer.Content), layers.GetValueOrDefault(layer.Id.ToString()));
                if (before is not null && before.Content.AsSpan().SequenceEqual(content))
                    continue;
                layers[id] = new ConfigurationLayerRow { TenantId = caller.Tenant.Value, Id = id, Version = deleted.VersionOf(id, before) + 1, Content = content, Updated = now, UpdatedBy = caller.Actor, Why = layer.Why };
                Change("configuration", id, before, layers[id], new FieldChange("content", before is null ? null : Encoding.UTF8.GetString(before.Content), Encoding.UTF8.GetString(content)));
            }
            if (prune)
            {
                var said = file.Layers.Select(l => l.Id.ToString()).ToHashSet(StringComparer.Ordinal);
                var unsaid = layers.Values.Where(l => !said.Contains(l.Id) && (file.Sites is null || IsOf(caller.Tenant, Named(l.Id), file.Sites))).ToList();
                foreach (var gone in unsaid)
                {
                    layers.Remove(gone.Id);
                    Change("configuration", gone.Id, gone, null, null);
                }
                rows.AddRange(deleted.Add(unsaid, now));
                foreach (var gone in schemas.Values.Where(s => file.Sites is null && !file.Schemas.ContainsKey(s.Model)).ToList())
                {
                    schemas.Remove(gone.Model);
                    Change("configuration-schema", gone.Model, gone, null, null);
                }
            }
            if (rows.Select(r => r.After ?? r.Before).OfType<ConfigurationLayerRow>().Select(l => HeldBy(caller.Tenant, l.Id)).FirstOrDefault(h => h is not null) is { } held)
                return held;
            if (layers.Count > Most || schemas.Count > Most)
                return new Problem(ProblemKind.TooMuch, $"With this file there would be {layers.Count:N0} layers and {schemas.Count:N0} schemas; a tenant has at most {Most:N0} of each.");
            if (changes.Count > 0 && await FirstFaultAsync(caller.Tenant, [.. layers.Values.Select(ToLayer)], schemas.ToDictionary(s => s.Key, s => s.Value.Schema, StringComparer.Ordinal), _ => true, token) is { } fault)
                return fault;
            return dryRun || changes.Count == 0
                ? DecidedChange.None<IReadOnlyList<ApplyChange>>(changes)
                : new DecidedChange<IReadOnlyList<ApplyChange>>(changes, rows, "apply", "configuration", "file", null, new { changes = changes.Select(c => $"{c.Action} {c.Kind} {c.Id}").Take(100) });
        }, cancellationToken);
        if (!dryRun && outcome is { IsOk: true, Value.Count: > 0 })
            Changed?.Invoke(caller.Tenant);
        return outcome;
    }

    /// <summary>Whether a layer is of these places or what is in them: a place's, or that of a device there.</summary>
    public bool IsOf(TenantId tenant, LayerId layer, IReadOnlyList<SiteId> sites)
    {
        SiteId? place = layer.Kind switch
        {
            LayerKind.Site when SiteId.TryParse(layer.Name, out var site) => site,
            LayerKind.Device when DeviceId.TryParse(layer.Name, out var device) => fleet.Find(tenant, device)?.Site,
            _ => null,
        };
        return place is { } at && sites.Any(s => s.Contains(at));
    }

    /// <summary>What the layers come to for a device.</summary>
    public async Task<EffectiveConfiguration> EffectiveAsync(FleetDevice device, CancellationToken cancellationToken)
    {
        var given = await StagedAsync(device.Tenant, cancellationToken);
        var layers = (await LayersAsync(device.Tenant, cancellationToken)).ConvertAll(ToLayer);
        return LayeredConfiguration.Merge((await ConcerningAsync(device.Tenant, layers, given, cancellationToken))(device));
    }

    /// <summary>What rollouts make of layers; to be asked before the layers are read.</summary>
    public Task<IReadOnlyList<StagedLayer>> StagedAsync(TenantId tenant, CancellationToken cancellationToken) => staged.OfAsync(tenant, cancellationToken);

    /// <summary>
    /// Which layers concern a device, the weakest first, each as it is said to that device. Those of single devices, which may be many, are found and not looked through.
    /// </summary>
    /// <param name="given">What some devices have before others.</param>
    public async Task<Func<FleetDevice, IReadOnlyList<ConfigurationLayer>>> ConcerningAsync(
        TenantId tenant, IReadOnlyList<ConfigurationLayer> layers, IReadOnlyList<StagedLayer> given, CancellationToken cancellationToken)
    {
        var early = given.Select(g => (Staged: g, Layer: new ConfigurationLayer(Named(g.Layer), Read(g.Layer, Encoding.UTF8.GetBytes(g.Content ?? None)), g.Rollout) { IsGone = g.Content is null })).ToList();
        var of = await GroupsOfAsync(tenant, layers.Concat(early.Select(e => e.Layer)), cancellationToken);
        var own = layers.Where(l => l.Id.Kind == LayerKind.Device).ToDictionary(l => l.Id.Name, StringComparer.Ordinal);
        var shared = layers.Where(l => l.Id.Kind != LayerKind.Device).ToList();
        return device =>
        {
            IEnumerable<ConfigurationLayer> all = own.TryGetValue(device.Id.Value, out var mine) ? [.. shared, mine] : shared;
            foreach (var (stage, layer) in early)
                all = stage.IsFor(device.Id) ? LayeredConfiguration.With(all, layer) : all;
            return LayeredConfiguration.Of(all, device.Id.Value, device.Site?.Value, of(device.Id));
        };
    }

    /// <summary>The groups among the layers' that a device is in, by name, by place or by query.</summary>
    private async Task<Func<DeviceId, IReadOnlySet<string>>> GroupsOfAsync(TenantId tenant, IEnumerable<ConfigurationLayer> layers, CancellationToken cancellationToken)
    {
        var found = new Dictionary<DeviceId, HashSet<string>>();
        foreach (var group in layers.Where(l => l.Id.Kind == LayerKind.Group).Select(l => l.Id.Name).Distinct(StringComparer.Ordinal))
        {
            // There may be no such group any more: then nobody is in it.
            var members = await search.FindAsync(tenant, $"group:{group}", cancellationToken);
            if (!members.IsOk && members.Problem.Kind is ProblemKind.Unavailable)
                throw new IOException(members.Problem.Detail);
            foreach (var member in members.Value ?? [])
            {
                if (!found.TryGetValue(member, out var of))
                    found[member] = of = new HashSet<string>(StringComparer.Ordinal);
                of.Add(group);
            }
        }
        var none = new HashSet<string>();
        return device => found.GetValueOrDefault(device) ?? none;
    }

    public static ConfigurationLayer ToLayer(ConfigurationLayerRow row) => new(Named(row.Id), Read(row.Id, row.Content));

    /// <summary>What somebody wants a layer to say.</summary>
    public static Outcome<ShadowObject> Parse(byte[] content, ShadowLimits limits)
    {
        var request = ShadowRequest.Parse(Request(content), limits);
        return !request.IsOk ? request.Problem
            : request.Value is { Desired.Patch: { } patch, Reported: null, Tags: null } ? patch : new Problem(ProblemKind.Invalid, "A layer is a JSON object of what is wanted.", "content");
    }

    /// <summary>As a layer that is not there comes to.</summary>
    public const string None = "{}";

    /// <summary>What a layer says, as JSON; null where it is not there.</summary>
    public static string? Said(ConfigurationLayerRow? row) => row is null ? null : Encoding.UTF8.GetString(row.Content);

    public static LayerId Named(string layer) => LayerId.TryParse(layer, out var id) ? id : throw new FormatException($"'{layer}' is no layer.");

    private static ShadowObject Read(string layer, byte[] content) => Parse(content, ShadowLimits.OfKept).Value ?? throw new FormatException($"Layer '{layer}' cannot be read.");

    private static byte[] Request(byte[] content) => [.. "{\"state\":{\"desired\":"u8, .. content, .. "}}"u8];

    public static byte[] Text(ShadowObject content)
    {
        using var buffer = new MemoryStream();
        using (var writer = new System.Text.Json.Utf8JsonWriter(buffer, new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            ShadowCodec.WriteState(writer, content);
        return buffer.ToArray();
    }

    private Problem? HeldBy(TenantId tenant, string layer) => staged.HolderOf(tenant, layer) is { } rollout
        ? new Problem(ProblemKind.Conflict, $"Layer '{layer}' is changed by rollout {rollout}: it ends, or is aborted and rolled back, first.", "layer") : null;

    private static bool Touches(LayerId id, FleetDevice device) => id.Kind switch
    {
        LayerKind.Device => device.Id.Value == id.Name,
        LayerKind.Site => device.Site is { } site && (site.Value == id.Name || site.Value.StartsWith(id.Name + "/", StringComparison.Ordinal)),
        _ => true,
    };

    private async Task<Problem?> FirstFaultAsync(
        TenantId tenant, List<ConfigurationLayer> layers, Dictionary<string, string> schemas, Func<FleetDevice, bool> concerns, CancellationToken cancellationToken)
    {
        var (concerning, parsed) = (await ConcerningAsync(tenant, layers, await StagedAsync(tenant, cancellationToken), cancellationToken), ConfigurationSchema.ParseAll(schemas));
        // Devices of one model with the same configuration are one question.
        var asked = new HashSet<(string, string)>();
        foreach (var device in fleet.Devices(tenant).Where(d => d.State != DeviceState.Decommissioned).Where(concerns))
        {
            var root = LayeredConfiguration.Root(concerning(device));
            if (root.IsEmpty)
                continue;
            var text = Text(root);
            if (text.Length > options.Limits.MaxBytes)
                return new Problem(ProblemKind.TooMuch, $"The configuration of device '{device.Id}' would have {text.Length:N0} bytes; it may have {options.Limits.MaxBytes:N0}.", "content");
            if (device.Model is not { } model || !parsed.TryGetValue(model, out var schema) || !asked.Add((model, Encoding.UTF8.GetString(text))))
                continue;
            if (ConfigurationSchema.Faults(schema, root) is { } faults)
                return new Problem(ProblemKind.Invalid, $"The configuration of device '{device.Id}' would not fit the schema of model '{model}': {faults}", "content");
        }
        return null;
    }
}
