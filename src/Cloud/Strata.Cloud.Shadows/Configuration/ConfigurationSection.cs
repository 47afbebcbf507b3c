using System.Text.Json;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Yaml;
using Strata.Cloud.Shadows.Rows;
using Strata.Cloud.Shadows.Store;
using Strata.Core;
using Strata.Core.Architecture;
using Strata.Core.Configuration;
using Strata.Core.Tenancy;
using Strata.Node.Auth;

namespace Strata.Cloud.Shadows.Configuration;

/// <summary><c>configuration:</c> of a file: layers and schemas, for who may change devices everywhere, and exported for who may read them.</summary>
internal sealed class ConfigurationSection(ConfigurationStore store, ShadowStore shadows, ShadowOptions options) : IExportedSection
{
    public string Name => "configuration";

    public async Task<Outcome<IReadOnlyList<ApplyChange>>> ApplyAsync(Caller caller, Access access, string file, string yaml, bool dryRun, bool prune, CancellationToken cancellationToken)
    {
        if (!access.IsWhole(Permission.DevicesWrite))
            return Access.Forbidden;
        var read = ConfigurationFile.Read(file, yaml, shadows.Limits);
        return read.IsOk ? await store.ApplyAsync(caller, read.Value, dryRun, prune, cancellationToken) : read.Problem;
    }

    /// <summary>Of the whole tenant everything; of places only their layers and those of devices there: all others, and schemas, reach beyond.</summary>
    public async Task<Outcome<ExportedSection>> ExportAsync(Access access, IReadOnlyList<string>? sites, CancellationToken cancellationToken)
    {
        var asked = sites?.Select(SiteId.Parse).ToList();
        var reach = access.ReachOf(Permission.DevicesRead);
        var readable = reach.IsWhole ? asked : Readable(asked, reach);
        var leftOut = reach.IsWhole || asked?.TrueForAll(s => reach.Covers(s)) == true ? null
            : readable is { Count: > 0 } ? $"only of {string.Join(", ", readable)}; the caller may not read more (devices.read)."
            : "left out; the caller may not read it (devices.read).";
        if (readable is { Count: 0 })
            return new ExportedSection(null, leftOut);
        var layers = (await store.LayersAsync(access.Tenant, cancellationToken)).Select(r => (Id: ConfigurationStore.Named(r.Id), Row: r))
            .Where(l => readable is null || store.IsOf(access.Tenant, l.Id, readable)).OrderBy(l => l.Id.Kind).ThenBy(l => l.Id.Name, StringComparer.Ordinal).ToList();
        var schemas = readable is null ? await store.SchemasAsync(access.Tenant, cancellationToken) : [];
        if (layers.Count + schemas.Count == 0)
            return new ExportedSection(null, leftOut);
        if (layers.Sum(l => (long)l.Row.Content.Length) + schemas.Sum(s => (long)s.Value.Length) is var bytes && bytes > options.ExportBytes)
            return new Problem(ProblemKind.TooMuch, $"Layers and schemas have {bytes:N0} bytes, and an export has at most {options.ExportBytes:N0} of them; export one site at a time.", "configuration");
        return new ExportedSection(Write(readable, schemas, layers), leftOut);
    }

    /// <summary>Of the places that are asked for, null for all, those that are reached, without those in others.</summary>
    private static List<SiteId> Readable(List<SiteId>? asked, Reach reach)
    {
        var all = (asked is null ? reach.Sites : asked.Where(s => reach.Covers(s)).Concat(reach.Sites.Where(r => asked.Exists(s => s.Contains(r))))).Distinct().ToList();
        return [.. all.Where(s => !all.Exists(other => other != s && other.Contains(s))).OrderBy(s => s.Value, StringComparer.Ordinal)];
    }

    private static byte[] Write(List<SiteId>? sites, Dictionary<string, string> schemas, List<(LayerId Id, ConfigurationLayerRow Row)> layers)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            if (sites is not null)
            {
                writer.WriteStartArray("sites");
                sites.ForEach(s => writer.WriteStringValue(s.Value));
                writer.WriteEndArray();
            }
            if (schemas.Count > 0)
            {
                writer.WriteStartObject("schemas");
                foreach (var (model, schema) in schemas.OrderBy(s => s.Key, StringComparer.Ordinal))
                {
                    writer.WritePropertyName(model);
                    writer.WriteRawValue(ConfigurationSchema.InFile(schema));
                }
                writer.WriteEndObject();
            }
            if (layers.Count > 0)
            {
                writer.WriteStartArray("layers");
                layers.ForEach(l => WriteLayer(writer, l.Row));
                writer.WriteEndArray();
            }
            writer.WriteEndObject();
        }
        return buffer.ToArray();
    }

    private static void WriteLayer(Utf8JsonWriter writer, ConfigurationLayerRow layer)
    {
        writer.WriteStartObject();
        writer.WriteString("layer", layer.Id);
        writer.WritePropertyName("content");
        writer.WriteRawValue(layer.Content);
        if (layer.Why is { Length: > 0 } why)
            writer.WriteString("why", why);
        writer.WriteEndObject();
    }
}
